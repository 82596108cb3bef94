"""The SPF record of the zone: as declared, and evaluated as a receiver does for those who may send and for others."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from dataclasses import dataclass

from core import mail
from core.errors import CheckError
from core.settings.email import Email, Sender
from core.settings.names import target_name
from readiness.check import Result, Table, held
from readiness.rows.email.checks import SPF_LIMITS, SPF_RECORD, SPF_SENDERS
from readiness.rows.email.names import Names, judged
from readiness.rows.email.spf_query import MOST_LOOKUPS, MOST_VOID, Evaluated, evaluate
from readiness.target import Target

VERSION = "v=spf1"
# Of networks that route nowhere (RFC 2544, RFC 3849): nobody's senders.
_STRANGERS = ("198.18.0.25", "2001:db8:ffff::25")
_MOST_SENDERS = 20


def spf(target: Target) -> Iterator[Result]:
    """The record, its limits, and whom it lets in."""
    names, email, zone = Names(target.resolver), target.settings.email, target.settings.zone.name
    yield judged(SPF_RECORD, names, lambda: _record(names, email, zone))
    yield judged(SPF_LIMITS, names, lambda: _limits(names, zone))
    yield judged(SPF_SENDERS, names, lambda: _senders(names, email, zone))


def _record(names: Names, email: Email, zone: str) -> Result:
    found, declared = names.texts(zone, VERSION), mail.spf(email, zone)
    wrong = []
    if len(found) != 1:
        wrong.append(f"{zone} has {len(found) or 'no'} SPF record{'s' * (len(found) != 1)}, and one counts")
    elif _terms(found[0]) != _terms(declared):
        wrong.append(f"{zone} has {found[0]!r}, and {declared!r} is declared")
    return held(SPF_RECORD, wrong, f"1 record of {len(declared)} bytes, as declared", names.said())


def _limits(names: Names, zone: str) -> Result:
    tried = {address: _evaluated(names, address, zone) for address in _STRANGERS}
    wrong = [f"for {address}: {told.why}" for address, told in tried.items() if told.why]
    wrong += [
        f"for {address}: there is no record to evaluate" for address, told in tried.items() if told.result == "none"
    ]
    most, void = max(told.lookups for told in tried.values()), max(told.void for told in tried.values())
    if most > MOST_LOOKUPS:
        wrong.append(f"it takes {most} lookups, and {MOST_LOOKUPS} are allowed")
    summary = f"{most} of {MOST_LOOKUPS} lookups, {void} of {MOST_VOID} in vain"
    return held(SPF_LIMITS, wrong, summary, _table(tried), names.said())


@dataclass(frozen=True)
class _Allowed:
    name: str
    address: str


def _senders(names: Names, email: Email, zone: str) -> Result:
    allowed = [_Allowed(one.name, address) for one in email.senders for address in _addresses(names, one, email, zone)]
    inside = {
        f"{each.address} ({each.name})": _evaluated(names, each.address, zone) for each in allowed[:_MOST_SENDERS]
    }
    outside = {f"{address} (nobody's)": _evaluated(names, address, zone) for address in _STRANGERS}
    wanted = "fail" if email.others == "fail" else "softfail"
    wrong = [f"{who} may not send: {told.result}" for who, told in inside.items() if told.result != "pass"]
    wrong += [f"{who} is told {told.result}, not {wanted}" for who, told in outside.items() if told.result != wanted]
    summary = f"{len(inside)} addresses of {len(email.senders)} senders pass, {len(outside)} strangers {wanted}"
    return held(SPF_SENDERS, wrong, summary, _table({**inside, **outside}), names.said())


def _addresses(names: Names, sender: Sender, email: Email, zone: str) -> tuple[str, ...]:
    """Addresses that must pass. What an include lets in is its service's own business: none of it."""
    if sender.network:
        network = ipaddress.ip_network(sender.network)
        return tuple(dict.fromkeys((str(network[0]), str(network[-1]))))
    machines = [target_name(one.host, zone) for one in email.mx] if sender.mx else [target_name(sender.a or "@", zone)]
    return () if sender.include else tuple(address for machine in machines for address in names.addresses(machine))


def _evaluated(names: Names, address: str, zone: str) -> Evaluated:
    told = evaluate(names, address, f"postmaster@{zone}", zone)
    if told.result == "temperror":
        raise CheckError(f"SPF cannot be evaluated for {address} ({told.why}): see to the name servers that it asks")
    return told


def _terms(record: str) -> list[str]:
    """The record's terms in order, their case aside (RFC 7208 §4.6.1)."""
    return record.lower().split()


def _table(tried: dict[str, Evaluated]) -> Table:
    rows = tuple(
        (who, told.result, told.mechanism, str(told.lookups), str(told.void), told.why) for who, told in tried.items()
    )
    return Table("SPF evaluated", ("who", "result", "matched", "lookups", "in vain", "why"), rows)
