"""schemathesis over the API's own document, by a process of its own, through a server that adds the session.

Twice: all operations with input by chance, and then, for what takes a body or a query, one request past each bound that
the document sets (lengths, ranges, types, required and unknown fields).
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from core.errors import CheckError
from core.ports import Ran
from core.site import Reply
from readiness.check import Evidence, Result, Said, held, unknown
from readiness.exchange import exchange
from readiness.rows.inputs import checks
from readiness.rows.inputs.forwarder import Asked, Forwarder, serving
from readiness.rows.inputs.fuzzing import (
    ACCEPTED,
    SERVER_ERROR,
    Fuzzed,
    bounded,
    narrowed,
    reported,
    short_of,
    unfilled,
)
from readiness.rows.inputs.stage import Stage, stage
from readiness.rows.inputs.tries import Try, judged
from readiness.target import Target

CHECKS = (checks.SERVER_ERRORS, checks.SCHEMA, checks.INVALID_DATA, checks.AUTH_IGNORED)
EXAMPLES = 2
SEED = 20_260
MOST_REQUESTS = 260
MOST_BOUNDS = 600
SECONDS = 120.0
LONGEST = 8.0
"""Seconds for one answer; what takes longer counts as broken."""
_CHECKED = ("not_a_server_error", "response_schema_conformance", "content_type_conformance", "negative_data_rejection")
_OPTIONS = (
    *("--workers", "1", "--max-examples", str(EXAMPLES), "--seed", str(SEED), "--no-shrink"),
    *("--continue-on-failure", "--checks", ",".join(_CHECKED), "--request-timeout", "30", "--max-redirects", "0"),
    *("--suppress-health-check", "all", "--no-color", "--report", "json"),
    # The session is the forwarder's: one that was made up would be replaced by it, and seem to be taken.
    *("--generation-with-security-parameters", "false"),
)
# Methods that an operation has not are no input to it.
_SETTINGS = "[phases.coverage]\nunexpected-methods = []\ngenerate-duplicate-query-parameters = false\n"

_SAID = {
    checks.SERVER_ERRORS: "none broke",
    checks.SCHEMA: "all answers are as described",
    checks.INVALID_DATA: "none took what the document forbids",
}


@dataclass(frozen=True)
class _Plan:
    """What is tried of ``document``, and how; at most ``most`` requests."""

    name: str
    document: Mapping[str, Any]
    options: Sequence[str]
    most: int


@dataclass(frozen=True)
class _Tried:
    """One run: what it reports, how it ended, and what was sent."""

    fuzzed: Fuzzed
    ran: Ran
    forwarder: Forwarder

    @property
    def short(self) -> str:
        """Why it says less than it should."""
        return short_of(self.fuzzed, self.forwarder.beyond)


def fuzz(target: Target) -> Iterator[Result]:
    """Run it, and then ask without a session what was answered with it."""
    made = stage(target, "fuzz")
    document = _document(target, made)
    plans = [_Plan("chance", document, ("--phases", "fuzzing"), MOST_REQUESTS)]
    if (limits := bounded(document, made.ids))["paths"]:
        plans.append(_Plan("bounds", limits, ("--phases", "coverage", "--mode", "negative"), MOST_BOUNDS))
    # Side by side: one waits for what streams or takes its time.
    with ThreadPoolExecutor(len(plans)) as pool:
        tries = list(pool.map(partial(_run, target, made), plans))
    chance = tries[0]
    evidence = [one for tried in tries for one in _evidence(tried)]
    short = "; ".join(tried.short for tried in tries if tried.short)
    asked = [one for tried in tries for one in tried.forwarder.asked]
    by = f"schemathesis {chance.fuzzed.version}, seed {chance.fuzzed.seed}"
    summary = f"{len(asked)} requests to {chance.fuzzed.tested} operations by {by}"
    broken = [exchange(f"{one.method} {one.path}", one.reply) for one in asked if one.reply.status >= 500][:3]
    # schemathesis's kinds of failure that are a check's own; the rest is about answers.
    own = {checks.SERVER_ERRORS: SERVER_ERROR, checks.INVALID_DATA: ACCEPTED}
    for check, said in _SAID.items():
        found = [tried.fuzzed.of(own[check]) if check in own else tried.fuzzed.but(*own.values()) for tried in tries]
        wrong = list(dict.fromkeys(unfilled(one, made.ids) for each in found for one in each))
        if short and not wrong:
            yield unknown(check, f"schemathesis: {short}", *evidence)
        else:
            shown = broken if check is checks.SERVER_ERRORS else []
            yield held(check, wrong, f"{summary}: {said}", *shown, *evidence)
    yield _without_session(target, made, asked)


def _document(target: Target, made: Stage) -> dict[str, Any]:
    """What is tried of the API's own document. Raises :class:`CheckError` where there is none."""
    known, place = target.settings.readiness.calls, target.settings.readiness.openapi
    reply = made.ask("GET", place)
    if not isinstance(reply.json, dict):
        raise CheckError(f"{place} is no OpenAPI document: see launch-ready:readiness.openapi")
    return narrowed(reply.json, (known.logout, known.leave, known.test_error), made.ids)


def _run(target: Target, made: Stage, plan: _Plan) -> _Tried:
    """What it reports. Raises :class:`CheckError` where there is no report."""
    # No two runs share a connection.
    own = Stage(target, made.person, made.ids)
    forwarder = Forwarder(
        lambda method, path, headers, body: own.ask(method, path, headers=headers, body=body, timeout=LONGEST),
        plan.most,
    )
    files = ("openapi.json", "report.json", "settings.toml")
    asked, report, settings = (target.folder / f"fuzz-{plan.name}-{name}" for name in files)
    asked.write_text(json.dumps(plan.document), encoding="utf-8")
    settings.write_text(_SETTINGS, encoding="utf-8")
    tool = str(Path(sys.executable).with_name("schemathesis"))
    with serving(forwarder) as url:
        # In a folder of its own: it keeps notes of its failures where it runs.
        words = ["env", f"--chdir={target.folder}", tool, "--config-file", str(settings), "run", str(asked)]
        words += ["--url", url, *_OPTIONS, *plan.options, "--report-json-path", str(report)]
        environment = {"HYPOTHESIS_STORAGE_DIRECTORY": str(target.folder)}
        ran = target.local.run(words, environment=environment, timeout=SECONDS)
    try:
        fuzzed = reported(json.loads(report.read_text(encoding="utf-8")))
    except (OSError, ValueError):
        fuzzed = None
    if fuzzed is None:
        last = (ran.err or ran.out).strip().splitlines()[-1:] or ["it said nothing"]
        raise CheckError(f"schemathesis ended with {ran.status} and without a report: {last[0][:200]}")
    return _Tried(fuzzed, ran, forwarder)


def _evidence(tried: _Tried) -> list[Evidence]:
    fuzzed, ran, forwarder = tried.fuzzed, tried.ran, tried.forwarder
    statuses: dict[int, int] = {}
    for one in forwarder.asked:
        statuses[one.reply.status] = statuses.get(one.reply.status, 0) + 1
    lines = [
        f"schemathesis {fuzzed.version}, seed {fuzzed.seed}: {fuzzed.cases} cases, "
        f"{len(forwarder.asked)} requests sent, {forwarder.unsent} that no client can send",
        ", ".join(f"{count} answers {status}" for status, count in sorted(statuses.items())),
    ]
    failures = ran.out.partition("= FAILURES =")[2].partition("= SUMMARY =")[0].strip("=\n ")
    errors = ran.out.partition("= ERRORS =")[2].partition("= FAILURES =")[0].partition("= SUMMARY =")[0].strip("=\n ")
    return [
        Said("schemathesis", "\n".join(lines)),
        *([Said("Its failures", failures[:4000])] if failures else []),
        *([Said("What it could not try", f"{fuzzed.said}\n{errors[:2000]}")] if fuzzed.said else []),
    ]


def _without_session(target: Target, made: Stage, asked: list[Asked]) -> Result:
    """One request of each kind that was answered to the account and names something of its own."""
    ids = [value for name, value in made.ids.items() if name != "user_id" and value]
    kinds: dict[tuple[str, str], Asked] = {}
    for one in asked:
        if one.reply.status in range(200, 300) and any(id_ in one.path for id_ in ids):
            kinds.setdefault((one.method, _kind(one.path, ids)), one)
    stranger = target.visitor()
    tries = []
    for (method, kind), one in sorted(kinds.items()):
        headers = {name: value for name, value in one.headers.items() if name.lower() == "content-type"}
        reply = stranger.ask(method, target.url(one.path), headers=headers, body=one.body)
        tries.append(Try(f"{method} {kind}", "without a session", reply, _answered(reply)))
    return judged(
        checks.AUTH_IGNORED, tries, f"{len(tries)} kinds of request that were answered are refused without it"
    )


def _kind(path: str, ids: list[str]) -> str:
    for id_ in ids:
        path = path.replace(id_, "…")
    return path.partition("?")[0]


def _answered(reply: Reply) -> str:
    return f"it is answered all the same (status {reply.status})" if reply.status in range(200, 300) else ""
