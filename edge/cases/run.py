"""Cases against a zone: what was expected, what comes of it, and why that is not it."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from core.settings.platform import Platform
from edge.cases.model import Case, Expectation
from edge.cases.read import Cases
from edge.decision import CHALLENGES, STOPPING, Decision
from edge.phases import decide
from edge.request import Request, RequestError
from edge.zones import Zone, zone_of

_PLACEHOLDER: Final = re.compile(r"\{([a-z_]+)(?::([^{}]*))?\}")
# What a star of a platform's path stands for in a request.
_FILLING: Final = "1"
_PASSED_BY: Final = {"any_challenge": CHALLENGES, "stop": STOPPING}


@dataclass(frozen=True)
class Result:
    """A case's outcome. ``reasons`` are empty where it holds; ``skipped`` says why it was not tried."""

    case: Case
    where: str
    expected: str
    got: str = ""
    reasons: tuple[str, ...] = ()
    skipped: str = ""


@dataclass(frozen=True)
class Against:
    """What cases are run against: a stack's zones, ``primary`` among them, and the id of their account."""

    stack: str
    plan: str
    primary: str
    zones: Mapping[str, Zone]
    platform: Platform
    account: str = ""


def run_cases(cases: Cases, against: Against) -> list[Result]:
    """Run each case by itself."""
    return [_run(case, cases, against) for case in cases.cases]


def not_for(case: Case, against: Against) -> str:
    """Why a case is not for this stack, "" if it is."""
    if case.stacks and against.stack not in case.stacks:
        return f"for {', '.join(case.stacks)}"
    return f"for the plan {' or '.join(case.plans)}" if case.plans and against.plan not in case.plans else ""


def requests_of(case: Case, cases: Cases, against: Against) -> list[Request]:
    """The requests that a case sends, with the seconds at which they come. Raises :class:`RequestError`."""
    sent = case.request
    body = (sent.body or "").encode()
    fields = dict(sent.fields)
    if sent.body_bytes is not None:
        # Rules are told of the size; what is in an upload no case is about.
        fields = {"http.request.body.size": sent.body_bytes, **fields}
    known = None if sent.body_bytes is not None else body
    url = filled(sent.url, against)
    headers = [(name, text) for name, value in sent.headers.items() for text in _each(value)]
    burst = case.burst
    count, every = (burst.requests, burst.every) if burst else (1, 0.0)
    clients = (burst.clients if burst else ()) or (sent.client,)
    spread = burst.addresses if burst else 1
    return [
        Request(
            sent.method,
            url,
            headers,
            known,
            {**_client(cases.clients[clients[turn % len(clients)]], turn // len(clients) % spread), **fields},
            _START + turn * every,
        )
        for turn in range(count)
    ]


# The beginning of a window of every period that Cloudflare has, so that a case says the same at each run.
_START: Final = 1_800_000_000.0


def filled(text: str, against: Against) -> str:
    """``text`` with its placeholders filled. Raises :class:`RequestError` for one that the stack has nothing for."""

    def value(found: re.Match[str]) -> str:
        name, filling = found[1], found[2] or _FILLING
        if name == "zone":
            return against.primary
        paths: Any = getattr(against.platform, name, None) if name in Platform.model_fields else None
        path = paths if isinstance(paths, str) else paths[0] if paths else None
        if path is None:
            raise RequestError(f"{found[0]}: the platform of the stack {against.stack} has no such path")
        return str(path).replace("*", filling)

    return _PLACEHOLDER.sub(value, text)


def _each(value: str | Sequence[str]) -> Sequence[str]:
    return (value,) if isinstance(value, str) else value


def _client(fields: Mapping[str, Any], step: int) -> Mapping[str, Any]:
    """A client's fields, with an address ``step`` further on."""
    if not step or "ip.src" not in fields:
        return fields
    return {**fields, "ip.src": str(ipaddress.ip_address(str(fields["ip.src"])) + step)}


def _run(case: Case, cases: Cases, against: Against) -> Result:
    where, expected = cases.where[case.name], _said_of(case.expect)
    if skipped := not_for(case, against):
        return Result(case, where, expected, skipped=skipped)
    try:
        requests = requests_of(case, cases, against)
        location = filled(case.expect.location, against) if case.expect.location else None
    except RequestError as error:
        return Result(case, where, expected, skipped=str(error))
    zone = zone_of(against.zones, requests[0].host)
    if zone is None or not zone.serves(requests[0].host):
        reason = f"{requests[0].host} has no proxied record: no rule sees its requests"
        return Result(case, where, expected, "no answer of the edge", (reason,))
    decisions = decide(zone.rulesets, requests, settings=zone.settings)
    return _judged(case, where, expected, decisions, location)


def _judged(case: Case, where: str, expected: str, decisions: Sequence[Decision], location: str | None) -> Result:
    passed = next((index for index, one in enumerate(decisions) if one.action != "pass"), len(decisions))
    decision = decisions[min(passed, len(decisions) - 1)]
    reasons = [*_misfits(case.expect, decision, location)]
    reasons += [] if case.burst is None else _miscounts(case.expect, passed)
    # A burst may be undecided before its first request that is stopped.
    open_ones = [one for one in decisions[: passed + 1] if not one.certain]
    if open_ones:
        reasons.append(f"cannot tell: {'; '.join(sorted({str(each) for one in open_ones for each in one.undecided}))}")
    return Result(case, where, expected, said_of(decision, passed if case.burst else None), tuple(reasons))


def _misfits(expect: Expectation, decision: Decision, location: str | None) -> Iterator[str]:
    if decision.action not in _PASSED_BY.get(expect.action, {expect.action}):
        yield f"the action is {decision.action}"
    pairs = (("rule", decision.rule), ("phase", decision.phase), ("status", decision.status))
    for name, found in pairs:
        wanted = getattr(expect, name)
        if wanted is not None and wanted != found:
            yield f"the {name} is {found or 'none'}, and not {wanted}"
    if location is not None and location != decision.location:
        yield f"it leads to {decision.location or 'nowhere'}, and not to {location}"
    if expect.managed is not None and expect.managed != bool(decision.opaque):
        yield "no managed ruleset sees it" if expect.managed else "a managed ruleset sees it"
    if expect.cached is not None and expect.cached != decision.cache.get("cache"):
        yield f"cache rules say {_cache_said(decision)}"
    named = {change.name.lower() for change in decision.response_headers if change.operation != "remove"}
    for name in expect.response_headers:
        if name.lower() not in named:
            yield f"no rule sets {name} on the response"


def _miscounts(expect: Expectation, passed: int) -> Iterator[str]:
    if expect.at_least is not None and passed < expect.at_least:
        yield f"{passed} pass first, and at least {expect.at_least} must"
    if expect.at_most is not None and passed > expect.at_most:
        yield f"{passed} pass first, and at most {expect.at_most} may"


def _cache_said(decision: Decision) -> str:
    cached = decision.cache.get("cache")
    return "nothing" if cached is None else "cache" if cached else "bypass"


def said_of(decision: Decision, passed: int | None = None) -> str:
    """A decision in a line."""
    parts = [decision.action]
    parts += [f"by {decision.rule}"] if decision.rule else []
    parts += [f"in {decision.phase}"] if decision.phase else []
    parts += [f"({decision.status})"] if decision.action != "pass" else []
    parts += [f"to {decision.location}"] if decision.location else []
    parts += [f"after {passed} that pass"] if passed is not None and decision.action != "pass" else []
    return " ".join(parts)


def _said_of(expect: Expectation) -> str:
    said = [expect.action.replace("_", " ")]
    said += [f"by {expect.rule}"] if expect.rule else []
    said += [f"in {expect.phase}"] if expect.phase else []
    said += [f"({expect.status})"] if expect.status else []
    said += [f"to {expect.location}"] if expect.location else []
    said += [f"after at least {expect.at_least}"] if expect.at_least is not None else []
    said += [f"after at most {expect.at_most}"] if expect.at_most is not None else []
    return " ".join(said)
