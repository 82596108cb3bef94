"""What came of a drill: its result, why it failed, and what the ledger keeps of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field

from rollback.prober import Counted


@dataclass(frozen=True)
class Drilled:
    """What a drill saw. ``version`` is live as before it; ``reasons`` say why it failed, and are none where it passed.

    Seconds are of the whole direction, ``first_*`` until the first answer of the other release; none: it did not get
    that far.
    """

    version: str
    before: str
    back_seconds: float | None
    forth_seconds: float | None
    first_back_seconds: float | None
    first_forth_seconds: float | None
    budget_seconds: float
    counted: Counted
    reasons: tuple[str, ...]
    unrecorded: tuple[str, ...]
    seconds: float
    phases: Mapping[str, Mapping[str, float]] = field(default_factory=dict)

    @property
    def passed(self) -> bool:
        """Did all of it go well?"""
        return not self.reasons


def failures(seconds: Mapping[str, float], ways: Mapping[str, str], counted: Counted, budget: float) -> list[str]:
    """Why what was measured is not good enough. ``seconds`` has each way's that was gone, ``ways`` where it leads."""
    reasons = [
        f"to {version} it took {taken:.1f} s, and the budget is {budget:g} s"
        for way, version in ways.items()
        if (taken := seconds.get(way)) is not None and taken > budget
    ]
    bad = {"lost": counted.lost, "5xx": counted.errors, "wrong": counted.wrong}
    if any(bad.values()):
        said_of = ", ".join(f"{number} {what}" for what, number in bad.items() if number)
        reasons.append(f"of {counted.requests} requests {said_of}: {counted.reason}")
    if not counted.requests:
        reasons.append("nothing was asked for while it went on")
    return reasons


def evidence(result: Drilled) -> dict[str, object]:
    """What the ledger keeps of it: flat, so that any reader finds it."""
    plain = asdict(result)
    counted = plain.pop("counted")
    plain |= {name: counted[name] for name in ("requests", "lost", "errors", "wrong", "p95_seconds")}
    left_out = ("version", "reasons", "unrecorded", "seconds")
    return {"passed": result.passed, **{name: value for name, value in plain.items() if name not in left_out}}
