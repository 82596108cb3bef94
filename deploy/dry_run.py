"""What a command would do: its own code runs, on hosts that are looked at and told nothing else.

Each host's shell is behind one that passes on nothing but questions. Every other script is written down
and answered as the host would if all went well, so the plan is whatever the command does with such answers. A script
that is not known here is an error, never a guess. What else reaches out (the edge, the journal on this machine) is not
handed on at all.
"""

from __future__ import annotations

import itertools
import shlex
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

from core.errors import HostError
from core.ports import Clock, Held, Input, Ran, Shell
from deploy import commands
from deploy.facts import read_facts
from deploy.layout import Layout
from deploy.operation import World
from deploy.script import fragment, step_in, values_of

_LOOK_SECONDS = 30.0
_FENCE = "dry-run"
# More lines than a list of contents has: what a host has of them already is found out by asking it to gather them.
_EVERY = 1_000_000

Values = Mapping[str, str]

# The fragments that make a script what it is, and what it says once all went well.
ANSWERS: Mapping[str, Callable[[Values], str]] = {
    "begin": lambda _values: "begun",
    "lacks": lambda _values: f"lacks 1-{_EVERY}\nasked",
    "upload": lambda values: f"kept {values['version']}",
    "credentials": lambda _values: "kept",
    "migrate": lambda _values: "migrated",
    "start": lambda values: f"healthy {'warm' if values['reuse'] == 'yes' else 'cold'}",
    "canary": lambda _values: "mark 0 0\nsocket -\npointed",
    "switch": lambda _values: "switched 0 0 -\nverified",
    "commit": lambda _values: "committed",
    "watch": lambda _values: "mark 0 0\nrequests 0 0\nbefore 0 0\nsocket -\nhealthy",
    "withdraw": lambda _values: "withdrawn",
    "changed": lambda _values: "compared",
    "finish": lambda _values: "finished",
}
# The lock's, which is never taken, and the steps of other commands than a deploy and a rollback: not to be answered.
OTHERS = frozenset({"hold", "audit", "contract", "give", "ledger", "logs", "maintenance", "prepare", "status"})


@dataclass(frozen=True)
class Command:
    """One script for one host: the step it is, its ``values``, what it would read, whole as the host would run it.

    ``times`` is how often it would be run, one after the other.
    """

    host: str
    step: str
    values: Values
    stdin: str
    script: str
    times: int = 1


@dataclass
class Plan:
    """Fulfils :class:`deploy.progress.Progress`: what would be done in each phase, host by host, in its order."""

    phases: list[tuple[str, tuple[Command, ...]]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    _open: list[Command] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, command: Command) -> None:
        """One command more; the same again counts as another time of it."""
        with self._lock:
            last = next((at for at, one in _backwards(self._open) if one.host == command.host), None)
            if last is not None and replace(self._open[last], times=1) == command:
                self._open[last] = replace(command, times=self._open[last].times + 1)
            else:
                self._open.append(command)

    def phase(self, name: str, seconds: float, hosts: Mapping[str, str]) -> None:  # noqa: ARG002 - the protocol's
        """Everything since the phase before belongs to this one."""
        with self._lock:
            self.phases.append((name, _in_turn(self._open, list(hosts))))
            self._open = []

    def note(self, text: str) -> None:
        """Something worth knowing."""
        self.notes.append(text)


def _backwards(commands_so_far: list[Command]) -> list[tuple[int, Command]]:
    return list(enumerate(commands_so_far))[::-1]


def _in_turn(found: list[Command], names: list[str]) -> tuple[Command, ...]:
    """All first commands, then all second ones: threads bring them in any order, and each host has its own."""
    turns: dict[str, int] = {}
    placed = []
    for command in found:
        turn = turns[command.host] = turns.get(command.host, -1) + 1
        place = names.index(command.host) if command.host in names else len(names)
        placed.append((turn, place, command))
    return tuple(command for _, _, command in sorted(placed, key=lambda each: each[:2]))


def dry(world: World, plan: Plan) -> World:
    """``world`` as it may be looked at: nothing that a command does with what this gives back changes anything.

    It is made of what is named here and nothing else, so whatever a world can reach besides is not reached. Secrets are
    read, for one that is missing stops a deploy; they are not shown.
    """
    if world.after is not None:
        plan.note(
            "once the traffic has moved, the edge's cache is purged and others are told, as the stack's file says"
        )
    return World(
        shells={name: DryShell(shell, world.layout, plan) for name, shell in world.shells.items()},
        edge=None,
        clock=_DryClock(world.clock),
        progress=plan,
        settings=world.settings,
        layout=world.layout,
        owner=world.owner,
        left_out=world.left_out,
        stack=world.stack,
        sources=world.sources,
        protected=world.protected,
        local=_NothingLocal(plan),
    )


class DryShell:
    """Fulfils :class:`core.ports.Shell` for a host that is only looked at."""

    def __init__(self, shell: Shell, layout: Layout, plan: Plan) -> None:
        self._shell = shell
        self._layout = layout
        self._plan = plan

    @property
    def name(self) -> str:
        """The host's name in every message."""
        return self._shell.name

    def connect(self) -> None:
        """Log in."""
        self._shell.connect()

    def run(self, script: str, *, timeout: float, stdin: Input = None) -> Ran:
        """Write the script down and answer as if it had gone well. Raises :class:`HostError` for an unknown one."""
        script = _unfenced(script)
        if script in (commands.look(self._layout), commands.credentials_ready(self._layout)):
            return self._shell.run(script, timeout=timeout)
        step = step_of(script)
        values = values_of(script)
        self._plan.add(Command(self.name, step, values, _described(stdin), script))
        return Ran(0, ANSWERS[step](values) + "\n", "")

    def hold(self, script: str, *, timeout: float) -> Held:
        """Say the facts, and take nothing."""
        preflight = fragment("preflight") in script
        self._plan.add(Command(self.name, "hold", values_of(script), "", script))
        look = commands.look(self._layout, preflight=preflight)
        ran = self._shell.run(look, timeout=min(timeout, _LOOK_SECONDS))
        if not ran.status:
            lease = read_facts(self.name, ran).lease
            if lease is not None and lease.left > 0:
                since = f"since {lease.since} ({lease.action})"
                self._plan.note(f"{self.name}: {lease.who} has been releasing to it {since}: it would be refused now")
            ran = Ran(0, f"{ran.out}fence {_FENCE}\nend\n", ran.err)
        return _NothingHeld(ran)

    def pull(self, script: str, into: Path, *, timeout: float) -> Ran:  # noqa: ARG002 - the protocol's
        """Neither a deploy nor a rollback takes what a host holds. Raises :class:`HostError`."""
        raise HostError(f"{self.name}: a dry run takes nothing from a host, and {into.name} was asked for: report it")

    def close(self) -> None:
        """Cut the connection."""
        self._shell.close()


@dataclass(frozen=True)
class _NothingHeld:
    said: Ran

    def beat(self) -> None:
        """There is no lease to renew."""

    def let_go(self) -> None:
        """There is nothing to let go."""


@dataclass
class _NothingLocal:
    """Fulfils :class:`core.ports.LocalCommand`."""

    plan: Plan
    told: bool = False

    def run(self, words: Sequence[str], *, environment: Mapping[str, str], timeout: float) -> Ran:  # noqa: ARG002
        """Say once what would be run on this machine."""
        if not self.told:
            self.told = True
            self.plan.note(f"while it is watched, this machine runs: {shlex.join(words)}")
        return Ran(0, "", "")


class _DryClock:
    """Fulfils :class:`core.ports.Clock`: waiting takes no time."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._ahead = 0.0

    def now(self) -> datetime:
        """The wall clock, in UTC."""
        return self._clock.now()

    def monotonic(self) -> float:
        """Seconds that only grow, with those that were not waited."""
        return self._clock.monotonic() + self._ahead

    def sleep(self, seconds: float) -> None:
        """Be there already."""
        self._ahead += seconds


def step_of(script: str) -> str:
    """Which step of a deploy or a rollback a script is. Raises :class:`HostError` for one that is none."""
    step = step_in(script)
    if step not in ANSWERS:
        raise HostError(f"a dry run does not know what this script would do ({step or 'none of ours'}): report it")
    return step


def _unfenced(script: str) -> str:
    """Without the lock's token and the script's number, which are there once the lock is taken."""
    lines = script.split("\n")
    return "\n".join(itertools.dropwhile(lambda line: line.startswith(("fence=", "number=")), lines))


def _described(stdin: Input) -> str:
    """What a script would read, at most: never its content, which may be secrets."""
    if stdin is None:
        return ""
    if isinstance(stdin, Path):
        return f"{stdin.name}, at most {stdin.stat().st_size} bytes"
    return f"{len(stdin)} bytes that are not shown" if isinstance(stdin, bytes) else "bytes that are not shown"
