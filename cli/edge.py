"""Tasks that ask what the edge does with requests: by our evaluator before anything is applied, by Trace after."""

from __future__ import annotations

import json as json_module
import sys
from typing import TYPE_CHECKING, Any

from invoke.context import Context
from invoke.exceptions import Exit

from cli.guard import ROOT, command
from core.terminal import clean

if TYPE_CHECKING:
    from edge.cases.read import Cases
    from edge.cases.run import Against, Result
    from edge.cases.traced import TracedCase

LAB = "lab"
_HELP = {
    "stack": "the stack: stacks/Pulumi.<stack>.yaml (lab without it)",
    "case": "the one case of this name",
    "json": "JSON on standard output, and nothing else there",
}


@command(name="test", help=_HELP)
def run_the_cases(_context: Context, stack: str = LAB, case: str = "", json: bool = False) -> None:
    """Run the request cases of stacks/requests/ against what a stack declares; nothing is asked or changed.

    Exit status: 0 all hold, 1 a case does not, 2 a file is wrong. What cannot be told does not hold.

    Examples: `invoke edge.test`, `invoke edge.test --stack staging --case login-burst`, `invoke edge.test --json`.
    """
    from edge.cases.read import read_cases
    from edge.cases.run import run_cases

    cases = read_cases(ROOT)
    chosen = cases.only(case) if case else cases
    results = run_cases(chosen, against(stack))
    if json:
        _say(json_module.dumps([_as_json(one) for one in results], indent=2, ensure_ascii=False))
    else:
        _say(*_lines(results))
    if any(one.reasons for one in results):
        raise Exit(code=1)


@command(name="trace", help=_HELP)
def trace_the_cases(_context: Context, stack: str = LAB, case: str = "", json: bool = False) -> None:
    """Run the request cases through Cloudflare's Trace on the live zone, and show where it and we differ.

    Rule by rule: a filter that Trace says has matched and ours has not, or the other way round. Trace cannot be told of
    an address, a bot or a leaked password: rules that ask for one are not compared. Exit status: 0 none differs, 1 one
    does, or Trace cannot be asked (CLOUDFLARE_API_TOKEN, with Request Tracer Read).

    Examples: `invoke edge.trace`, `invoke edge.trace --stack staging --case admin-page-from-outside --json`.
    """
    from edge.cases.read import read_cases

    cases = read_cases(ROOT)
    found = _traced(cases.only(case) if case else cases, against(stack), stack)
    if json:
        _say(json_module.dumps([_traced_json(one) for one in found], indent=2, ensure_ascii=False))
    else:
        _say(*_traced_lines(found))
    if any(one.differences for one in found):
        raise Exit(code=1)


def _traced(cases: Cases, declared: Against, stack: str) -> list[TracedCase]:
    from adapters.trace import Tracer
    from cli.around import cloudflare_access
    from edge.cases.traced import TracedCase, body_of, compared, first_request

    tracer = Tracer(declared.account, *cloudflare_access(stack))
    refs = {name: tracer.refs(name, zone.rulesets) for name, zone in declared.zones.items() if zone.rulesets}
    ids = {identifier: ref for found in refs.values() for identifier, ref in found.items()}
    traced: list[TracedCase] = []
    for case in cases.cases:
        request = first_request(case, cases, declared)
        where = cases.where[case.name]
        if isinstance(request, str):
            traced.append(TracedCase(case, where, skipped=request))
            continue
        answer = tracer.trace(body_of(request))
        count, differences = compared(request, declared, answer, ids)
        traced.append(TracedCase(case, where, count, answer.get("status_code"), differences))
    return traced


def _traced_lines(found: list[TracedCase]) -> list[str]:
    lines: list[str] = []
    asked = [one for one in found if not one.skipped]
    for one in asked:
        lines.append(f"{'✗' if one.differences else '✓'} {one.case.name} ({one.status}, {one.compared} rules compared)")
        lines += [f"    {one.where}: {difference}" for difference in one.differences]
    differing = sum(1 for one in asked if one.differences)
    said = f"{len(asked)} cases traced, {differing} of them differ"
    return [
        *map(clean, lines),
        said + (f"; {len(found) - len(asked)} cannot be traced" if len(found) > len(asked) else ""),
    ]


def _traced_json(one: TracedCase) -> dict[str, Any]:
    return {
        "case": one.case.name,
        "where": one.where,
        "outcome": "skipped" if one.skipped else "differs" if one.differences else "agrees",
        "status": one.status,
        "compared": one.compared,
        "differences": [{"rule": each.rule, "ours": each.ours, "trace": each.theirs} for each in one.differences],
        "skipped": one.skipped or None,
    }


def against(stack: str) -> Against:
    """What a stack's Pulumi program declares, as cases are run against it. Raises :class:`LaunchReadyError`."""
    from cli.declared import declared_in, stack_without_hosts
    from edge.cases.run import Against
    from edge.zones import zones_of

    read = stack_without_hosts(ROOT, stack)
    zones = zones_of(declared_in(ROOT, stack, ROOT))
    return Against(stack, read.zone.plan, read.zone.name, zones, read.platform, read.zone.account_id)


def _lines(results: list[Result]) -> list[str]:
    lines: list[str] = []
    for one in results:
        if one.skipped:
            continue
        lines.append(f"{'✗' if one.reasons else '✓'} {one.case.name}")
        if one.reasons:
            lines += [f"    {one.where}: {one.case.why}", f"    expected: {one.expected}", f"    got:      {one.got}"]
            lines += [f"    why:      {reason}" for reason in one.reasons]
    tried = [one for one in results if not one.skipped]
    wrong = [one for one in tried if one.reasons]
    said = f"{len(tried) - len(wrong)} of {len(tried)} cases hold"
    skipped = len(results) - len(tried)
    return [*map(clean, lines), said + (f"; {skipped} are not for this stack" if skipped else "")]


def _as_json(one: Result) -> dict[str, Any]:
    outcome = "skipped" if one.skipped else "failed" if one.reasons else "held"
    return {
        "case": one.case.name,
        "where": one.where,
        "outcome": outcome,
        "expected": one.expected,
        "got": one.got,
        "reasons": list(one.reasons),
        "skipped": one.skipped or None,
    }


def _say(*lines: str) -> None:
    sys.stdout.write("".join(f"{line}\n" for line in lines))
