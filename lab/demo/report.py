"""What the demo closes with: a table on the terminal, and the page with the timeline of requests."""

from __future__ import annotations

import datetime
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.markup import escape
from rich.table import Table

from lab.demo.stage import Ran, Stage
from lab.load import Record, Stored, Summary, summary
from lab.timeline import BUDGET_SECONDS, Event, Facts, Timing, render

FOUND_BY = r"^\S+ {phase} +([0-9.]+) s\b"


@dataclass(frozen=True)
class Released:
    """A command of a release under load: how it was to end, when it began (epoch seconds), what it printed and took."""

    label: str
    outcome: str
    began: float
    ran: Ran

    def phase_seconds(self, phase: str) -> float | None:
        """How long a phase took, by the line that the command printed of it."""
        found = re.search(FOUND_BY.format(phase=re.escape(phase)), self.ran.output, re.MULTILINE)
        return float(found.group(1)) if found else None


def close(stage: Stage, released: list[Released], records: list[Record], stored: Stored | None, page: Path) -> None:
    """Print the table, write the page, and make claims of what must hold: nothing lost, nothing stored twice."""
    stage.act("What it came to")
    found = summary(records)
    stage.console.print(_releases(released))
    stage.console.print(_requests(found))
    stage.claim(
        "no request was lost", found.requests > 0 and found.lost == 0, f"{found.requests} sent, {found.lost} lost"
    )
    stage.claim(
        "every accepted post is stored exactly once",
        stored is not None and stored.accepted > 0 and stored.exact,
        _posts(stored),
    )
    stage.claim("the release that failed its gate never got a request", "3.0.0" not in {r.release for r in records})
    page.parent.mkdir(parents=True, exist_ok=True)
    page.write_text(render(records, events(stage, released), _facts(released, stored)), encoding="utf-8")
    stage.say(f"\nThe timeline of requests by release: {page}")


def _releases(released: list[Released]) -> Table:
    table = Table(title="Releases", title_justify="left")
    for name in ("command", "how it ended"):
        table.add_column(name)
    for name in ("switch", "whole command", f"of {BUDGET_SECONDS:.0f} s"):
        table.add_column(name, justify="right")
    for one in released:
        share = f"{one.ran.seconds / BUDGET_SECONDS:.2%}" if one.label == "rollback" else ""
        table.add_row(escape(one.label), one.outcome, _seconds(switch_seconds(one)), _seconds(one.ran.seconds), share)
    return table


def switch_seconds(one: Released) -> float | None:
    """The switch with its verification on every host and through the edge; of one taken back, the way back."""
    return one.phase_seconds("switch back") or one.phase_seconds("switch")


def _seconds(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f} s"


def _requests(found: Summary) -> Table:
    table = Table(title="Requests, by the release that answered", title_justify="left")
    for name in ("release", "requests", "5xx of its own", "p50", "p95", "p99"):
        table.add_column(name, justify="left" if name == "release" else "right")
    for one in found.releases:
        times = (f"{value * 1000:.0f} ms" for value in (one.latency.p50, one.latency.p95, one.latency.p99))
        table.add_row(escape(one.release), str(one.requests), str(one.errors), *times)
    proxied = sum(found.by_proxy.values())
    table.add_section()
    table.add_row(
        "all", str(found.requests), str(found.errors), f"{found.lost} lost", f"{proxied} by a proxy alone", ""
    )
    return table


def _posts(stored: Stored | None) -> str:
    if stored is None:
        return "the load ended before it could look"
    return f"{stored.accepted} accepted, {stored.missing} missing, {stored.doubled} doubled"


def _facts(released: list[Released], stored: Stored | None) -> Facts:
    timings = []
    for one in released:
        if (seconds := switch_seconds(one)) is not None:
            timings.append(
                Timing(f"{one.label}: {'switch back' if one.outcome == 'taken back' else 'switch'}", seconds)
            )
        if one.label == "rollback":
            timings.append(Timing("invoke rollback, the whole command", one.ran.seconds, budgeted=True))
    return Facts(tuple(timings), stored)


def events(stage: Stage, released: list[Released]) -> list[Event]:
    """The moments for the timeline: when each command began, and what the hosts' journals say of when traffic moved."""
    begun = [Event(one.began, one.label, "started") for one in released]
    document = stage.ask("releases", "--stack", "lab") or {"hosts": []}
    first = released[0].began if released else 0.0
    # The first of each kind in a command: the way back of one that is reverted is journalled as a switch, too.
    steps = {
        (entry["run"], entry["step"]): entry for host in document["hosts"][:1] for entry in reversed(host["journal"])
    }
    moved = [_moved(entry) for entry in steps.values()]
    return begun + [event for event in moved if event and event.at >= first]


def _moved(entry: dict[str, Any]) -> Event | None:
    rolled = entry["action"] == "rollback"
    kinds = {"switch": "rolled-back" if rolled else "switched", "refused": "refused", "reverted": "reverted"}
    kind = kinds.get(entry["step"])
    at = datetime.datetime.fromisoformat(entry["at"]).timestamp()
    return Event(at, f"{entry['version']}: {entry['step']}", kind) if kind else None
