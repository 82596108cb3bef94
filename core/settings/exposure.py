"""Where a stack shows its hosts' addresses: who knows them goes round the edge, and no rule of it helps.

What is looked at: records that are not proxied, the names that they and the mail's machines lead to through aliases
within the zone, hints, texts, and the networks of SPF. A name outside of the zone is not looked up.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Iterator

from core.settings.dns import Dns
from core.settings.email import Email
from core.settings.finding import Finding
from core.settings.hosts import Fleet
from core.settings.names import ROOT, full_name, target_name
from core.settings.records import AliasRecord, HttpsRecord, IPv4Record, IPv6Record, Record, ServiceRecord, TextRecord
from core.settings.zone import Zone

_LONGEST_CHAIN = 16
_SPF_MECHANISM = re.compile(r"\bip[46]:", re.IGNORECASE)
_BETWEEN_WORDS = re.compile(r"[^0-9A-Fa-f.:/]+")
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


def exposed(zone: Zone, dns: Dns, email: Email, fleet: Fleet) -> Iterator[Finding]:
    """A finding for each place that shows a host's address and does not say ``shows_origin``."""
    shown = _Shown(zone.name, dns, fleet)
    for index, record in enumerate(dns.records):
        if (host := shown.by_record(record)) and not getattr(record, "shows_origin", False):
            yield Finding(("dns", "records", index), _reason(host, _WAYS.get(record.type, "lead it elsewhere")))
    for index, exchanger in enumerate(email.mx):
        if (host := shown.by_name(exchanger.host)) and not exchanger.shows_origin:
            yield Finding(("email", "mx", index), _reason(host, "receive mail at another address"))
    for index, sender in enumerate(email.senders):
        host = shown.in_networks([sender.network] if sender.network else []) or shown.by_name(sender.a or ROOT)
        if host and not sender.shows_origin:
            yield Finding(("email", "senders", index), _reason(host, "send mail from another address"))


_WAYS = {
    "A": "proxy the record, give the service another address",
    "AAAA": "proxy the record, give the service another address",
    "TXT": "take it out of the text",
}


def _reason(host: str, way: str) -> str:
    return (
        f"this shows the address of the host {host}, and who knows it goes round the edge: {way}, or accept it with "
        "shows_origin: true"
    )


class _Shown:
    """The hosts that can be learned from names and values; each method gives a host's name, or None."""

    def __init__(self, zone: str, dns: Dns, fleet: Fleet) -> None:
        self._zone = zone
        self._hosts = {ipaddress.ip_address(host.address): host.name for host in fleet.hosts}
        self._records: dict[str, list[Record]] = {}
        for record in dns.records:
            self._records.setdefault(full_name(record.name, zone), []).append(record)

    def by_record(self, record: Record) -> str | None:
        """What one record shows, and what it leads to."""
        match record:
            case IPv4Record() | IPv6Record():
                return None if record.proxied else self.in_networks([record.content])
            case AliasRecord():
                return None if record.proxied else self.by_name(record.content)
            case TextRecord():
                return self.in_networks(_words(record.content))
            case ServiceRecord():
                return self.by_name(record.target)
            case HttpsRecord():
                return self.in_networks([*record.ipv4_hints, *record.ipv6_hints]) or self.by_name(record.target)
            case _:
                return None

    def by_name(self, target: str) -> str | None:
        """What a name shows: its records that are not proxied, through aliases, or those of a wildcard over it."""
        name = target_name(target, self._zone)
        for _ in range(_LONGEST_CHAIN):
            alias = None
            for record in self._at(name):
                if isinstance(record, IPv4Record | IPv6Record) and (host := self.by_record(record)):
                    return host
                if isinstance(record, AliasRecord) and not record.proxied:
                    alias = record
            if alias is None:
                return None
            name = target_name(alias.content, self._zone)
        return None

    def in_networks(self, texts: Iterable[str]) -> str | None:
        """The first host in any of these addresses and networks; what is neither is passed over."""
        for network in [found for found in map(_network, texts) if found]:
            for address, host in self._hosts.items():
                if address.version == network.version and address in network:
                    return host
        return None

    def _at(self, name: str) -> list[Record]:
        """RFC 4592: a wildcard answers for names that have no record of their own, at any depth."""
        if name in self._records:
            return self._records[name]
        parents = name.split(".")
        wildcards = (".".join(["*", *parents[start:]]) for start in range(1, len(parents)))
        return next((self._records[wildcard] for wildcard in wildcards if wildcard in self._records), [])


def _words(text: str) -> Iterator[str]:
    """What may be an address or a network in a text, SPF's ``ip4:`` and ``ip6:`` (RFC 7208 §5.6) before it or not."""
    for word in _BETWEEN_WORDS.split(_SPF_MECHANISM.sub(" ", text)):
        if "." in word or ":" in word:
            yield from {word, word.rstrip(".:/")}


def _network(text: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network | None:
    """A network, or one address as one; an IPv4 address that is carried in an IPv6 one is taken out of it."""
    try:
        network = ipaddress.ip_network(text, strict=False)
    except ValueError:
        return None
    if network.version == 4 or network.num_addresses > 1:
        return network
    address = network.network_address
    carried = address.ipv4_mapped or address.sixtofour
    if address in _NAT64:
        carried = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return ipaddress.IPv4Network(carried) if carried else network
