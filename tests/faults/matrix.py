"""The crash matrix: what a cell is, how its fault is done to real hosts, and what must be true of them afterwards."""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from adapters.clock import SystemClock
from adapters.ssh import HeldScript, SshShell
from cli.release_text import releases as told_releases
from core.errors import LaunchReadyError, RollbackError, SplitError
from core.ports import Input, Ran
from core.settings.hosts import Hosts, fleet_of
from core.settings.release import Release
from deploy.api import deploy, releases
from deploy.artifact import open_artifact
from deploy.operation import World
from deploy.plan import cut_short
from lab.hosts import api
from rollback.api import rollback
from rollback.unfinished import abort, resume
from tests.faults.conftest import NAMES, Machines, Quiet
from tests.faults.prober import Prober
from tests.model.host import STEPS

SCRIPTS = {**STEPS, "migrate": "echo migrated"}
SETTINGS = """{"health": {"timeout_seconds": 4}, "drain_seconds": 0.2, "verify_seconds": 2, "watch": {"seconds": 0},
    "disk_margin_bytes": 0, "keep": 3}"""
FAULTS = ("killed", "power off", "ssh cut", "disk full", "app hangs", "clock jump")
DEPLOY_STEPS = ("lock", "begin", "upload", "migrate", "start", "healthy", "switch", "commit", "watch", "finish")
ROLLBACK_STEPS = ("lock", "start", "healthy", "switch", "commit", "finish")
RECOVERIES = ("resume", "abort", "rollback")
# The script at which a step is hit, and when: before it is sent, while it runs, or when it has answered.
MOMENTS = {
    "lock": ("hold", "before"),
    "upload": ("upload", "during"),
    "migrate": ("migrate", "during"),
    "start": ("start", "during"),
    "healthy": ("start", "after"),
}
DISK_BYTES = 192 * 1024 * 1024
JUMP = timedelta(hours=5)


@dataclass(frozen=True)
class Cell:
    """One step of one command and one fault; ``recovery`` is what makes it good."""

    action: str
    step: str
    fault: str
    recovery: str

    @property
    def name(self) -> str:
        """For a test's name."""
        return "-".join((self.action, self.step, self.fault.replace(" ", "_"), self.recovery))

    @property
    def victim(self) -> str:
        """The host that is hit: the second, so that the first has done the step; migrations are the first's."""
        return NAMES[0] if self.step == "migrate" else NAMES[1]


def cells() -> list[Cell]:
    """All of them; each recovery meets each fault and each step."""
    rows = [("deploy", step) for step in DEPLOY_STEPS] + [("rollback", step) for step in ROLLBACK_STEPS]
    return [
        Cell(action, step, fault, RECOVERIES[(row + column) % 3])
        for row, (action, step) in enumerate(rows)
        for column, fault in enumerate(FAULTS)
    ]


class JumpingClock(SystemClock):
    """A wall clock that somebody sets."""

    def __init__(self) -> None:
        self.jumped = timedelta(0)

    def now(self) -> datetime:
        """What it shows."""
        return super().now() + self.jumped


@dataclass
class Trip:
    """Where the fault strikes. ``others`` is set once the other host has done the step."""

    script: str
    moment: str
    victim: str
    strike: Callable[[], None]
    struck: bool = False
    others: threading.Event = field(default_factory=threading.Event)

    def around(self, name: str, script: str, call: Callable[[], Any]) -> Any:
        """``call``, with the fault in its place."""
        step = next((step for step, mark in SCRIPTS.items() if mark in script), "")
        if step != self.script or self.struck or name != self.victim:
            result = call()
            if step == self.script:
                self.others.set()
            return result
        self.struck = True
        if self.moment == "before":
            self.others.wait(5)
            self.strike()
        elif self.moment == "during":
            threading.Timer(0.05, self.strike).start()
        result = call()
        if self.moment == "after":
            self.strike()
        return result


class Tripped:
    """A shell with a fault in its way. Fulfils :class:`core.ports.Shell`."""

    def __init__(self, shell: SshShell, trip: Trip) -> None:
        self.shell = shell
        self.trip = trip
        self.name = shell.name

    def connect(self) -> None:
        self.shell.connect()

    def run(self, script: str, *, timeout: float, stdin: Input = None) -> Ran:
        ran: Ran = self.trip.around(self.name, script, lambda: self.shell.run(script, timeout=timeout, stdin=stdin))
        return ran

    def pull(self, script: str, into: Path, *, timeout: float) -> Ran:
        return self.shell.pull(script, into, timeout=timeout)

    def hold(self, script: str, *, timeout: float) -> HeldScript:
        held: HeldScript = self.trip.around(self.name, script, lambda: self.shell.hold(script, timeout=timeout))
        return held

    def close(self) -> None:
        self.shell.close()

    def cut(self) -> None:
        """The line between us and the host is gone."""
        transport = self.shell._begun().result().transport
        transport.sock.close()
        transport.close()


def world_of(inventory: Path, trip: Trip, clock: SystemClock) -> World:
    """A releaser whose shells have the fault in their way."""
    fleet = fleet_of(Hosts(inventory=str(inventory)), Path("/"))
    shells = {host.name: Tripped(SshShell(host), trip) for host in fleet.hosts}
    return World(shells, None, clock, Quiet(), Release.model_validate_json(SETTINGS))


def perform(world: World, action: str, path: Path, step: str) -> Any:
    """The command of a cell."""
    if action == "deploy":
        return deploy(world, open_artifact(path), 0.5 if step == "watch" else 0)
    return rollback(world)


def die(inventory: Path, cell: Cell, path: Path) -> None:
    """In a process of its own: the command, and SIGKILL at its place."""
    script, moment = MOMENTS.get(cell.step, (cell.step, "before"))
    trip = Trip(script, moment, cell.victim, lambda: os.kill(os.getpid(), signal.SIGKILL))
    with suppress(LaunchReadyError):
        perform(world_of(inventory, trip, SystemClock()), cell.action, path, cell.step)


@dataclass
class Stage:
    """The hosts that all cells go over, one after the other, and what they serve."""

    machines: Machines
    forks: Any = field(default_factory=lambda: multiprocessing.get_context("forkserver"))
    count: int = 0

    @property
    def inventory(self) -> Path:
        """Where the hosts are."""
        return self.machines.folder / "inventory.json"

    def inside(self, name: str, script: str) -> str:
        """What a script says as root on a host."""
        return api.shell(self.machines.place, name, ["sh", "-c", script]).stdout

    def survivor(self) -> World:
        """A releaser that nothing happens to; it waits for a lock as long as a lease may last."""
        world = replace(self.machines.world(), edge=None, wait_seconds=25.0)
        return replace(world, settings=Release.model_validate_json(SETTINGS))

    def artifact(self, step: str) -> Path:
        """A new release."""
        self.count += 1
        migrate = "sleep 0.3" if step == "migrate" else ""
        return self.machines.build(f"{self.count}.0.0", migrate=migrate).path

    def ready(self, cell: Cell) -> Path:
        """Two releases behind us, so that there is a way back and one that is behind that."""
        while not self._goes_back_twice():
            deploy(self.survivor(), open_artifact(self.artifact("")))
        if cell.action == "rollback":
            deploy(self.survivor(), open_artifact(self.artifact("")))
        self.machines.part()
        return self.artifact(cell.step)

    def _goes_back_twice(self) -> bool:
        """What was gone back from counts no more, and what is below it may have been pruned meanwhile."""
        facts = releases(self.survivor())[NAMES[0]]
        return len(facts.good) >= 2 and set(facts.good[-2:]) <= set(facts.kept)

    def strike(self, cell: Cell, path: Path) -> str:
        """The command with its fault, and then the fault's end: how the command ended, in a word."""
        if cell.fault == "killed":
            process = self.forks.Process(target=die, args=(self.inventory, cell, path))
            process.start()
            process.join(120)
            assert process.exitcode == -signal.SIGKILL, f"it was not killed: {process.exitcode}"
            return "killed"
        script, moment = MOMENTS.get(cell.step, (cell.step, "before"))
        trip, clock = Trip(script, moment, cell.victim, lambda: None), JumpingClock()
        world = world_of(self.inventory, trip, clock)
        trip.strike, mend = self.fault(cell, world, clock)
        try:
            done = perform(world, cell.action, path, cell.step)
            ended = "went through, but not recorded" if getattr(done, "unrecorded", ()) else "went through"
        except LaunchReadyError as error:
            ended = {4: "refused", 5: "taken back", 7: "named a split"}.get(error.exit_code, "failed")
            if isinstance(error.__context__, SplitError):
                ended = "named a split"
        finally:
            for shell in world.shells.values():
                shell.close()
            mend()
        assert trip.struck, "the fault never struck"
        if "not recorded" in ended:
            # What it says to do then.
            rollback(self.survivor(), done.version)
        return ended

    def fault(self, cell: Cell, world: World, clock: JumpingClock) -> tuple[Callable[[], None], Callable[[], None]]:
        """How it strikes, and how it ends."""
        place, victim = self.machines.place, cell.victim
        if cell.fault == "power off":
            return lambda: api.power_cut(place, victim), lambda: api.start(place, victim)
        if cell.fault == "ssh cut":
            shell = world.shells[victim]
            assert isinstance(shell, Tripped)
            return shell.cut, lambda: None
        if cell.fault == "disk full":
            fill = "cat /dev/zero >/srv/fill"
            return self._does(victim, fill), self._does(victim, "rm -f /srv/fill")
        if cell.fault == "app hangs":
            unit = "app@blue" if self._hangs_blue(cell) else "app@green"
            hang, goes_on = (f"systemctl kill -s {number} {unit}; true" for number in ("STOP", "CONT"))
            return self._does(victim, hang), self._does(victim, goes_on)
        jump = JUMP if self.count % 2 else -JUMP
        signed = "+5 hours" if self.count % 2 else "-5 hours"
        date = f'printf \'#!/bin/sh\\nexec /bin/date -d "{signed}" "$@"\\n\' >/usr/local/bin/date'
        on_host = f"{date}; chmod 755 /usr/local/bin/date; touch -h -d '{signed}' /run/app/current.sock"

        def jumps() -> None:
            clock.jumped = jump
            self.inside(victim, on_host)

        return jumps, self._does(victim, "rm -f /usr/local/bin/date")

    def settled(self) -> None:
        """Every host answers again: one that was off has booted, one that hung goes on."""
        ends = time.monotonic() + 30
        while any(not said.startswith("200 ") for said in self.machines.serves()):
            assert time.monotonic() < ends, f"a host does not come back: {self.machines.serves()}"
            time.sleep(0.1)

    def _does(self, name: str, script: str) -> Callable[[], None]:
        def does() -> None:
            self.inside(name, script)

        return does

    def _hangs_blue(self, cell: Cell) -> bool:
        """The release that is about to be live; before it is there, the one that is."""
        blue = "blue" in self.inside(cell.victim, "readlink /srv/app/live")
        return blue != (cell.step not in ("lock", "begin", "upload", "migrate"))

    def recover(self, cell: Cell, path: Path) -> str:
        """The command that makes it good, whose words are the table's; one that cannot says what to do instead."""
        try:
            return self._once(cell.recovery, path)
        except RollbackError as error:
            if "nothing to go back to" in str(error) or "deploy.abort" in str(error):
                return f"{cell.recovery}, abort: {self._once('abort', path)}"
            raise

    def _once(self, recovery: str, path: Path) -> str:
        world = self.survivor()
        if recovery == "rollback":
            return rollback(world).version
        if recovery == "abort":
            undone = abort(world)
            return str(undone.serves) if undone else "nothing to do"
        cut = cut_short(releases(world))
        seen = resume(world, open_artifact(path) if cut is not None and cut.action == "deploy" else None)
        return seen.version if seen else "nothing to do"

    def check(self) -> str:
        """The one version that every host serves, now and at boot. Raises AssertionError for anything else."""
        found = releases(self.survivor())
        served = {facts.version for facts in found.values()}
        assert len(served) == 1, f"split: {served}"
        assert all(facts.settled for facts in found.values()), "split at the next boot"
        (version,) = served
        assert self.machines.serves() == [f"200 {version}"] * len(NAMES)
        assert cut_short(found) is None
        for name in NAMES:
            chained(self.inside(name, "cat /srv/app/journal.jsonl"))
        return str(version)

    def told(self) -> str:
        """What `invoke releases` says."""
        return told_releases(releases(self.survivor()))


def chained(journal: str) -> None:
    """Raises AssertionError where a line is not the next of the one before it."""
    before = ""
    for number, line in enumerate(journal.splitlines()):
        try:
            entry = json.loads(line)
        except ValueError:
            before += line  # it was torn, and the next one is chained to it together with the one before
            continue
        assert entry["seq"] == number
        assert entry["prev"] == hashlib.sha256(before.encode()).hexdigest()
        before = line


@dataclass
class Outcome:
    """One cell's row in the table."""

    cell: Cell
    ended: str
    recovered: str
    serves: str
    lost: int
    asked: int
    seconds: float


def play(stage: Stage, cell: Cell) -> Outcome:
    """One cell: the command and its fault, then its recovery, under requests all the time."""
    path = stage.ready(cell)
    began = time.monotonic()
    with Prober(stage.machines.fleet) as prober:
        with prober.hurt(cell.victim if cell.fault in ("power off", "app hangs") else ""):
            ended = stage.strike(cell, path)
            stage.settled()
        cut = cut_short(releases(stage.survivor()))
        if cut is not None:
            # Of another command a host that was reached may say that it was refused or taken back.
            lines = [line for line in stage.told().splitlines() if f"  {cut.action:<8} {cut.version} " in line]
            # One that was killed while it finished is done on the host that wrote it down.
            told = "  done after" if cell.step == "finish" else "  cut short"
            assert ended != "killed" or any(told in line for line in lines)
        recovered = stage.recover(cell, path)
    outcome = Outcome(cell, ended, recovered, stage.check(), len(prober.lost), prober.asked, time.monotonic() - began)
    stage.machines.part()
    assert not prober.lost, f"lost: {prober.lost[:3]}"
    return outcome
