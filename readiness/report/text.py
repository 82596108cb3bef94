"""The report for a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from core.terminal import clean
from readiness.check import Evidence, Picture, Said, Table
from readiness.report.model import Judged, Report, RowReport, State

MARKS = {State.FAIL: "✗", State.CANNOT_TELL: "?", State.ACCEPTED: "~", State.PASS: "✓", State.NOT_APPLICABLE: "–"}
_COLOURS = {State.FAIL: 31, State.CANNOT_TELL: 33, State.ACCEPTED: 36, State.PASS: 32, State.NOT_APPLICABLE: 2}
_MOST_LINES = 12


def as_text(report: Report, *, colours: bool = False, verbose: bool = False) -> str:
    """Row by row, with evidence for what fails or cannot be told; ``verbose`` has it for all."""
    lines = [_head(report), report.headline, ""]
    for row in report.rows:
        lines += [*_row(row, colours, verbose), ""]
    return "\n".join([*lines, *_foot(report)]) + "\n"


def painted(state: State, text: str, *, colours: bool) -> str:
    """``text`` in the state's colour."""
    return f"\x1b[{_COLOURS[state]}m{text}\x1b[0m" if colours else text


def _head(report: Report) -> str:
    since = f", the last run was at {report.last}" if report.last else ""
    return f"{report.stack}: {report.site} at {report.began}, {len(report.checks)} of {report.of} checks{since}"


def _row(row: RowReport, colours: bool, verbose: bool) -> Iterator[str]:
    mark = painted(row.state, f"{MARKS[row.state]} {row.title}", colours=colours)
    yield f"{mark}: {row.said}"
    for each in row.checks:
        wanted = verbose or each.state in (State.FAIL, State.CANNOT_TELL)
        if wanted or each.state is State.ACCEPTED or each.changed:
            yield from _check(each, colours, with_evidence=wanted)


def _check(each: Judged, colours: bool, *, with_evidence: bool) -> Iterator[str]:
    check = each.result.check
    mark = painted(each.state, f"{MARKS[each.state]} {each.state}", colours=colours)
    changed = f" (before: {each.before})" if each.changed else ""
    yield f"  {mark} {check.id} [{check.severity}]{changed}: {check.title}"
    yield f"      {clean(each.result.summary)}"
    if each.waiver:
        yield clean(f"      accepted by {each.waiver.owner} until {each.waiver.until}: {each.waiver.reason}")
    if with_evidence and each.state in (State.FAIL, State.CANNOT_TELL):
        yield f"      breaks: {check.breaks}"
        yield f"      fix:    {check.fix}"
        yield f"      see:    {', '.join(check.references)}"
    if with_evidence:
        for one in each.result.evidence:
            yield from (f"      | {clean(line)}" for line in _evidence(one))


def _evidence(one: Evidence) -> Iterator[str]:
    match one:
        case Said(title, text):
            yield f"{title}:"
            yield from _cut(text.splitlines())
        case Table(title, columns, rows):
            yield f"{title}:"
            widths = [max(len(cell) for cell in cells) for cells in zip(columns, *rows, strict=True)]
            yield from _cut(
                "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
                for row in (columns, *rows)
            )
        case Picture(title, _, _, alt):
            yield f"{title}: {alt} (a picture: --format html)"


def _cut(lines: Iterable[str]) -> Iterator[str]:
    for count, line in enumerate(lines):
        if count == _MOST_LINES:
            yield "  …"
            return
        yield f"  {line}"


def _foot(report: Report) -> Iterator[str]:
    counts = ", ".join(f"{report.count(state)} {state}" for state in State if report.count(state))
    asked = sum((report.requests or {}).values())
    yield f"{counts}; {report.seconds:.1f} s, {asked} requests"
    yield from map(clean, report.notes)
