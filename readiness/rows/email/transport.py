"""How others deliver mail here: MTA-STS and the reports of it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from core import mail
from core.settings.email import Email
from core.settings.names import inside
from core.site import Reply
from readiness.check import Result, Said, Table, beside_the_point, failed, held
from readiness.rows.email.checks import MTA_STS, TLS_RPT
from readiness.rows.email.dkim_key import tags_of
from readiness.rows.email.names import Names, judged
from readiness.rows.email.receives import exchangers, receives
from readiness.target import Target

_ID = re.compile(r"[A-Za-z0-9]{1,32}")
_DAY, _YEAR = 86_400, 31_557_600
_MOST_BYTES = 64 * 1024
"""RFC 8461 §3.3 suggests to read no more of a policy."""


@dataclass(frozen=True)
class Policy:
    """A policy file (RFC 8461 §3.2), as it is: ``fields`` by name, ``mx`` its patterns."""

    fields: dict[str, str]
    mx: tuple[str, ...]


def transport(target: Target) -> Iterator[Result]:
    """Both."""
    names, email, zone = Names(target.resolver), target.settings.email, target.settings.zone.name
    yield judged(MTA_STS, names, lambda: _mta_sts(target, names, email, zone))
    yield judged(TLS_RPT, names, lambda: _tls_rpt(names, email, zone))


def _mta_sts(target: Target, names: Names, email: Email, zone: str) -> Result:
    if email.silent:
        return beside_the_point(MTA_STS, f"{zone} receives no mail", names.said())
    record = names.texts(f"_mta-sts.{zone}", "v=STSv1")
    url = f"https://{mail.STS_HOST}.{zone}{mail.STS_PATH}"
    reply = target.visitor().ask("GET", url)
    wrong = [] if email.mta_sts else ["it is not declared"]
    wrong += [*_record(record, email, zone), *_served(reply)]
    policy = parse(reply.text[:_MOST_BYTES])
    if reply.status == 200:
        wrong += [*_policy(policy, email, zone), *_fit(policy, [one.host for one in exchangers(names, zone)])]
    table = Table("The policy", ("field", "value"), (*policy.fields.items(), *(("mx", each) for each in policy.mx)))
    summary = f"mode {policy.fields.get('mode')}, {len(policy.mx)} machines, the same as in DNS"
    return held(MTA_STS, wrong, summary, table, _answered(url, reply), names.said())


def parse(text: str) -> Policy:
    """Read what is there; a line that is none is a field of its own, with no value."""
    fields: dict[str, str] = {}
    patterns = []
    for line in text.splitlines():
        name, _, value = line.partition(":")
        if name.strip() == "mx":
            patterns.append(value.strip().lower())
        elif line.strip():
            fields.setdefault(name.strip(), value.strip())
    return Policy(fields, tuple(patterns))


def fits(pattern: str, host: str) -> bool:
    """Whether a machine is one that ``pattern`` means: ``*`` stands for one label (RFC 8461 §4.1)."""
    return host.partition(".")[2] == pattern[2:] if pattern.startswith("*.") else host == pattern


def _record(found: list[str], email: Email, zone: str) -> Iterator[str]:
    if len(found) != 1:
        yield f"_mta-sts.{zone} has {len(found) or 'no'} record{'s' * (len(found) != 1)}, and one counts"
        return
    try:
        id_ = tags_of(found[0]).get("id", "")
    except ValueError as error:
        yield f"_mta-sts.{zone} cannot be read: {error}"
        return
    if not _ID.fullmatch(id_):
        yield f"its id {id_!r} is not 1 to 32 letters and digits"
    elif email.mta_sts and found[0] != mail.sts_record(email, zone):
        yield f"its id is {id_}, and that of the declared policy is another: senders keep the policy that they know"


def _served(reply: Reply) -> Iterator[str]:
    if reply.status != 200:
        got = f"answered with {reply.status}" if reply.status else f"not answered ({reply.reason})"
        yield f"the policy is {got}; no redirect is followed (RFC 8461 §3.3)"
    elif not reply.header("Content-Type").lower().startswith("text/plain"):
        yield f"the policy is served as {reply.header('Content-Type') or 'nothing'}, not text/plain"


def _policy(policy: Policy, email: Email, zone: str) -> Iterator[str]:
    fields = policy.fields
    if fields.get("version") != "STSv1":
        yield "the policy has no version: STSv1"
    if (mode := fields.get("mode", "")) != "enforce":
        yield f"mode is {mode or 'missing'}: only enforce keeps mail from being delivered otherwise"
    age = fields.get("max_age", "")
    if not age.isdecimal() or not _DAY <= int(age[:9]) <= _YEAR:
        yield f"max_age is {age or 'missing'}, and it goes from a day ({_DAY}) to a year ({_YEAR})"
    if email.mta_sts and policy != parse(mail.sts_policy(email, zone)):
        yield "another policy is served than is declared: `invoke hosts.prepare`"


def _fit(policy: Policy, hosts: list[str]) -> Iterator[str]:
    for host in hosts:
        if not any(fits(pattern, host) for pattern in policy.mx):
            yield f"{host} is in DNS and not in the policy: senders that hold to it deliver nothing there"
    for pattern in policy.mx:
        if not any(fits(pattern, host) for host in hosts):
            yield f"{pattern} is in the policy, and no machine in DNS"


def _tls_rpt(names: Names, email: Email, zone: str) -> Result:
    if email.silent:
        return beside_the_point(TLS_RPT, f"{zone} receives no mail", names.said())
    found = names.texts(f"_smtp._tls.{zone}", "v=TLSRPTv1")
    if len(found) != 1:
        what = f"has {len(found)} records, and one counts" if found else "has no record"
        return failed(TLS_RPT, f"_smtp._tls.{zone} {what}", names.said())
    declared = mail.tls_reports(email) if email.tls_reports else "nothing"
    wrong = [] if found[0] == declared else [f"it is {found[0]!r}, and {declared!r} is declared"]
    addresses = found[0].partition("rua=")[2].split(";")[0].split(",")
    for address in (each.strip() for each in addresses):
        wrong += [f"{address or 'rua'}: {why}" for why in _reached(names, address, zone)]
    return held(TLS_RPT, wrong, f"{len(addresses)} of {len(addresses)} addresses are good", names.said())


def _reached(names: Names, address: str, zone: str) -> Iterator[str]:
    if address.startswith("mailto:"):
        domain = address.rpartition("@")[2].lower()
        # What the zone itself receives is asked by another check.
        if not inside(domain, zone) and (why := receives(names, domain)):
            yield why
    elif not address.startswith("https://"):
        yield "it is neither a mailto: nor an https: address"


def _answered(url: str, reply: Reply) -> Said:
    status = str(reply.status) if reply.status else f"no answer ({reply.reason})"
    kind = reply.header("Content-Type")
    return Said("The policy as served", f"GET {url}\n{status}\nContent-Type: {kind}\n\n{reply.text[:1000]}")
