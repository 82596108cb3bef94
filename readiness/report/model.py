"""A whole run, judged: what the stack's waivers accept, and what was otherwise the last time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from core.settings.waivers import Waiver
from readiness.check import TITLES, Outcome, Result, Row, Severity
from readiness.run import Ran

WORST_FIRST = tuple(Severity)


class State(StrEnum):
    """How a check or a row stands, worst first."""

    FAIL = "fail"
    CANNOT_TELL = "cannot tell"
    ACCEPTED = "accepted"
    """It fails, or cannot tell, and somebody answers for that until a day that has not passed."""
    PASS = "pass"  # noqa: S105 - a word, no password
    NOT_APPLICABLE = "not applicable"


_STATES = {
    Outcome.PASS: State.PASS,
    Outcome.FAIL: State.FAIL,
    Outcome.CANNOT_TELL: State.CANNOT_TELL,
    Outcome.NOT_APPLICABLE: State.NOT_APPLICABLE,
}
ORDER = {state: place for place, state in enumerate(State)}


@dataclass(frozen=True)
class Judged:
    """A result, who accepts it if anybody does, and how it stood the last time ("" if it was not asked then)."""

    result: Result
    waiver: Waiver | None = None
    before: str = ""

    @property
    def state(self) -> State:
        """How the check stands."""
        return State.ACCEPTED if self.waiver else _STATES[self.result.outcome]

    @property
    def changed(self) -> bool:
        """Whether it stood otherwise the last time."""
        return self.before not in ("", self.state.value)


@dataclass(frozen=True)
class RowReport:
    """One row: its checks, the worst first, and how it stands as a whole: as its worst check does."""

    row: Row
    checks: tuple[Judged, ...]

    @property
    def title(self) -> str:
        """What people call it."""
        return TITLES[self.row]

    @property
    def state(self) -> State:
        """The worst of its checks'; a row none of whose checks was asked cannot tell."""
        states = [each.state for each in self.checks if each.state is not State.NOT_APPLICABLE]
        if not states:
            return State.NOT_APPLICABLE if self.checks else State.CANNOT_TELL
        return min(states, key=ORDER.__getitem__)

    @property
    def held(self) -> int:
        """How many of its checks pass."""
        return sum(each.state is State.PASS for each in self.checks)

    @property
    def said(self) -> str:
        """How many hold, of those that are about anything here."""
        none = sum(each.state is State.NOT_APPLICABLE for each in self.checks)
        beside = f", {none} {'does' if none == 1 else 'do'} not apply" if none else ""
        return f"{self.held} of {len(self.checks) - none} hold{beside}"


@dataclass(frozen=True)
class Report:
    """``began`` is RFC 3339, UTC; ``seconds`` the whole run's; ``requests`` by host name; ``last`` when the run before
    this began, "" for the first; ``notes`` what the frame itself has to say; ``of`` how many checks there are, asked or
    not.
    """

    stack: str
    site: str
    began: str
    seconds: float
    rows: tuple[RowReport, ...]
    times: tuple[Ran, ...] = ()
    requests: Mapping[str, int] | None = None
    last: str = ""
    notes: tuple[str, ...] = ()
    of: int = 0

    @property
    def ready(self) -> bool:
        """Whether every check there is was asked, and none stands in the way."""
        return len(self.checks) == self.of and not self.not_ready(Severity.LOW)

    @property
    def headline(self) -> str:
        """The answer, as people read it first."""
        failed, untold, accepted = map(self.count, (State.FAIL, State.CANNOT_TELL, State.ACCEPTED))
        if failed or untold:
            parts = [f"{failed} check{'s fail' if failed != 1 else ' fails'}"] if failed else []
            return "Not ready: " + ", ".join([*parts, *([f"{untold} cannot be told"] if untold else [])])
        said = "Ready" if self.ready else f"{len(self.checks)} of {self.of} checks asked, and none of them fails"
        return said + (f", with {accepted} accepted risk{'s' if accepted > 1 else ''}" if accepted else "")

    @property
    def counts(self) -> dict[str, int]:
        """How many checks stand how."""
        return {state.value: self.count(state) for state in State}

    @property
    def checks(self) -> list[Judged]:
        """All of them, row by row."""
        return [each for row in self.rows for each in row.checks]

    def count(self, state: State) -> int:
        """How many checks stand so."""
        return sum(each.state is state for each in self.checks)

    def not_ready(self, fail_on: Severity | None) -> list[Judged]:
        """What stands in the way, the worst first: failed or untold, of severity ``fail_on`` or worse."""
        if fail_on is None:
            return []
        most = WORST_FIRST.index(fail_on)
        standing = [
            each
            for each in self.checks
            if each.state in (State.FAIL, State.CANNOT_TELL) and WORST_FIRST.index(each.result.check.severity) <= most
        ]
        return sorted(standing, key=lambda each: _rank(each)[:2])


def judge(results: Iterable[Result], waivers: Sequence[Waiver], site: str, today: date) -> list[Judged]:
    """Each result with the waiver that covers it: one for the check's id and the site's name, that has not ended."""
    return [Judged(result, _waiver(result, waivers, site, today)) for result in results]


def _waiver(result: Result, waivers: Sequence[Waiver], site: str, today: date) -> Waiver | None:
    if result.outcome in (Outcome.PASS, Outcome.NOT_APPLICABLE):
        return None
    return next((each for each in waivers if each.until >= today and each.covers(result.check.id, site)), None)


def rows_of(judged: Iterable[Judged]) -> tuple[RowReport, ...]:
    """The rows that were asked, in their order; in each the worst first, and of those the most severe."""
    found: dict[Row, list[Judged]] = {}
    for each in judged:
        found.setdefault(each.result.check.row, []).append(each)
    return tuple(RowReport(row, tuple(sorted(found[row], key=_rank))) for row in Row if row in found)


def _rank(each: Judged) -> tuple[int, int, str]:
    check = each.result.check
    return ORDER[each.state], WORST_FIRST.index(check.severity), check.id
