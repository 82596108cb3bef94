"""What a ledger tells of drills, and whether the last one allows a release: pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from core.settings.release import Release as Settings
from core.terminal import clean
from deploy.facts import HostFacts
from deploy.journal import DONE, DRILL, Entry

CLOCKS_DIFFER = timedelta(minutes=10)
"""How far in the future a time may be that another machine wrote."""


@dataclass(frozen=True)
class Drill:
    """One drill, by its last line: from ``version`` back to ``before`` and forward again, in seconds each way.

    A direction that was not gone to its end has none. ``reason`` is why it failed, "" where it passed.
    """

    at: str
    who: str
    version: str
    before: str
    back_seconds: float | None
    forth_seconds: float | None
    requests: int
    lost: int
    errors: int
    budget_seconds: float
    reason: str

    @property
    def slowest(self) -> float | None:
        """The longer of both directions, or none."""
        both = [seconds for seconds in (self.back_seconds, self.forth_seconds) if seconds is not None]
        return max(both, default=None)


def drill_of(entry: Entry | None) -> Drill | None:
    """The drill that a line tells of, or none for another line and for one that does not say enough."""
    seen = (entry.evidence or {}).get(DRILL) if entry and (entry.action, entry.step) == (DRILL, DONE) else None
    if entry is None or not isinstance(seen, dict):
        return None
    counts = [seen.get(name) for name in ("requests", "lost", "errors")]
    if not all(isinstance(count, int) for count in counts) or not _number(seen.get("budget_seconds")):
        return None
    back, forth = (_seconds(seen.get(name)) for name in ("back_seconds", "forth_seconds"))
    reason = "" if entry.result == "ok" and seen.get("passed") is True and None not in (back, forth) else entry.result
    return Drill(
        at=entry.at,
        who=entry.who,
        version=entry.version,
        before=str(seen.get("before", "")),
        back_seconds=back,
        forth_seconds=forth,
        requests=int(seen["requests"]),
        lost=int(seen["lost"]),
        errors=int(seen["errors"]),
        budget_seconds=float(seen["budget_seconds"]),
        reason=reason,
    )


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _seconds(value: Any) -> float | None:
    return float(value) if _number(value) else None


def last_drill(fleet: Mapping[str, HostFacts]) -> Drill | None:
    """The newest drill that any host tells of."""
    lines = [line for facts in fleet.values() for line in (facts.drill, *facts.journal)]
    return max((drill for line in lines if (drill := drill_of(line))), key=lambda drill: drill.at, default=None)


def drill_budget(settings: Settings) -> float:
    """What each direction of a drill may take, in seconds."""
    return settings.drill.budget_seconds or settings.budget_seconds


def drill_refusal(fleet: Mapping[str, HostFacts], settings: Settings, now: datetime, stack: str) -> str | None:
    """Why a protected stack takes no release now, or none: where nothing could be drilled yet, it may."""
    if all(len(facts.good) < 2 for facts in fleet.values()):
        return None
    reason = _stale(last_drill(fleet), settings, now)
    if reason is None:
        return None
    return (
        f"the stack is protected, and {reason}: run `invoke rollback.drill --stack {clean(stack)}`, or say why not with"
        " --without-drill REASON, which is written down"
    )


def _stale(last: Drill | None, settings: Settings, now: datetime) -> str | None:
    if last is None:
        return "no rollback was ever drilled on it"
    age = age_of(last.at, now)
    budget, slowest = drill_budget(settings), last.slowest
    if last.reason:
        return f"its last rollback drill, {_ago(age)}, failed: {clean(last.reason)}"
    if age is None or age < -CLOCKS_DIFFER:
        return f"its last rollback drill is of {clean(last.at)}, which is no time that was"
    if age > timedelta(days=settings.drill.max_age_days):
        return f"its last rollback drill was {_ago(age)}, and {settings.drill.max_age_days:g} days are allowed"
    if slowest is None or slowest > budget:
        return f"its last rollback drill, {_ago(age)}, took {slowest or 0:.1f} s, and the budget is {budget:g} s"
    return None


def age_of(at: str, now: datetime) -> timedelta | None:
    """How long ago ``at`` was, RFC 3339 or a time of UTC; None where it is no time."""
    try:
        then = datetime.fromisoformat(at)
    except ValueError:
        return None
    return now - (then if then.tzinfo else then.replace(tzinfo=UTC))


def _ago(age: timedelta | None) -> str:
    if age is None:
        return "at an unknown time"
    return f"{age.days} days ago" if age.days >= 2 else f"{max(age.total_seconds(), 0) / 3600:.0f} h ago"
