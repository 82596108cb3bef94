"""Cases beside Cloudflare's Trace: rule by rule, what our evaluator says and what Cloudflare says.

Trace can be told the method, the URL, header fields, the body, the country and two scores, and no more: no address, no
bot, no leaked password. A rule that asks for anything else is not compared.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from edge.cases.model import Case
from edge.cases.read import Cases
from edge.cases.run import Against, not_for, requests_of
from edge.request import Request, RequestError
from edge.trace import trace
from edge.zones import zone_of

_GEOLOC: Final = {"ip.src.continent": "continent", "ip.src.country": "iso_code"}
_SCORES: Final = {"cf.bot_management.score": "bot_score", "cf.threat_score": "threat_score"}


@dataclass(frozen=True)
class Difference:
    """A rule of which Trace says otherwise: None where nobody declares it, or Trace does not show it."""

    rule: str
    ours: bool | None
    theirs: bool | None

    def __str__(self) -> str:
        if self.ours is None:
            return f"rule {self.rule}: declared by nobody, and matched by Trace"
        theirs = "is not shown by Trace" if self.theirs is None else f"{_said(self.theirs)} by Trace"
        return f"rule {self.rule}: {_said(self.ours)} by what is declared, and {theirs}"


@dataclass(frozen=True)
class TracedCase:
    """A case that was traced. ``compared`` counts rules; ``skipped`` says why it was not."""

    case: Case
    where: str
    compared: int = 0
    status: int | None = None
    differences: tuple[Difference, ...] = ()
    skipped: str = ""


def why_not(case: Case, against: Against) -> str:
    """Why a case cannot be traced, "" if it can."""
    if skipped := not_for(case, against):
        return skipped
    if case.burst is not None:
        return "a burst: Trace does not count"
    return "a body of no meaning" if case.request.body_bytes is not None else ""


def first_request(case: Case, cases: Cases, against: Against) -> Request | str:
    """What a case sends, or why it cannot be traced."""
    if reason := why_not(case, against):
        return reason
    try:
        return requests_of(case, cases, against)[0]
    except RequestError as error:
        return str(error)


def body_of(request: Request) -> dict[str, Any]:
    """What to ask Trace. Header fields that are sent twice are joined."""
    headers: dict[str, str] = {}
    for name, value in request.headers:
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    geoloc = {name: _plain(request.given[field]) for field, name in _GEOLOC.items() if field in request.given}
    scores = {name: request.given[field] for field, name in _SCORES.items() if field in request.given}
    asked: dict[str, Any] = {
        "method": request.method,
        "url": f"{request.scheme}://{request.host}{request.target}",
        "headers": headers,
        "context": {**scores, **({"geoloc": geoloc} if geoloc else {}), "skip_challenge": False},
        "protocol": "HTTP/1.1",
        "skip_response": True,
    }
    return asked | ({"body": {"base64": base64.b64encode(request.body).decode()}} if request.body else {})


def compared(
    request: Request, against: Against, answer: Mapping[str, Any], refs: Mapping[str, str]
) -> tuple[int, tuple[Difference, ...]]:
    """How many rules were compared, and those that differ. ``refs`` gives the ``ref`` of each rule's id."""
    zone = zone_of(against.zones, request.host)
    theirs = {refs.get(name, name): matched for name, matched in _rules(answer.get("trace"))}
    ours = trace(zone.rulesets if zone else {}, _as_traced(request)).steps
    decided = [(str(one.rule.get("ref")), one.truth) for one in ours if isinstance(one.truth, bool)]
    # Behind a rule that may have ended the request nobody knows what Trace still asked.
    sure = _before_the_unsure([(str(one.rule.get("ref")), one.truth) for one in ours])
    differences = [
        Difference(name, truth, theirs.get(name))
        for name, truth in decided
        if (name in theirs or name in sure) and theirs.get(name) is not truth
    ]
    own = {str(rule.get("ref")) for rules in (zone.rulesets if zone else {}).values() for rule in rules}
    # Rules of the zone's own rulesets alone: what a managed one has in it is Cloudflare's.
    differences += [
        Difference(name, None, True) for name in refs.values() if theirs.get(name) is True and name not in own
    ]
    return len(decided), tuple(differences)


def _before_the_unsure(steps: Sequence[tuple[str, Any]]) -> set[str]:
    names: set[str] = set()
    for name, truth in steps:
        if not isinstance(truth, bool):
            break
        names.add(name)
    return names


def _as_traced(request: Request) -> Request:
    """The request with no more known of it than Trace is told."""
    told = {name: request.given[name] for name in (*_GEOLOC, *_SCORES) if name in request.given}
    url = f"{request.scheme}://{request.host}{request.target}"
    return Request(request.method, url, request.headers, request.body, {**told, "http.request.version": "HTTP/1.1"})


def _rules(steps: Any) -> Iterator[tuple[str, bool]]:
    """Every rule in a trace, however deep: its id, and whether it matched."""
    for step in steps if isinstance(steps, Sequence) and not isinstance(steps, str) else ():
        if not isinstance(step, Mapping):
            continue
        if step.get("type") == "rule":
            yield str(step.get("step_name")), step.get("matched") is True
        yield from _rules(step.get("trace"))


def _plain(value: Any) -> Any:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value


def _said(matched: bool) -> str:
    return "matched" if matched else "not matched"
