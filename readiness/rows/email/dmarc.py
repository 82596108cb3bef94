"""The DMARC record of the zone: what it asks for, and who gets its reports."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from core import mail
from core.errors import CheckError
from core.settings.names import inside
from readiness.check import Result, Said, Table, failed, held
from readiness.rows.email.checks import DMARC_POLICY, DMARC_REPORTS
from readiness.rows.email.dkim_key import tags_of
from readiness.rows.email.dmarc_record import POLICIES, Record, published, walk
from readiness.rows.email.names import Names, judged
from readiness.rows.email.receives import receives
from readiness.target import Target

_KNOWN = {"v", "p", "sp", "np", "psd", "t", "adkim", "aspf", "fo", "rua", "ruf"}
_DROPPED = {"pct", "rf", "ri"}
"""RFC 9989 took these out; receivers of RFC 7489 still go by them."""


def dmarc(target: Target) -> Iterator[Result]:
    """The policy and the addresses."""
    names, zone = Names(target.resolver), target.settings.zone.name
    declared = tags_of(mail.dmarc(target.settings.email.dmarc))
    yield judged(DMARC_POLICY, names, lambda: _policy(names, zone, declared))
    others = target.settings.email.reports_from
    yield judged(DMARC_REPORTS, names, lambda: _reports(names, zone, others))


def _policy(names: Names, zone: str, declared: dict[str, str]) -> Result:
    found = published(names, zone)
    if len(found) != 1:
        what = f"has {len(found)} DMARC records, so none counts" if found else "has no DMARC record"
        return failed(DMARC_POLICY, f"_dmarc.{zone} {what}", names.said())
    try:
        record = Record(zone, tags_of(found[0]))
    except ValueError as error:
        return failed(DMARC_POLICY, f"_dmarc.{zone} cannot be read: {error}", names.said())
    wrong = [*_weak(record), *_unlike(record, declared)]
    summary = f"p={record.policy('p')}, sp={record.policy('sp')}, np={record.policy('np')}, as declared"
    return held(DMARC_POLICY, wrong, summary, _walked(names, zone), names.said())


def _weak(record: Record) -> Iterator[str]:
    for tag, whom in (("p", "the zone"), ("sp", "names under it"), ("np", "names that are not there")):
        policy = record.policy(tag)
        if policy not in POLICIES:
            yield f"{tag}={policy or '?'} is no policy for {whom}"
        elif policy == "none":
            yield f"it asks for nothing for {whom} (none)"
    if record.tags.get("t", "n").lower() == "y":
        yield "it is only a trial (t=y): receivers apply the next weaker policy"
    if (share := record.tags.get("pct", "100")) != "100":
        yield f"pct={share}: receivers that know RFC 7489 apply it to a part of the mail"


def _unlike(record: Record, declared: dict[str, str]) -> Iterator[str]:
    for tag in sorted((record.tags.keys() | declared.keys()) & (_KNOWN | _DROPPED)):
        live, wanted = record.tags.get(tag, "nothing"), declared.get(tag, "nothing")
        if live.lower() != wanted.lower():
            yield f"{tag} is {live}, and {wanted} is declared"
    for tag in sorted(record.tags.keys() - _KNOWN - _DROPPED):
        yield f"no receiver knows the tag {tag}"


def _walked(names: Names, zone: str) -> Said:
    seen = walk(names, zone)
    silent = f"; no answer for {', '.join(seen.silent)}" if seen.silent else ""
    met = ", ".join(record.domain for record in seen.records) or "none"
    return Said("Tree walk (RFC 9989)", f"records at {met}; organizational domain {seen.organizational}{silent}")


def _reports(names: Names, zone: str, others: Sequence[str]) -> Result:
    record = walk(names, zone).record
    if record is None:
        return failed(DMARC_REPORTS, f"{zone} has no DMARC record, so nobody reports", names.said())
    addresses = record.report_domains()
    wrong = [] if record.tags.get("rua") else ["it names no address for aggregate reports (rua)"]
    wrong += [
        f"{zone} does not say that it takes the reports of {other}, as is declared"
        for other in others
        if not names.texts(mail.report_name(other, zone), "v=DMARC1")
    ]
    rows = []
    for address, domain in addresses.items():
        said = list(_destination(names, record.domain, domain))
        wrong += [f"{address}: {each}" for each in said]
        rows.append((address, "; ".join(said) or "may have them, and receives mail"))
    table = Table("Report addresses", ("address", "is it good"), tuple(rows))
    return held(DMARC_REPORTS, wrong, f"{len(addresses)} of {len(addresses)} addresses are good", table, names.said())


def _destination(names: Names, zone: str, domain: str) -> Iterator[str]:
    if not domain:
        yield "it is no mailto: address"
        return
    own = walk(names, zone).organizational
    if not inside(domain, own) and not names.texts(mail.report_name(zone, domain), "v=DMARC1"):
        yield f"{domain} does not say that it takes reports of {zone} ({mail.report_name(zone, domain)})"
    try:
        if why := receives(names, domain):
            yield why
    except CheckError as error:
        raise CheckError(f"whether {domain} receives mail is not known: {error}") from None
