"""`invoke check`: is it ready for its first users? Ten rows of checks, with evidence."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from invoke.context import Context
from invoke.exceptions import Exit

from cli.guard import ROOT, command
from core.errors import CheckError, NotReadyError

if TYPE_CHECKING:
    from core.settings.stack import Stack
    from readiness.check import Result, Severity
    from readiness.history import History
    from readiness.pace import Pace
    from readiness.probe import Probe, Touch
    from readiness.report.model import Report
    from readiness.run import Run, Told
    from readiness.target import Target

LAB = "lab"
FORMATS = ("text", "json", "html", "sarif", "junit")
NEVER = "never"


@command(
    iterable=["row", "only"],
    help={
        "stack": "the stack: stacks/Pulumi.<stack>.yaml (lab without it)",
        "row": "one row alone (again for another): auth, authorization, secrets, email, rate-limits, inputs, headers, "
        "monitoring, deployment, performance",
        "only": "one check alone, by its id (again for another)",
        "format": f"one of {', '.join(FORMATS)}",
        "out": "a file to write to, instead of standard output",
        "fail-on": "the least severity that ends this with status 8: critical, high, medium, low (default) or never",
        "timeout": "the time that the whole run has, such as 5m (without it): what is not done by then cannot be told",
        "yes": "do not ask before accounts are made, bursts sent and alarms rung on a protected stack",
        "verbose": "evidence of what holds too",
        "list": "say which checks there are, and run none; --format json has all that is known of each",
    },
)
def check(
    _context: Context,
    stack: str = LAB,
    row: Sequence[str] | None = None,
    only: Sequence[str] | None = None,
    format: str = "text",  # noqa: A002 - the option's name
    out: str = "",
    fail_on: str = "low",
    timeout: str = "5m",
    yes: bool = False,
    verbose: bool = False,
    list: bool = False,  # noqa: A002 - the option's name
) -> None:
    """Say whether the platform is ready for its first users: ten rows of checks, each with its evidence.

    What could not be told is never a pass. A risk that somebody accepts stands in launch-ready:waivers (rule: the
    check's id; subject: the site's name, or *). Each run is kept in .launch-ready, and the next says what changed.

    Exit status: 0 nothing that was asked stands in the way; 8 a check fails or cannot tell, of --fail-on or worse;
    2 a setting is wrong; 1 an error.

    Examples: `invoke check`, `invoke check --row headers --row email --verbose`, `invoke check --stack production
    --format html --out reports/ready.html`, `invoke check --format sarif --out ready.sarif --fail-on high`.
    """
    from cli.world import seconds

    threshold = _severity(fail_on)
    if format not in FORMATS:
        raise CheckError(f"--format is {format!r}; it is one of {', '.join(FORMATS)}")
    probes, given = _chosen(row or (), only or ()), seconds("--timeout", timeout)
    if list:
        write(_list(probes, format), out)
        return
    _writable(out)
    report = _made(stack, probes, given, yes, quiet=format != "text" and not out)
    write(_written(report, format, verbose=verbose, to_file=bool(out)), out)
    standing = report.not_ready(threshold)
    if standing:
        raise Exit(code=NotReadyError.exit_code)


def _severity(text: str) -> Severity | None:
    from readiness.check import Severity

    if text == NEVER:
        return None
    if text not in {*Severity}:
        raise CheckError(f"--fail-on is {text!r}; it is one of {', '.join(Severity)}, {NEVER}")
    return Severity(text)


def _chosen(rows: Sequence[str], only: Sequence[str]) -> list[Probe]:
    """The probes of these rows, each with those of these checks that it decides; all without either."""
    from readiness.check import Row
    from readiness.rows import all_probes

    probes = all_probes()
    if strange := [name for name in rows if name not in {*Row}]:
        raise CheckError(f"--row {strange[0]}: there is no such row; they are {', '.join(Row)}")
    known = {check.id for probe in probes for check in probe.checks}
    if unknown := [name for name in only if name not in known]:
        raise CheckError(f"--only {unknown[0]}: there is no such check; `invoke check --list` has them all")
    chosen = []
    for probe in probes:
        checks = tuple(check for check in probe.checks if not only or check.id in only)
        if checks and (not rows or probe.row in rows):
            chosen.append(replace(probe, checks=checks))
    if not chosen:
        raise CheckError(f"--row {', '.join(rows)} has none of the checks that --only names: nothing would be asked")
    return chosen


def _list(probes: Sequence[Probe], form: str) -> str:
    checks = [each for probe in probes for each in probe.checks]
    match form:
        case "text":
            return "".join(f"{each.id:<44} {each.severity:<9} {each.title}\n" for each in checks)
        case "json":
            return json.dumps([asdict(each) for each in checks], indent=2, ensure_ascii=False) + "\n"
    raise CheckError(f"--list has the formats text and json, and --format is {form}")


def _writable(out: str) -> None:
    """Raises :class:`CheckError` where the report could not be written when the run is over."""
    if not out:
        return
    path = Path(out).absolute()
    there = next(each for each in (path, *path.parents) if each.exists())
    if there.is_dir() == (there == path) or not os.access(there, os.W_OK):
        raise CheckError(f"--out {out} cannot be written: name a file in a folder of yours")


def _made(stack: str, probes: Sequence[Probe], seconds: float, yes: bool, *, quiet: bool) -> Report:
    from cli.target import reached_target
    from readiness.run import Limits, run

    began = datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    with reached_target(stack) as (target, pace):
        limits = Limits(_allowed(target, probes, yes), seconds)
        try:
            found = run(probes, target, limits, _teller(quiet))
        finally:
            left = target.people.leave()
        return _judged(target, found, pace, history_of(stack), began, left)


def history_of(stack: str) -> History:
    """The runs of a stack that this machine has kept."""
    from readiness.history import History

    return History(ROOT / ".launch-ready" / f"{stack}-checks")


def _judged(target: Target, found: Run, pace: Pace, history: History, began: str, left: list[str]) -> Report:
    from readiness.report.model import Report, judge, rows_of
    from readiness.rows import all_probes
    from readiness.run import checks_of

    site = target.origin.removeprefix("https://")
    judged = judge(found.results, target.settings.waivers.items, site, datetime.now(UTC).date())
    report = Report(
        stack=target.stack,
        site=site,
        began=began,
        seconds=found.seconds,
        rows=rows_of(history.compared(judged)),
        times=found.times,
        requests=pace.counts,
        last=history.last,
        notes=(*left, *_ended(target.settings)),
        of=len(checks_of(all_probes())),
    )
    try:
        history.keep(report)
    except CheckError as error:
        # Two minutes of work are not lost because they cannot be compared with the next.
        return replace(report, notes=(*report.notes, str(error)))
    return report


def _ended(settings: Stack) -> list[str]:
    """Accepted risks whose day has passed: they count no more."""
    today = datetime.now(UTC).date()
    return [
        f"the waiver for {each.rule} ended on {each.until}: {each.owner} has to say whether it still stands"
        for each in settings.waivers.items
        if each.until < today
    ]


def _allowed(target: Target, probes: Sequence[Probe], yes: bool) -> Touch:
    """How far the probes may go: on a protected stack, as far as somebody says."""
    from readiness.probe import Touch

    most = max((probe.touch for probe in probes), default=Touch.READS)
    if yes or not target.settings.zone.protect or most == Touch.READS:
        return Touch.BURSTS
    warning = (
        f"{target.stack} is protected: the checks make accounts of their own there, send bursts, and ring an alarm"
    )
    if not sys.stdin.isatty():
        sys.stderr.write(f"{warning}: without --yes they only look\n")
        return Touch.READS
    sys.stderr.write(f"{warning}.\nType the stack's name to have them do so (else they only look): ")
    sys.stderr.flush()
    return Touch.BURSTS if sys.stdin.readline().strip() == target.stack else Touch.READS


def _teller(quiet: bool) -> Told:
    def tell(result: Result, seconds: float) -> None:
        if not quiet:
            sys.stderr.write(f"{seconds:6.1f} s  {result.outcome:<14} {result.check.id}\n")

    return tell


def _written(report: Report, form: str, *, verbose: bool, to_file: bool) -> str:
    from cli.review_words import wants_colours
    from readiness.report import document, html, junit, sarif, text

    match form:
        case "json":
            return json.dumps(document.document(report), indent=2, ensure_ascii=False) + "\n"
        case "html":
            return html.as_html(report)
        case "sarif":
            return json.dumps(sarif.as_sarif(report), indent=2, ensure_ascii=False) + "\n"
        case "junit":
            return junit.as_junit(report)
    colours = not to_file and sys.stdout.isatty() and wants_colours()
    return text.as_text(report, colours=colours, verbose=verbose)


def write(text: str, out: str) -> None:
    """Print ``text``, or have the file ``out`` hold it. Raises :class:`LaunchReadyError`."""
    from cli.around import write_file

    if not out:
        sys.stdout.write(text)
        return
    write_file(Path(out), text)
    sys.stderr.write(f"written to {Path(out)}\n")
