"""The hosts' record of releases: who released, when the way back was tried, and whether any of it was rewritten."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from fnmatch import fnmatchcase

from core.terminal import clean
from deploy.drills import CLOCKS_DIFFER, Drill, age_of, drill_budget, drill_of
from deploy.journal import DEPLOY, DONE, Entry
from deploy.ledger.chain import Ledger
from deploy.ledger.read import read_ledgers
from deploy.ledger.verify import verify
from readiness.check import Check, Picture, Result, Table, failed, held, passed, unknown
from readiness.rows.deployment import checks
from readiness.target import Target
from rollback.report.history import history

_SHOWN = 20


def record(target: Target) -> Iterator[Result]:
    """Decides on who released, on drills and on the ledger."""
    decided = (checks.BY_CI, checks.DRILLED, checks.IN_BUDGET, checks.LEDGER)
    if target.world is None or not target.shells:
        yield from (
            unknown(check, "the stack has no host that can be asked: give launch-ready:hosts") for check in decided
        )
        return
    read = read_ledgers(target.world)
    gaps = "; ".join(str(error) for error in read.bad.values())
    if not any(ledger.entries for ledger in read.good.values()):
        yield from (unknown(check, gaps or "nothing was ever released: deploy first") for check in decided)
        return
    yield _ledger(target, read.good, gaps)
    entries = [entry for ledger in read.good.values() for _, entry in ledger.entries]
    yield _by_ci(target, entries, gaps)
    for result in _drills(target, entries, gaps):
        shown = _drawn(target, read.good) if result.check is checks.DRILLED and result.evidence else ()
        yield replace(result, evidence=(*result.evidence, *shown))


def _drawn(target: Target, ledgers: Mapping[str, Ledger]) -> tuple[Picture, ...]:
    """Every way back so far, against the budget."""
    from rollback.report.plot import draw, moment

    release = target.settings.release
    events = history(ledgers.values(), release.budget_seconds, drill_budget(release))
    timed = [event for event in events if event.seconds is not None and moment(event.at) is not None]
    if not timed:
        return ()
    words = ", ".join(f"{event.kind} {event.seconds:.2f} s" for event in timed[-_SHOWN:])
    return (Picture("Every rollback and drill", "image/svg+xml", draw(timed).encode(), f"The last: {words}"),)


def _ledger(target: Target, ledgers: Mapping[str, Ledger], gaps: str) -> Result:
    if target.witnesses is None:
        return unknown(checks.LEDGER, "what others saw of the ledgers cannot be read here")
    found = verify(ledgers, target.witnesses())
    wrong = [
        f"{name}, {f'line {fault.line}' if fault.line else 'missing'}: {clean(fault.what)}"
        for name, verdict in found.items()
        for fault in verdict.faults
    ]
    rows = tuple((name, str(verdict.lines), verdict.first, verdict.last) for name, verdict in found.items())
    table = Table("Ledgers", ("host", "lines", "first", "last"), rows)
    if gaps and not wrong:
        return unknown(checks.LEDGER, f"not every host's could be read: {gaps}", table)
    lines = sum(verdict.lines for verdict in found.values())
    return held(checks.LEDGER, wrong, f"{lines} lines on {len(found)} hosts, chained and as witnessed", table)


def _by_ci(target: Target, entries: list[Entry], gaps: str) -> Result:
    wanted = target.settings.readiness.releasing
    # Every host's line, for one of them alone may have been written by somebody else.
    runs = {(entry.run, entry.who): entry for entry in entries if (entry.action, entry.step) == (DEPLOY, DONE)}
    last = sorted(runs.values(), key=lambda entry: entry.at)[-wanted.last :]
    rows = tuple((entry.at, entry.version, entry.who, _revision(entries, entry.run)) for entry in last[-_SHOWN:])
    table = Table("The last releases", ("at", "version", "by", "revision"), rows)
    if not wanted.by:
        why = "nobody says who CI is: name it in launch-ready:readiness.releasing.by"
        return unknown(checks.BY_CI, why, table)
    if not last:
        return unknown(checks.BY_CI, gaps or "no release was seen to its end: deploy first", table)
    others = [entry for entry in last if not any(fnmatchcase(entry.who, pattern) for pattern in wanted.by)]
    wrong = [f"{clean(entry.version)} was released by {clean(entry.who)}, {clean(entry.at)}" for entry in others]
    if gaps and not wrong:
        return unknown(checks.BY_CI, f"not every host's record could be read: {gaps}", table)
    return held(checks.BY_CI, wrong, f"the last {len(last)} releases were made by {', '.join(wanted.by)}", table)


def _revision(entries: list[Entry], run: str) -> str:
    seen = (entry.evidence or {} for entry in entries if entry.run == run)
    return next((str(each["revision"]) for each in seen if each.get("revision")), "not known")


def _drills(target: Target, entries: list[Entry], gaps: str) -> Iterator[Result]:
    # One run, though every host has its line.
    runs = {entry.run: drill for entry in entries if (drill := drill_of(entry))}
    found = sorted(runs.values(), key=lambda drill: drill.at)
    if not found:
        why = f"not every host's record could be read: {gaps}" if gaps else "no rollback was ever drilled"
        told = unknown if gaps else failed
        yield told(checks.DRILLED, why)
        yield unknown(checks.IN_BUDGET, f"{why}: run `invoke rollback.drill`")
        return
    last = found[-1]
    rows = tuple((drill.at, drill.who, _seconds(drill), drill.reason or "went well") for drill in found[-_SHOWN:])
    table = Table("Drills", ("at", "by", "slowest", "result"), rows)
    yield _recent(target, last, len(found), table)
    budget = drill_budget(target.settings.release)
    wrong = [f"it took {_seconds(last)}, and the budget is {budget:g} s"] if (last.slowest or 0) > budget else []
    wrong += [f"{last.lost} of {last.requests} requests were lost"] if last.lost else []
    if last.slowest is None:
        yield unknown(checks.IN_BUDGET, "the last drill did not come to its end: run `invoke rollback.drill`", table)
    else:
        summary = f"{_seconds(last)} of {budget:g} s, {last.requests} requests and none lost"
        yield held(checks.IN_BUDGET, wrong, summary, table)


def _recent(target: Target, last: Drill, count: int, table: Table) -> Result:
    age = age_of(last.at, target.clock.now())
    most = target.settings.release.drill.max_age_days
    check: Check = checks.DRILLED
    if last.reason:
        return failed(check, f"the last drill failed: {clean(last.reason)}", table)
    if age is None or age < -CLOCKS_DIFFER:
        return unknown(check, f"the last drill is of {clean(last.at)}, which is no time that was: drill again", table)
    days = max(age / timedelta(days=1), 0)
    if days > most:
        return failed(check, f"the last drill was {days:.0f} days ago, and {most:g} are allowed", table)
    return passed(check, f"{days:.1f} days ago, of {most:g}, in {_seconds(last)}; {count} drills are known", table)


def _seconds(drill: Drill) -> str:
    return "no time" if drill.slowest is None else f"{drill.slowest:.2f} s"
