"""Canary secrets go through the platform, and must be in no log, no error event and no alert."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping, Sequence

from core.errors import CheckError
from core.site import Arrival, Arrivals
from readiness.check import Evidence, Result, Said, Table, failed, passed, unknown
from readiness.rows.monitoring import checks
from readiness.rows.monitoring.canaries import Canary, make, spellings
from readiness.rows.monitoring.logs import Read, read_all, why_not_told
from readiness.rows.monitoring.sending import Sent, send
from readiness.target import Target

_CLOCKS_APART = 5
"""Seconds that a host's clock may be before ours."""
_MOST_SHOWN = 6


def redaction(target: Target) -> Iterator[Result]:
    """Send them, then look everywhere."""
    canaries = {canary.kind: canary for canary in make()}
    for canary in canaries.values():
        target.redactor.learn(canary.value, *canary.cores)
    # Short: a log that cuts what looks like a token must show this.
    marker = f"check-{secrets.token_hex(3)}"
    begun = int(target.clock.now().timestamp()) - _CLOCKS_APART
    before = _places(target)
    seen = {name: [one.id for one in found.wait("/", seconds=0)] for name, found in before.items()}
    sent = send(target, canaries, marker)
    yield _logs(target, canaries, sent, marker, begun)
    yield _arrived(before, seen, canaries, sent)


def _places(target: Target) -> dict[str, Arrivals]:
    there = {"the error tracker": target.errors, "the alerts": target.alerts}
    return {name: found for name, found in there.items() if found is not None}


def _logs(target: Target, canaries: Mapping[str, Canary], sent: Sent, marker: str, begun: int) -> Result:
    if not target.shells:
        return unknown(checks.LOGS, "no host's log can be read: the stack has no hosts (launch-ready:hosts)")
    patterns = sorted({each for canary in canaries.values() for each in spellings(canary)})
    hosts = read_all(target.shells, patterns, marker, begun)
    sizes = tuple((read.host, place, str(lines)) for read in hosts for place, lines in read.sizes.items())
    table = Table("Logs that were read", ("host", "log", "lines"), sizes)
    where = Table("What was sent, and where in it the secrets were", ("place", "request", "status"), sent.answers)
    skipped = [f"{read.host}: {name}" for read in hosts for name in read.unreadable]
    evidence: list[Evidence] = [table, where]
    if skipped:
        evidence.append(Said("Not readable by the releaser's user", "\n".join(skipped)))
    leaks = [(read.host, place, line) for read in hosts for place, line in read.hits]
    if leaks:
        return _leaked(canaries, leaks, evidence)
    dark = [f"{read.host}: {why}" for read in hosts if (why := why_not_told(read))]
    dark += [f"no host's log shows the request with {marker}"] if not _any_marker(hosts) and not dark else []
    if dark:
        return unknown(checks.LOGS, "; ".join(dark), *evidence)
    lines = sum(int(each[2]) for each in sizes)
    summary = (
        f"{len(canaries)} secrets in {len(sent.answers)} requests, {len(patterns)} spellings: in none of {lines} lines "
        f"of {len(sizes)} logs on {len(hosts)} hosts, which do show what was written to be found"
    )
    return passed(checks.LOGS, summary, *evidence)


def _any_marker(hosts: Sequence[Read]) -> bool:
    return any("/nginx/" in place for read in hosts for place in read.markers)


def _leaked(
    canaries: Mapping[str, Canary], leaks: Sequence[tuple[str, str, str]], evidence: Sequence[Evidence]
) -> Result:
    kinds: dict[str, set[str]] = {}
    for host, place, line in leaks:
        for kind in _kinds_in(line, canaries):
            kinds.setdefault(kind, set()).add(f"{place} on {host}")
    told = "; ".join(f"{kind} in {', '.join(sorted(places))}" for kind, places in sorted(kinds.items()))
    shown = "\n".join(f"{host} {place}: {_struck(line, canaries)}" for host, place, line in leaks[:_MOST_SHOWN])
    return failed(checks.LOGS, told, Said("Log lines that hold one", shown), *evidence)


def _kinds_in(text: str, canaries: Mapping[str, Canary]) -> list[str]:
    lower = text.lower()
    return [kind for kind, canary in canaries.items() if any(one.lower() in lower for one in spellings(canary))]


def _struck(text: str, canaries: Mapping[str, Canary]) -> str:
    """The line with each canary named instead of shown."""
    for kind, canary in canaries.items():
        for one in sorted(spellings(canary), key=len, reverse=True):
            at = text.lower().find(one.lower())
            while at >= 0:
                text = f"{text[:at]}[{kind}]{text[at + len(one) :]}"
                at = text.lower().find(one.lower())
    return text


def _arrived(
    places: Mapping[str, Arrivals], seen: Mapping[str, Sequence[str]], canaries: Mapping[str, Canary], sent: Sent
) -> Result:
    if not places:
        raise CheckError("neither the error tracker nor the alerts can be read from here: look there by hand")
    found = {name: arrivals.wait("/", seen=seen[name], seconds=0) for name, arrivals in places.items()}
    looked = len({one.id for each in found.values() for one in each})
    wrong = [
        f"{kind} in what {name} got at {one.path}"
        for name, each in found.items()
        for one in each
        for kind in _kinds_in(_all_of(one), canaries)
    ]
    if wrong:
        return failed(checks.ELSEWHERE, "; ".join(dict.fromkeys(wrong)))
    summary = (
        f"{len(canaries)} secrets in {len(sent.answers)} requests: in none of {looked} messages that came since to "
    )
    return passed(checks.ELSEWHERE, summary + " and ".join(places))


def _all_of(one: Arrival) -> str:
    return "\n".join([one.path, *(f"{name}: {value}" for name, value in one.headers.items()), one.body])
