"""Releasers and hosts in one schedule: their lines, their accidents, and what must be true whatever happened."""

from __future__ import annotations

import copy
import functools
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from core.errors import HostError
from core.ports import Input, Ran
from core.settings.release import Release
from deploy.api import deploy
from deploy.artifact import Artifact
from deploy.facts import HostFacts, read_facts
from deploy.history import compared
from deploy.lock import Owner
from deploy.manifest import Manifest
from deploy.operation import World
from rollback.api import rollback
from rollback.unfinished import abort, resume
from tests.model import host as hosts_model
from tests.model.host import Model
from tests.model.schedule import Process, Schedule

SETTINGS = Release.model_validate_json('{"watch": {"seconds": 0}}')
# With a canary's steps and a watch too.
CAREFUL = Release.model_validate_json('{"watch": {"seconds": 1}, "canary": {"steps": [10, 50], "step_seconds": 1}}')


class Clock:
    """One that only moves when it is looked at."""

    time = 0.0

    def now(self) -> datetime:
        Clock.time += 0.001
        return datetime.fromtimestamp(Clock.time, UTC)

    def monotonic(self) -> float:
        return Clock.time

    def sleep(self, seconds: float) -> None:
        Clock.time += seconds


class Silent:
    def phase(self, name: str, seconds: float, hosts: Mapping[str, str]) -> None:
        """Nobody listens."""

    def note(self, text: str) -> None:
        """Nobody listens."""


class Sized(Artifact):
    packed_bytes = 10


def artifact(version: str) -> Artifact:
    """A release that is not there but by name."""
    text = {"name": "x", "version": version, "command": ["serve"], "health_path": "/healthz"}
    return Sized(Path("/nowhere"), f"sha-{version}", Manifest.model_validate_json(json.dumps(text)), 10, 2)


@dataclass
class Line:
    """One releaser's connection to one host. Fulfils :class:`core.ports.Shell`."""

    releaser: Releaser = field(repr=False)
    host: Model = field(repr=False)
    boot: int = -1
    cut: bool = False
    slow: bool = False

    @property
    def name(self) -> str:
        return self.host.name

    @property
    def lost(self) -> bool:
        return self.cut or self.host.dead or self.host.boot != self.boot

    def connect(self) -> None:
        self.releaser.pause(f"{self.name} connect")
        if self.host.dead:
            raise HostError(f"{self.name} does not answer")
        self.boot = self.host.boot

    def run(self, script: str, *, timeout: float, stdin: Input = None) -> Ran:
        return self._run(script).ran or Ran(-1, "", "")

    def pull(self, script: str, into: Path, *, timeout: float) -> Ran:
        return self.host.pull(script, into, timeout=timeout)

    def hold(self, script: str, *, timeout: float) -> Hold:
        process = self._run(script)
        self.releaser.before = self.releaser.fleet.versions()
        return Hold(self, process)

    def close(self) -> None:
        self.cut = True

    def _run(self, script: str) -> hosts_model.Process:
        step = hosts_model.step_of(script)
        self.releaser.pause(f"{self.name} {step}: sends it")
        self._require()
        process = hosts_model.Process(self.host, script)
        self.releaser.fleet.processes[id(process)] = (process, self)
        try:
            while process.ran is None:
                self.releaser.pause(f"{self.name} {step}", lambda: process.ready() or self.lost or self.slow)
                self._require()
                process.go_on()
            self.releaser.pause(f"{self.name} {step}: hears of its end")
            self._require()
        except BaseException:
            process.alone = True
            raise
        return process

    def _require(self) -> None:
        if self.lost:
            raise HostError(f"{self.name}: the connection was lost")
        if self.slow:
            self.slow = False
            raise HostError(f"{self.name}: a step there did not end within 90 s")


@dataclass
class Hold:
    """Fulfils :class:`core.ports.Held`."""

    line: Line
    process: hosts_model.Process

    @property
    def said(self) -> Ran:
        return self.process.ran or Ran(-1, "", "")

    def beat(self) -> None:
        """Nothing: a lease ends where the schedule says so."""

    def let_go(self) -> None:
        self.line.releaser.left()
        self.line.releaser.pause(f"{self.line.name} lets go")
        if not self.line.lost:
            self.line.host.let_go(self.process)


@dataclass
class Releaser:
    """One command, from its process's start to its end."""

    fleet: Fleet = field(repr=False)
    process: Process
    action: str
    version: str = ""
    before: dict[str, tuple[str | None, str | None]] = field(default_factory=dict)
    after: dict[str, tuple[str | None, str | None]] = field(default_factory=dict)
    result: Any = None
    error: BaseException | None = None
    interrupts: int = 0
    lines: dict[str, Line] = field(default_factory=dict)

    def pause(self, what: str, ready: Callable[[], bool] | None = None) -> None:
        self.fleet.schedule.pause(what, ready)

    def interrupt(self) -> None:
        """Ctrl-C, or SIGTERM."""
        self.interrupts += 1
        self.process.interrupted = True

    def left(self) -> None:
        """It is about to let go of its locks: how it leaves the hosts."""
        self.after = self.after or self.fleet.versions()

    def work(self) -> None:
        """The command."""
        self.lines = {name: Line(self, host) for name, host in self.fleet.hosts.items()}
        world = World(self.lines, None, Clock(), Silent(), self.fleet.settings, owner=Owner(self.process.name, "here"))
        try:
            self.result = perform(self.action, world, self.version)
        except BaseException as error:  # noqa: BLE001 - judged at the end of the schedule
            self.error = error
        for line in self.lines.values():
            line.close()


def perform(action: str, world: World, version: str) -> Any:
    """The command that ``action`` names."""
    if action == "deploy":
        return deploy(world, artifact(version))
    if action == "resume":
        return resume(world, artifact(version) if version else None)
    return rollback(world) if action == "rollback" else abort(world)


@dataclass
class Fleet:
    """The hosts, whoever releases to them, and what goes wrong."""

    hosts: dict[str, Model]
    schedule: Schedule = field(init=False, repr=False)
    settings: Release = SETTINGS
    releasers: list[Releaser] = field(default_factory=list)
    processes: dict[int, tuple[hosts_model.Process, Line]] = field(default_factory=dict)

    def releaser(self, action: str, version: str = "") -> Releaser:
        """Another command, which begins when it gets its turn."""
        made = Releaser(self, Process(f"{len(self.releasers) + 1}:{action}{version}"), action, version)
        self.releasers.append(made)
        self.schedule.spawn(made.process, "begins", made.work, main=True)
        return made

    def versions(self) -> dict[str, tuple[str | None, str | None]]:
        """What each host serves now and after a boot; one that is off, what it will."""
        return {name: (host.boots if host.dead else host.serves, host.boots) for name, host in self.hosts.items()}

    def orphans(self) -> list[hosts_model.Process]:
        """Scripts that nobody waits for any more, and locks whose holder is gone without a word to the host."""
        self.processes = {key: pair for key, pair in self.processes.items() if not self._is_over(pair[0])}
        return [process for process, line in self.processes.values() if self._is_orphan(process, line)]

    def _is_over(self, process: hosts_model.Process) -> bool:
        return process.gone or (process.ran is not None and process.host.held_by is not process)

    def _is_orphan(self, process: hosts_model.Process, line: Line) -> bool:
        gone = line.lost or line.releaser.process.dead
        return gone if process.ran is not None else gone or process.alone

    def accidents(self) -> list[tuple[str, Callable[[], None]]]:
        """All that could happen now."""
        found: list[tuple[str, Callable[[], None]]] = []
        for releaser in self.releasers:
            if releaser.error is not None or releaser.result is not None or releaser.process.dead:
                continue
            name = releaser.process.name
            found.append((f"kill {name}", functools.partial(setattr, releaser.process, "dead", True)))
            if releaser.lines:
                found.append((f"interrupt {name}", releaser.interrupt))
            for line in releaser.lines.values():
                if line.boot >= 0 and not line.lost:
                    found.append((f"cut {name} from {line.name}", functools.partial(setattr, line, "cut", True)))
                    found.append((f"{line.name} slow for {name}", functools.partial(setattr, line, "slow", True)))
        for host in self.hosts.values():
            if host.dead:
                found.append((f"{host.name} boots", host.power_on))
            else:
                found.append((f"{host.name} off", host.cut_power))
                found.append((f"{host.name} off and on", host.blink))
                found.append((f"{host.name} off, a line torn", functools.partial(host.cut_power, '{"at":"20')))
            if host.holder and not host.silent:
                found.append((f"{host.name}'s lease over", functools.partial(setattr, host, "silent", True)))
        return found

    def quiet_events(self) -> list[tuple[str, Callable[[], None]]]:
        """What goes on by itself after an accident: scripts that nobody waits for, locks that nobody holds."""
        found: list[tuple[str, Callable[[], None]]] = []
        for process in self.orphans():
            if process.ready():
                found.append((f"{process.host.name} {process.step} goes on alone", process.go_on))
            elif process.ran is not None:
                free = functools.partial(process.host.let_go, process)
                found.append((f"{process.host.name} notices that a holder is gone", free))
        return found

    def unstick(self) -> bool:
        """Nobody can go on: what goes on by itself does."""
        events = self.quiet_events()
        for what, happen in events[:1]:
            self.schedule.trace.append(f"! {what}")
            happen()
        return bool(events)

    def settle(self) -> None:
        """Every host is on, every script has ended, no lock is held by nobody."""
        for host in self.hosts.values():
            if host.dead:
                host.power_on()
        while events := self.quiet_events():
            events[0][1]()

    def cure(self) -> None:
        """What was not healthy is."""
        for host in self.hosts.values():
            host.sick.clear()
            host.mute.clear()

    def told(self) -> str:
        """The schedule, for whoever has to understand it."""
        ends = [f"{one.process.name}: {one.result or one.error!r}" for one in self.releasers]
        return "\n".join([*self.schedule.trace, *ends])

    def facts(self) -> dict[str, HostFacts]:
        """What `invoke releases` sees."""
        said = {name: Ran(0, "\n".join(host.facts()), "") for name, host in self.hosts.items()}
        return compared({name: read_facts(name, ran) for name, ran in said.items()})

    def world(self) -> World:
        """For one more command, when nothing goes wrong any more."""
        return World(dict(self.hosts), None, Clock(), Silent(), SETTINGS, owner=Owner("survivor", "here"))


def fleet(names: str = "ab", versions: tuple[str, ...] = ("1", "2")) -> Fleet:
    """Hosts on which ``versions`` were deployed, one after the other."""
    return Fleet(copy.deepcopy(_hosts(names, versions)))


@functools.cache
def _hosts(names: str, versions: tuple[str, ...]) -> dict[str, Model]:
    made = Fleet({name: Model(name) for name in names})
    for version in versions:
        deploy(made.world(), artifact(version))
    return made.hosts
