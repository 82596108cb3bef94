"""Rollbacks and drills in the ledgers, each once. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from core.terminal import clean
from deploy.drills import drill_of
from deploy.journal import BEGIN, DONE, DRILL, ENDS, ROLLBACK, Entry
from deploy.ledger.chain import Ledger


@dataclass(frozen=True)
class Event:
    """One rollback, or one drill. ``seconds`` is the whole of a rollback, and of a drill the slower direction.

    ``good``: it did what it should, within the budget; ``reason`` says why not.
    """

    at: str
    run: str
    kind: str
    who: str
    version: str
    before: str
    seconds: float | None
    back_seconds: float | None
    forth_seconds: float | None
    requests: int | None
    lost: int | None
    errors: int | None
    budget_seconds: float
    good: bool
    reason: str


def history(ledgers: Iterable[Ledger], budget: float, drill_budget: float) -> list[Event]:
    """Every rollback and drill, oldest first; the last word of a run that any host has counts.

    ``budget`` is a rollback's, in seconds, ``drill_budget`` that of a drill that was cut short and says none itself.
    """
    runs: dict[str, Entry] = {}
    for ledger in ledgers:
        for _, entry in ledger.entries:
            if entry.action in (ROLLBACK, DRILL) and (entry.step in ENDS or entry.step == BEGIN):
                known = runs.get(entry.run)
                if known is None or _weight(entry) >= _weight(known):
                    runs[entry.run] = entry
    events = (_drill(last, drill_budget) if last.action == DRILL else _rollback(last, budget) for last in runs.values())
    return sorted(events, key=lambda event: event.at)


def _weight(entry: Entry) -> tuple[int, float]:
    """A line that says more: an end over a beginning, a drill's own end over that of a direction, the slowest host."""
    return (0 if entry.step == BEGIN else 2 if entry.step == DONE else 1, entry.seconds)


def _rollback(last: Entry, budget: float) -> Event:
    reason = _why(last)
    if not reason and last.seconds > budget:
        reason = f"it took {last.seconds:.1f} s, and the budget is {budget:g} s"
    seconds = last.seconds if last.step == DONE else None
    return Event(
        last.at, last.run, ROLLBACK, last.who, last.version, "", seconds, seconds, None, None, None, None, budget,
        not reason, reason,
    )  # fmt: skip


def _drill(last: Entry, budget: float) -> Event:
    found = drill_of(last)
    if found is None:
        why = _why(last) or "it does not say what it measured"
        return Event(
            last.at, last.run, DRILL, last.who, last.version, "", None, None, None, None, None, None, budget, False, why
        )
    return Event(
        at=found.at,
        run=last.run,
        kind=DRILL,
        who=found.who,
        version=found.version,
        before=found.before,
        seconds=found.slowest,
        back_seconds=found.back_seconds,
        forth_seconds=found.forth_seconds,
        requests=found.requests,
        lost=found.lost,
        errors=found.errors,
        budget_seconds=found.budget_seconds,
        good=not found.reason,
        reason=found.reason,
    )


def _why(last: Entry) -> str:
    if last.step == BEGIN:
        return "cut short"
    return "" if last.step == DONE else f"{last.step}: {last.result}"


def rows(events: Iterable[Event]) -> list[str]:
    """The table for a terminal."""
    lines = [f"{'WHEN':<24}  {'WHAT':<8}  {'TO':<16}  {'BACK':>9}  {'FORTH':>9}  {'BUDGET':>7}  {'LOST':>11}  RESULT"]
    for event in events:
        lost = "-" if event.lost is None else f"{event.lost}/{event.requests}"
        target = event.before or event.version
        lines.append(
            clean(
                f"{event.at:<24}  {event.kind:<8}  {target:<16}  {_seconds(event.back_seconds):>9}"
                f"  {_seconds(event.forth_seconds):>9}  {event.budget_seconds:>5g} s  {lost:>11}"
                f"  {'ok' if event.good else event.reason} ({event.who})"
            )
        )
    return lines if len(lines) > 1 else ["no rollback and no drill yet"]


def _seconds(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f} s"
