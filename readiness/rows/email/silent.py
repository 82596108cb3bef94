"""Zones without mail: each must refuse what is sent to it and disown what is sent as it."""

from __future__ import annotations

import secrets
from collections.abc import Iterator

from readiness.check import Result, Table, beside_the_point, held
from readiness.rows.email.checks import SILENT
from readiness.rows.email.dkim_key import tags_of
from readiness.rows.email.dmarc_record import Record, published
from readiness.rows.email.names import Names, judged
from readiness.rows.email.receives import exchangers
from readiness.target import Target


def silent(target: Target) -> Iterator[Result]:
    """Each zone of ``launch-ready:other_zones``, and the main one where it has no mail."""
    names, settings = Names(target.resolver), target.settings
    zones = [zone.name for zone in settings.other_zones.zones]
    zones += [settings.zone.name] if settings.email.silent else []
    yield judged(SILENT, names, lambda: _all(names, zones))


def _all(names: Names, zones: list[str]) -> Result:
    if not zones:
        return beside_the_point(SILENT, "the stack has no zone without mail")
    told = {zone: list(_one(names, zone)) for zone in zones}
    wrong = [f"{zone}: {each}" for zone, faults in told.items() for each in faults]
    rows = tuple((zone, "; ".join(faults) or "refuses and disowns mail") for zone, faults in told.items())
    summary = f"{len(zones)} of {len(zones)} zones refuse mail and disown what is sent as them"
    return held(SILENT, wrong, summary, Table("Zones without mail", ("zone", "is it so"), rows), names.said())


def _one(names: Names, zone: str) -> Iterator[str]:
    machines = exchangers(names, zone)
    if [(one.preference, one.host) for one in machines] != [(0, "")]:
        named = ", ".join(one.host or "." for one in machines)
        yield f"MX is {named}, not the null one" if machines else "it has no null MX"
    spf = names.texts(zone, "v=spf1")
    if [" ".join(text.lower().split()) for text in spf] != ["v=spf1 -all"]:
        yield f"SPF is {', '.join(spf) or 'missing'}, not v=spf1 -all"
    yield from _dmarc(names, zone)
    # A name that nobody made: a wildcard answers for it.
    key = names.records(f"check-{secrets.token_hex(4)}._domainkey.{zone}", "TXT")
    if [text.replace(" ", "").rstrip(";") for text in key] != ["v=DKIM1;p="]:
        yield "an empty key does not stand under every selector"


def _dmarc(names: Names, zone: str) -> Iterator[str]:
    found = published(names, zone)
    try:
        record = Record(zone, tags_of(found[0])) if len(found) == 1 else None
    except ValueError:
        record = None
    if record is None:
        yield "it has no DMARC record that can be read" if len(found) < 2 else "it has several DMARC records"
    elif weak := [f"{tag}={record.policy(tag)}" for tag in ("p", "sp", "np") if record.policy(tag) != "reject"]:
        yield f"DMARC does not reject: {', '.join(weak)}"
    elif record.tags.get("t", "n").lower() == "y":
        yield "DMARC is only a trial (t=y)"
