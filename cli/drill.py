"""`invoke rollback.drill` and `rollback.report`: the way back tried out, and what came of it over time."""

from __future__ import annotations

import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from invoke.context import Context

from cli.guard import command
from cli.world import JSON, STACK, WAIT, Wishes, reached
from core.errors import RollbackError

if TYPE_CHECKING:
    from rollback.drilled import Drilled


@command(
    help={"stack": STACK, "yes": "do not ask, on a protected stack", "wait": WAIT, "json": JSON},
)
def drill(_context: Context, stack: str = "", yes: bool = False, wait: str = "", json: bool = False) -> None:
    """
    Try the way back out on the live environment: to the last good release and forward again, under real requests.

    Both directions are verified on each host and through the edge, timed against the budget, and written into every
    host's journal. A protected stack takes no release without a fresh drill. It ends on the release that was live.

        invoke rollback.drill --stack lab

    Exit status: 0 both ways within the budget and nothing lost; 6 not so, or nothing to drill; 3 somebody else is
    releasing; 7 hosts serve different versions; 1 anything else, traffic untouched.
    """
    from cli.output import show
    from rollback.drill import drill as run

    with reached(stack, Wishes(quiet=json, wait=wait, copies=True, gated=True)) as world:
        if world.protected and not yes:
            _ask(world.stack)
        done = run(world)
        show(document(done) if json else text(done))
    if not done.passed:
        raise RollbackError("\n".join(["the drill failed:", *done.reasons]))


@command(
    help={
        "stack": STACK,
        "out": "write the page with the plot here, as one HTML file",
        "json": JSON,
    }
)
def report(_context: Context, stack: str = "", out: str = "", json: bool = False) -> None:
    """
    Show how long each rollback and each drill took, against the budget, from the hosts' journals.

        invoke rollback.report --stack lab
        invoke rollback.report --stack lab --out reports/rollbacks.html

    Exit status: 0; 1 a journal could not be read: what the others have is shown.
    """
    from cli.output import show
    from deploy.drills import drill_budget
    from deploy.ledger.read import read_ledgers
    from rollback.report.history import history, rows

    with reached(stack, Wishes(quiet=True, edge=False)) as world:
        ledgers = read_ledgers(world)
        budget = drill_budget(world.settings)
        name = world.stack
    if not ledgers.good:
        ledgers.or_raise()
    found = history(ledgers.good.values(), world.settings.budget_seconds, budget)
    if out:
        _write(Path(out), name, found)
    show({"stack": name, "events": [asdict(event) for event in found]} if json else "\n".join(rows(found)))
    ledgers.or_raise()


def _write(path: Path, stack: str, found: Any) -> None:
    from cli.around import write_file
    from rollback.report.page import render

    write_file(path, render(stack, found))


def _ask(stack: str) -> None:
    warning = f"{stack} is protected: a drill moves its live traffic to the release before, and forward again"
    if not sys.stdin.isatty():
        raise RollbackError(f"{warning}: say --yes")
    print(f"{warning}.\nType the stack's name to go on: ", end="", flush=True)
    if sys.stdin.readline().strip() != stack:
        raise RollbackError("that is not its name: nothing was touched")


def text(done: Drilled) -> str:
    """What a drill was, in lines."""
    counted = done.counted
    p95 = "-" if counted.p95_seconds is None else f"{counted.p95_seconds * 1000:.0f} ms"
    lines = [
        f"back to {done.before}:    {_way(done.back_seconds, done.first_back_seconds)}",
        f"forward to {done.version}: {_way(done.forth_seconds, done.first_forth_seconds)}",
        f"{counted.requests} requests meanwhile: {counted.lost} lost, {counted.errors} 5xx, {counted.wrong} wrong;"
        f" p95 {p95}",
    ]
    if done.unrecorded:
        lines.append(f"not written down on {', '.join(done.unrecorded)}: free disk space there, then drill again")
    word = "passed" if done.passed else "FAILED"
    return "\n".join([*lines, f"drill {word}: {done.version} is live, budget {done.budget_seconds:g} s each way"])


def _way(seconds: float | None, first: float | None) -> str:
    if seconds is None:
        return "not done"
    return f"{seconds:.2f} s" + ("" if first is None else f", first answer after {first:.2f} s")


def document(done: Drilled) -> dict[str, Any]:
    """The document of a drill."""
    return {"passed": done.passed, **asdict(done)}
