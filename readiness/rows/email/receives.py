"""Where a domain's mail goes (RFC 5321 §5.1, RFC 7505)."""

from __future__ import annotations

from dataclasses import dataclass

from readiness.rows.email.names import Names


@dataclass(frozen=True, order=True)
class Exchanger:
    """A machine that receives mail; the lowest ``preference`` is tried first. ``host`` "" refuses all mail."""

    preference: int
    host: str


def exchangers(names: Names, domain: str) -> list[Exchanger]:
    """The MX records. Raises :class:`core.errors.CheckError` where DNS did not say."""
    found = []
    for record in names.records(domain, "MX"):
        preference, _, host = record.partition(" ")
        found.append(Exchanger(int(preference) if preference.isdecimal() else 0, host.strip().rstrip(".").lower()))
    return sorted(found)


def receives(names: Names, domain: str) -> str:
    """Why ``domain`` receives no mail; "" where it does, as far as DNS tells. Raises :class:`CheckError`."""
    found = exchangers(names, domain)
    if any(not one.host for one in found):
        return f"{domain} takes no mail (null MX)"
    # Without an MX record, mail goes to the domain's own address.
    machines = [one.host for one in found] or [domain]
    if not any(names.addresses(machine) for machine in machines):
        return f"{domain} has no machine with an address that receives mail"
    return ""
