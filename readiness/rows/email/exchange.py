"""The machines that receive mail, and the names of those that send it."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator

from core.settings.email import Email
from core.settings.names import target_name
from readiness.check import Result, Table, beside_the_point, held, unknown
from readiness.rows.email.checks import MX, REVERSE
from readiness.rows.email.names import Names, judged
from readiness.rows.email.receives import exchangers
from readiness.target import Target

_MOST_MACHINES = 20


def exchange(target: Target) -> Iterator[Result]:
    """Both."""
    names, email, zone = Names(target.resolver), target.settings.email, target.settings.zone.name
    yield judged(MX, names, lambda: _exchangers(names, email, zone, target.settings.readiness.site))
    yield judged(REVERSE, names, lambda: _reverse(names, email, zone))


def _exchangers(names: Names, email: Email, zone: str, site: str) -> Result:
    found = exchangers(names, zone)
    live = {(one.host or ".", one.preference) for one in found}
    declared = {(target_name(one.host, zone), one.priority) for one in email.mx} or (
        {(".", 0)} if email.silent else set()
    )
    wrong = [f"{host} ({preference}) is not declared" for host, preference in sorted(live - declared)]
    wrong += [f"{host} ({preference}) is declared and not in DNS" for host, preference in sorted(declared - live)]
    edge = set(names.addresses(target_name(site, zone)))
    for one in found:
        wrong += [f"{one.host}: {each}" for each in _machine(names, one.host, edge)] if one.host else []
    if any(not one.host for one in found) and len(found) > 1:
        wrong.append("a null MX stands beside others")
    summary = f"{len(found)} of {len(declared)} machines as declared, each with an address"
    return held(MX, wrong, "no mail is received, and a null MX says so" if email.silent else summary, names.said())


def _machine(names: Names, host: str, edge: set[str]) -> Iterator[str]:
    if names.find(host, "A").chain:
        yield "it is a CNAME"
    addresses = names.addresses(host)
    if not addresses:
        yield "it has no address"
    if proxied := edge & set(addresses):
        yield f"it has the address of the web's edge ({', '.join(sorted(proxied))}), which takes no mail"
    for address in addresses:
        if ipaddress.ip_address(address).is_loopback and address not in edge:
            yield f"{address} is nobody else's way to it"


def _reverse(names: Names, email: Email, zone: str) -> Result:
    machines = dict(_sending(names, email, zone))
    if not machines:
        return beside_the_point(REVERSE, "no machine of the stack's own is declared to send mail", names.said())
    wrong, silent, rows = [], [], []
    for address, whose in list(machines.items())[:_MOST_MACHINES]:
        found = names.find(ipaddress.ip_address(address).reverse_pointer, "PTR")
        if found.status not in ("NOERROR", "NXDOMAIN"):
            silent.append(f"{address} ({found.status})")
            continue
        back = [name for name in found.records if address in names.addresses(name)]
        if not back:
            led = f"its names lead elsewhere: {', '.join(found.records)}" if found.records else "it has no PTR record"
            wrong.append(f"{address} ({whose}): {led}")
        rows.append((address, whose, ", ".join(found.records), ", ".join(back)))
    table = Table("Reverse DNS", ("address", "whose", "its names", "of these, that lead back"), tuple(rows))
    if silent and not wrong:
        why = f"nobody answers for {', '.join(silent)}: have the provider of the address serve its reverse zone"
        return unknown(REVERSE, why, table, names.said())
    return held(REVERSE, wrong, f"{len(rows)} of {len(rows)} machines have a name that leads back", table, names.said())


def _sending(names: Names, email: Email, zone: str) -> Iterator[tuple[str, str]]:
    """The machines of one's own that send: of networks, those of one address."""
    for sender in email.senders:
        if sender.network and ipaddress.ip_network(sender.network).num_addresses == 1:
            yield sender.network, sender.name
        hosts = [target_name(one.host, zone) for one in email.mx] if sender.mx else []
        hosts += [target_name(sender.a, zone)] if sender.a else []
        for host in hosts:
            for address in names.addresses(host):
                yield address, sender.name
