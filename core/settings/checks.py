"""What must hold between the sections of a stack. Each check yields every finding, not the first alone."""

from __future__ import annotations

from collections.abc import Iterator

from core.settings.dns import Dns
from core.settings.email import Email
from core.settings.exposure import exposed
from core.settings.finding import Finding as Finding
from core.settings.hosts import Fleet
from core.settings.names import APEX, full_name, inside, target_name
from core.settings.other_zones import OtherZones, RedirectZone
from core.settings.records import AddressRecord, AliasRecord, TextRecord
from core.settings.yaml_tree import Place
from core.settings.zone import Zone


def check(zone: Zone, dns: Dns, email: Email, fleet: Fleet) -> list[Finding]:
    """Everything that is wrong between these sections."""
    return [
        *_names(zone, dns),
        *exposed(zone, dns, email, fleet),
        *_mail_names(zone, dns, email),
        *_mail_records_elsewhere(dns, email),
    ]


def beside(others: OtherZones, zone: Zone, dns: Dns) -> Iterator[Finding]:
    """Other zones that are not beside the platform's own, or lead to a name that it does not have."""
    for index, other in enumerate(others.zones):
        place: Place = ("other_zones", "zones", index)
        if inside(other.name, zone.name) or inside(zone.name, other.name):
            yield Finding((*place, "name"), f"{other.name} and {zone.name}, the stack's own zone, are one in the other")
        if isinstance(other, RedirectZone) and other.to not in dns.web:
            names = ", ".join(dns.web)
            yield Finding((*place, "to"), f"{other.to} is none of the names in dns.web: they are {names}")


def _names(zone: Zone, dns: Dns) -> Iterator[Finding]:
    """Names that are not relative, too long, or that two parts of the section want for themselves."""
    places: list[tuple[Place, str]] = [(("dns", "web", index), name) for index, name in enumerate(dns.web)]
    places += [(("dns", "records", index, "name"), record.name) for index, record in enumerate(dns.records)]
    for place, name in places:
        if inside(name, zone.name):
            short = name.removesuffix(zone.name).removesuffix(".") or APEX
            yield Finding(place, f"names are relative to {zone.name}: write {short}")
        elif len(full_name(name, zone.name)) > 253:
            yield Finding(place, f"the name with {zone.name} is over 253 characters")
    for index, record in enumerate(dns.records):
        if isinstance(record, AddressRecord) and record.name in dns.web:
            yield Finding(("dns", "records", index), f"{record.name} is in dns.web, and leads to the hosts alone")


def _mail_names(zone: Zone, dns: Dns, email: Email) -> Iterator[Finding]:
    for index, exchanger in enumerate(email.mx):
        yield from _mail_host(("email", "mx", index, "host"), target_name(exchanger.host, zone.name), zone, dns)
    for index, sender in enumerate(email.senders):
        target = target_name(sender.a, zone.name) if sender.a else ""
        if target and inside(target, zone.name) and not _leads_to_addresses(target, zone, dns):
            yield Finding(("email", "senders", index, "a"), f"{target} has no address record in launch-ready:dns")


def _mail_host(place: Place, target: str, zone: Zone, dns: Dns) -> Iterator[Finding]:
    """RFC 5321 §5.1 and RFC 2181 §10.3: an exchanger's name has addresses, and is no alias."""
    if not inside(target, zone.name):
        return
    records = [record for record in dns.records if full_name(record.name, zone.name) == target]
    if any(isinstance(record, AliasRecord) for record in records):
        yield Finding(place, f"{target} is a CNAME, and the target of an MX must not be one (RFC 2181 §10.3)")
    elif not _leads_to_addresses(target, zone, dns):
        yield Finding(place, f"{target} has no address record: add one to launch-ready:dns, not proxied")
    elif not any(isinstance(record, AddressRecord) and not record.proxied for record in records):
        yield Finding(place, f"{target} is proxied, and the edge does not pass mail on: give it a record that is not")


def _leads_to_addresses(target: str, zone: Zone, dns: Dns) -> bool:
    named = [record.name for record in dns.records if isinstance(record, AddressRecord)]
    return target in {full_name(name, zone.name) for name in (*named, *dns.web)}


def _mail_records_elsewhere(dns: Dns, email: Email) -> Iterator[Finding]:
    """Two SPF or DMARC records at one name are as bad as none (RFC 7208 §4.5), and so are two of the others."""
    made = {f"{selector.selector}._domainkey" for selector in email.dkim}
    made |= {"mta-sts", "_mta-sts"} if email.mta_sts else set()
    made |= {"_smtp._tls"} if email.tls_reports else set()
    for index, record in enumerate(dns.records):
        is_text = isinstance(record, TextRecord) and record.content.lower().startswith(("v=spf1", "v=dmarc1"))
        if is_text and record.name in (APEX, "_dmarc"):
            yield Finding(("dns", "records", index), "the zone's SPF and DMARC are made from launch-ready:email")
        if record.name in made:
            yield Finding(("dns", "records", index), f"{record.name} is made from launch-ready:email: take it out here")
    for index, name in enumerate(dns.web):
        if name in made:
            yield Finding(("dns", "web", index), f"{name} is made from launch-ready:email: take it out here")


def lost_reports(email: Email, others: OtherZones) -> Iterator[Finding]:
    """Reports that go to a domain which says that it takes no mail (RFC 7505)."""
    silent = {zone.name for zone in others.zones}
    for key, addresses in (("reports", email.dmarc.reports), ("failure_reports", email.dmarc.failure_reports)):
        for index, address in enumerate(addresses):
            if (domain := address.rpartition("@")[2].lower()) in silent:
                yield Finding(("email", "dmarc", key, index), f"{domain} is one of other_zones, which receive no mail")
