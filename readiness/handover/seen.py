"""The parts that the hosts and the last run of the checks tell."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from core.settings.stack import Stack
from deploy.facts import HostFacts
from deploy.journal import DRILL
from readiness.check import TITLES, Table
from readiness.handover.model import Part
from readiness.history import KnownRow
from rollback.report.history import Event


@dataclass(frozen=True)
class Seen:
    """What the hosts say: each one's facts, every rollback and drill; nothing, and ``trouble``, where they could not
    be asked.
    """

    fleet: Mapping[str, HostFacts]
    events: Sequence[Event]
    trouble: str = ""


def checklist(rows: Sequence[KnownRow], name: str) -> Part:
    """The ten rows as `invoke check` last found them, and what stands in the way."""
    again = ((f"invoke check --stack {name}", "ask again; --format html --out FILE for the page"),)
    if not rows:
        return Part("Is it ready?", ("Nobody has run `invoke check` on this machine yet.",), None, again)
    cells = tuple(
        (TITLES[row.row], row.state.value, f"{row.held} of {row.asked}", ", ".join(row.standing), row.began)
        for row in rows
    )
    columns = ("row", "state", "holds", "what does not", "all asked since")
    return Part("Is it ready?", (), Table("The rows", columns, cells), again)


def going_back(stack: Stack, name: str, seen: Seen, now: datetime) -> Part:
    """What is live, what it would go back to, the last drill, and what to type at night."""
    said = [seen.trouble, f"The budget of a rollback is {stack.release.budget_seconds:g} s.", _drilled(seen, name, now)]
    table = Table("Hosts", ("host", "live", "colour", "last good before"), _hosts(seen.fleet)) if seen.fleet else None
    commands = (
        (f"invoke status --stack {name}", "how every host is, and what to run next"),
        (f"invoke rollback --stack {name}", "back to the release before, verified, in seconds"),
        (f"invoke deploy.resume --stack {name}", "go on with one that was cut short; .abort takes it back"),
        (f"invoke maintenance.on --stack {name}", "a page for visitors while you think; .off"),
        (f"invoke logs --stack {name} --follow", "what the release says"),
        ("scripts/rollback-here", "on a host alone, with nothing but a shell"),
    )
    return Part("When a release goes wrong", tuple(filter(None, said)), table, commands)


def _drilled(seen: Seen, name: str, now: datetime) -> str:
    if not seen.fleet:
        return ""
    drills = [event for event in seen.events if event.kind == DRILL]
    if not drills:
        return f"The way back was never drilled: run `invoke rollback.drill --stack {name}`."
    last = drills[-1]
    days = (now - datetime.fromisoformat(last.at)).days
    took = f"{last.seconds:.2f} s the slower way" if last.seconds is not None else last.reason
    verdict = "passed" if last.good else "failed"
    return f"The last drill {verdict} at {last.at} ({days} days ago): {took}, of {last.budget_seconds:g} s."


def _hosts(fleet: Mapping[str, HostFacts]) -> tuple[tuple[str, ...], ...]:
    return tuple(
        (name, facts.version or "nothing", facts.serving or "", _before(facts)) for name, facts in fleet.items()
    )


def _before(facts: HostFacts) -> str:
    earlier: Sequence[str] = [version for version in facts.good if version != facts.version]
    return earlier[-1] if earlier else "none"
