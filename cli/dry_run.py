"""``--dry-run``: the command's own code on hosts that are only looked at, and what it would have done."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from cli.output import show
from cli.world import Wishes, reached
from core.terminal import clean

if TYPE_CHECKING:
    from deploy.dry_run import Command, Plan
    from deploy.operation import World

DRY_RUN = "look at the hosts, show every command that would be run on each, and change nothing"
_WIDEST = 60


def rehearsed(stack: str, wishes: Wishes, run: Callable[[World], object]) -> None:
    """Have ``run`` do its work on a world that cannot be changed, then show the plan. Raises what ``run`` raises."""
    from deploy.dry_run import Plan, dry

    plan = Plan()
    with reached(stack, replace(wishes, quiet=True, edge=False, keep=False)) as world:
        run(dry(world, plan))
    show(document(plan) if wishes.quiet else lines(plan))


def lines(plan: Plan) -> str:
    """For people: by phase, a line a host and command; then each step's script once."""
    from deploy.script import fragment

    said = ["dry run: nothing was changed, and this is what would be run"]
    for name, found in plan.phases:
        said.append(name)
        width = max((len(command.host) for command in found), default=0)
        said += [f"  {clean(command.host):<{width}}  {_line(command)}" for command in found]
    steps = dict.fromkeys(command.step for _, found in plan.phases for command in found)
    said.append("the steps, as each host's sh runs them after what is assigned above (whole in --json):")
    said += [f"== {step}\n{fragment(step).rstrip()}" for step in ("lib", *steps)]
    return "\n".join([*said, *(clean(note) for note in plan.notes)])


def _line(command: Command) -> str:
    values = " ".join(f"{name}={_short(value)}" for name, value in command.values.items() if value)
    read = f" < {clean(command.stdin)}" if command.stdin else ""
    times = f" ({command.times} times)" if command.times > 1 else ""
    return f"{command.step:<10} {values}{read}{times}"


def _short(value: str) -> str:
    shown = clean(value)
    return shown if len(shown) <= _WIDEST else f"{shown[:_WIDEST]}…"


def document(plan: Plan) -> Mapping[str, Any]:
    """For programs: every command in its order, with the whole script."""
    phases = [{"name": name, "commands": [_command(one) for one in found]} for name, found in plan.phases]
    return {"dry_run": True, "phases": phases, "notes": plan.notes}


def _command(command: Command) -> dict[str, Any]:
    return {
        "host": command.host,
        "step": command.step,
        "values": dict(command.values),
        "stdin": command.stdin,
        "times": command.times,
        "script": command.script,
    }
