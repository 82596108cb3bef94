"""schemathesis over the API's own document, by a process of its own, through a server that adds the session."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

from core.errors import CheckError
from core.ports import Ran
from core.site import Reply
from readiness.check import Evidence, Result, Said, held, unknown
from readiness.exchange import exchange
from readiness.rows.inputs import checks
from readiness.rows.inputs.forwarder import Asked, Forwarder, serving
from readiness.rows.inputs.fuzzing import ACCEPTED, SERVER_ERROR, Fuzzed, narrowed, reported, short_of
from readiness.rows.inputs.stage import Stage, stage
from readiness.rows.inputs.tries import Try, judged
from readiness.target import Target

CHECKS = (checks.SERVER_ERRORS, checks.SCHEMA, checks.INVALID_DATA, checks.AUTH_IGNORED)
EXAMPLES = 2
SEED = 20_260
MOST_REQUESTS = 260
SECONDS = 120.0
LONGEST = 8.0
"""Seconds for one answer; what takes longer counts as broken."""
_CHECKED = ("not_a_server_error", "response_schema_conformance", "content_type_conformance", "negative_data_rejection")
_OPTIONS = (
    *("--workers", "1", "--phases", "fuzzing", "--max-examples", str(EXAMPLES), "--seed", str(SEED), "--no-shrink"),
    *("--continue-on-failure", "--checks", ",".join(_CHECKED), "--request-timeout", "30", "--max-redirects", "0"),
    *("--suppress-health-check", "all", "--no-color", "--report", "json"),
    # The session is the forwarder's: one that was made up would be replaced by it, and seem to be taken.
    *("--generation-with-security-parameters", "false"),
)


def fuzz(target: Target) -> Iterator[Result]:
    """Run it, and then ask without a session what was answered with it."""
    made = stage(target, "fuzz")
    forwarder = Forwarder(
        lambda method, path, headers, body: made.ask(method, path, headers=headers, body=body, timeout=LONGEST),
        MOST_REQUESTS,
    )
    with serving(forwarder) as url:
        fuzzed, ran = _run(target, made, url)
    evidence = _evidence(fuzzed, ran, forwarder)
    short = short_of(fuzzed, forwarder.beyond)
    by = f"schemathesis {fuzzed.version}, seed {fuzzed.seed}"
    summary = f"{len(forwarder.asked)} requests to {fuzzed.tested} operations by {by}"
    broken = [exchange(f"{one.method} {one.path}", one.reply) for one in forwarder.asked if one.reply.status >= 500][:3]
    for check, wrong, said in (
        (checks.SERVER_ERRORS, fuzzed.of(SERVER_ERROR), "none broke"),
        (checks.SCHEMA, fuzzed.but(SERVER_ERROR, ACCEPTED), "all answers are as described"),
        (checks.INVALID_DATA, fuzzed.of(ACCEPTED), "none took what the document forbids"),
    ):
        if short and not wrong:
            yield unknown(check, f"schemathesis: {short}", *evidence)
        else:
            shown = broken if check is checks.SERVER_ERRORS else []
            yield held(check, wrong, f"{summary}: {said}", *shown, *evidence)
    yield _without_session(target, made, forwarder.asked)


def _run(target: Target, made: Stage, url: str) -> tuple[Fuzzed, Ran]:
    """What it reports, and how it ended. Raises :class:`CheckError` where there is no report."""
    known = target.settings.readiness.calls
    reply = made.ask("GET", target.settings.readiness.openapi)
    if not isinstance(reply.json, dict):
        raise CheckError(
            f"{target.settings.readiness.openapi} is no OpenAPI document: see launch-ready:readiness.openapi"
        )
    out = (known.logout, known.leave, known.test_error)
    document, report = target.folder / "fuzz-openapi.json", target.folder / "fuzz-report.json"
    document.write_text(json.dumps(narrowed(reply.json, out, made.ids)), encoding="utf-8")
    tool = str(Path(sys.executable).with_name("schemathesis"))
    # In a folder of its own: it keeps notes of its failures where it runs.
    words = ["env", f"--chdir={target.folder}", tool, "run", str(document), "--url", url, *_OPTIONS]
    words += ["--report-json-path", str(report)]
    ran = target.local.run(words, environment={"HYPOTHESIS_STORAGE_DIRECTORY": str(target.folder)}, timeout=SECONDS)
    try:
        fuzzed = reported(json.loads(report.read_text(encoding="utf-8")))
    except (OSError, ValueError):
        fuzzed = None
    if fuzzed is None:
        last = (ran.err or ran.out).strip().splitlines()[-1:] or ["it said nothing"]
        raise CheckError(f"schemathesis ended with {ran.status} and without a report: {last[0][:200]}")
    return fuzzed, ran


def _evidence(fuzzed: Fuzzed, ran: Ran, forwarder: Forwarder) -> list[Evidence]:
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
