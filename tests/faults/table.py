"""The crash matrix as a page."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tests.faults.matrix import DEPLOY_STEPS, FAULTS, ROLLBACK_STEPS, Outcome

_WORDS = Path(__file__).with_name("crash-matrix.md")


def table(outcomes: Sequence[Outcome], wanted: int) -> str:
    """The page: what the cells mean, a table for each command, the sums."""
    rows = {(one.cell.action, one.cell.step, one.cell.fault): one for one in outcomes}
    parts = [_WORDS.read_text(encoding="utf-8").rstrip()]
    for action, steps in (("deploy", DEPLOY_STEPS), ("rollback", ROLLBACK_STEPS)):
        lines = [f"## {action.capitalize()}", "", f"| step | {' | '.join(FAULTS)} |", "|---" * (len(FAULTS) + 1) + "|"]
        for step in steps:
            found = [rows.get((action, step, fault)) for fault in FAULTS]
            lines.append(f"| {step} | {' | '.join(_cell(one) for one in found)} |")
        parts.append("\n".join(lines))
    asked, seconds = sum(one.asked for one in outcomes), sum(one.seconds for one in outcomes)
    parts.append(
        f"## Sums\n\n{len(outcomes)} of {wanted} cells ended whole, in {seconds:.0f} s: 0 split, 0 locks left, 0 of"
        f" {asked} requests lost."
    )
    return "\n\n".join(parts) + "\n"


def _cell(one: Outcome | None) -> str:
    if one is None:
        return "not whole"
    return f"{one.ended}; {one.cell.recovery}: {one.recovered}"
