"""One host as a model: it knows each script by what it does, an effect at a time; another script is an error.

A script is a generator: what it does between two ``yield`` is done at once, and at each ``yield`` anything else may
happen. A ``yield`` of a predicate waits for it. What a script ends with is a :class:`core.ports.Ran`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from core.errors import HostError
from core.ports import Input, Ran

STEPS = {
    "hold": "printf 'locked %d",
    "begin": "echo begun",
    "lacks": "echo asked",
    "upload": 'echo "kept $version"',
    "canary": "echo pointed",
    "start": 'echo "healthy $how"',
    "switch": 'echo "switched $mark',
    "commit": "echo committed",
    "watch": 'echo "mark $now_at"',
    "withdraw": "echo withdrawn",
    "finish": "echo finished",
}
_ASSIGNED = re.compile(r"""^(\w+)=((?:'[^']*'|"'"|[^\s'"])*)$""", re.MULTILINE)
_PIECE = re.compile(r"""'([^']*)'|"(')"|([^\s'"]+)""")
Wait = Callable[[], bool]
Effects = Generator[Wait | None, None, list[str]]


def step_of(script: str) -> str:
    """Which of the scripts it is."""
    found = [step for step, mark in STEPS.items() if mark in script]
    assert len(found) == 1, f"a script that no host knows: {found}"
    return found[0]


def values_of(script: str) -> dict[str, str]:
    """The assignments at the head of a script, as :func:`shlex.quote` wrote them."""
    found = _ASSIGNED.findall(script.partition("# shellcheck")[0])
    return {name: "".join(map("".join, _PIECE.findall(quoted))) for name, quoted in found}


class Ended(Exception):
    """A script ends here, with this."""

    def __init__(self, ran: Ran) -> None:
        super().__init__(ran)
        self.ran = ran


class Process:
    """A script that runs on a host, whoever started it."""

    def __init__(self, host: Model, script: str) -> None:
        self.host = host
        self.step = step_of(script)
        self.values = values_of(script)
        self.ran: Ran | None = None
        self.alone = False
        self._boot = host.boot
        self._waits: Wait | None = None
        self._effects: Effects = getattr(host, f"do_{self.step}")(self.values, self)

    @property
    def gone(self) -> bool:
        """The power was cut under it."""
        return not self.host.up or self.host.boot != self._boot

    def ready(self) -> bool:
        """Could it go on now?"""
        return self.ran is None and (self._waits is None or self._waits())

    def go_on(self) -> None:
        """Do its next effect."""
        try:
            self._waits = next(self._effects)
        except StopIteration as end:
            self._end(Ran(0, "\n".join(end.value) + "\n", ""))
        except Ended as end:
            self._end(end.ran)

    def _end(self, ran: Ran) -> None:
        self.ran = ran
        if self.host.step is self:
            self.host.step = None

    def to_the_end(self) -> Ran:
        """All of it, with nothing in between."""
        while self.ran is None:
            assert self.ready(), f"{self.step} waits for ever"
            self.go_on()
        return self.ran


@dataclass
class Model:
    """One host. ``trouble`` has, for a step, what happens at its first time: lost before, or after it was done.

    ``sick`` has the versions that are not healthy there, ``mute`` those that nginx does not answer with. ``wrongs`` are
    the things that must never be, as they were seen. ``fences`` off is a host that asks for no token.
    """

    name: str
    trouble: dict[str, str] = field(default_factory=dict)
    slots: dict[str, str] = field(default_factory=dict)
    running: dict[str, str] = field(default_factory=dict)
    kept: set[str] = field(default_factory=set)
    journal: list[str] = field(default_factory=list, repr=False)
    unsynced: bool = False
    current: str = "-"
    live: str = "-"
    ahead: tuple[str, int] = ("", 0)
    sick: set[str] = field(default_factory=set)
    mute: set[str] = field(default_factory=set)
    dead: bool = False
    holder: str = ""
    held_by: object = None
    silent: bool = False
    fence: str = ""
    given: str = ""
    last: tuple[str, int] = ("", 0)
    count: int = 0
    boot: int = 0
    step: Process | None = None
    proven: set[str] = field(default_factory=set)
    done: list[str] = field(default_factory=list)
    wrongs: list[str] = field(default_factory=list)
    fences: bool = True

    @property
    def up(self) -> bool:
        """Is it on?"""
        return not self.dead

    @property
    def serves(self) -> str | None:
        """The version that has the traffic now."""
        return self.running.get(self.current)

    @property
    def boots(self) -> str | None:
        """The version that has it after a boot."""
        return self.slots.get(self.live)

    def cut_power(self, lost: str = "") -> None:
        """What is in memory is gone; of a journal's line that was not synced, ``lost`` is left."""
        if self.unsynced:
            self.journal[-1:] = [lost] if lost else []
        self.dead, self.unsynced = True, False
        self.running, self.current = {}, "-"
        self.holder, self.held_by, self.silent, self.step = "", None, False, None
        self.fence = self.given = ""
        self.proven.clear()

    def power_on(self) -> None:
        """It boots on what its disk says."""
        assert self.dead
        self.dead, self.boot, self.count = False, self.boot + 1, 0
        if self.live != "-":
            self.current, self.running = self.live, {self.live: self.slots[self.live]}

    def blink(self) -> None:
        """Its power fails and is back at once."""
        self.cut_power()
        self.power_on()

    def let_go(self, hold: object) -> None:
        """The script that holds the lock ends, by itself."""
        if self.held_by is hold:
            self.holder, self.held_by, self.fence = "", None, f"{self.given} free"

    # As a shell of its own, for what needs no interleaving.

    def connect(self) -> None:
        """Fulfils :class:`core.ports.Shell`."""
        if self.dead:
            raise HostError(f"{self.name} does not answer")

    def run(self, script: str, *, timeout: float, stdin: Input = None) -> Ran:
        """Fulfils :class:`core.ports.Shell`, with the trouble that a test asked for."""
        assert timeout > 0
        assert self.holder, "a step without the lock"
        step = step_of(script)
        trouble = self.trouble.pop(step, "") if not self.dead else "dead"
        if trouble in ("dead", "dies before"):
            self.dead = self.dead or trouble == "dies before"
            raise HostError(f"{self.name}: the connection was lost")
        if trouble == "lost before":
            raise HostError(f"{self.name}: the connection was lost")
        if trouble == "fails":
            return Ran(1, "", "oops")
        ran = Process(self, script).to_the_end()
        assert not ran.out.startswith("fenced"), "a step without the lock's token"
        self.done.append(step)
        if trouble in ("lost after", "dies after"):
            self.dead = trouble == "dies after"
            raise HostError(f"{self.name}: the connection was lost")
        return ran

    def pull(self, script: str, into: Path, *, timeout: float) -> Ran:
        """Nothing that is modelled asks for a file."""
        raise AssertionError(f"{self.name}: a script that no host knows, for {into}")

    def hold(self, script: str, *, timeout: float) -> Held:
        """Fulfils :class:`core.ports.Shell`."""
        self.connect()
        process = Process(self, script)
        return Held(self, process, process.to_the_end())

    def close(self) -> None:
        """Fulfils :class:`core.ports.Shell`."""
        self.holder, self.held_by = "", None

    # The scripts, as deploy/scripts has them.

    def _begins(self, values: Mapping[str, str], me: Process) -> Generator[Wait | None, None, None]:
        yield lambda: self.step is None
        self.step = me
        if self.fences and self.fence != values["fence"]:
            raise Ended(Ran(77, f"fenced {self.holder}\n", ""))
        number = int(values["number"])
        if self.fences and self.last[0] == self.fence and number < self.last[1]:
            raise Ended(Ran(75, "failed it came late\n", ""))
        self.last = (self.fence, number)

    def _changes(self, values: Mapping[str, str], me: Process) -> None:
        """What every effect must be: of whoever holds the step, by the lock that was given last."""
        if self.step is not me:
            self.wrongs.append(f"{self.name}: {me.step} changed something beside another step")
        if values["fence"] != self.given:
            self.wrongs.append(f"{self.name}: {me.step} of {values['fence']} took effect after {self.given} was given")

    def _writes(self, line: str, values: Mapping[str, str], me: Process) -> Generator[Wait | None, None, None]:
        self._changes(values, me)
        self.journal.append(line)
        self.unsynced = True
        yield None
        self.unsynced = False

    def _runs(self, colour: str, version: str) -> None:
        if self.current == colour and self.running.get(colour) not in (None, version):
            self.wrongs.append(f"{self.name}: {self.running[colour]} had the traffic and was replaced by {version}")
        self.running[colour] = version
        self.proven.discard(colour)

    def do_hold(self, values: Mapping[str, str], me: Process) -> Effects:
        yield None
        took = []
        if self.holder and not self.silent:
            raise Ended(Ran(75, f"locked 20 {self.holder}\n", ""))
        if self.holder:
            took = [f"took {self.holder}"]
        self.holder, self.held_by, self.silent = values["owner"], me, False
        yield None
        self.count += 1
        self.fence = fence = f"boot{self.boot}:{self.count}"
        yield lambda: self.step is None
        if self.fence != fence:
            raise Ended(Ran(77, f"fenced {self.holder}\n", ""))
        self.given = fence
        return [*took, f"fence {fence}", *self.facts(), "space 1000000000 1000 1000", "nginx ok", "end"]

    def facts(self) -> list[str]:
        """What it says of itself."""
        facts = [f"live {self.live}", f"current {self.current}"]
        facts += [f"slot {colour} {version}" for colour, version in self.slots.items()]
        facts += [f"socket {colour}" for colour in self.running]
        facts += [
            "release " + json.dumps({"version": version, "digest": f"sha-{version}", "health_path": "/healthz"})
            for version in sorted(self.kept)
        ]
        facts.append(f"tenths {self.ahead[1]}")
        return facts + [f"journal {line}" for line in self.journal]

    def do_begin(self, values: Mapping[str, str], me: Process) -> Effects:
        yield from self._begins(values, me)
        yield from self._writes(values["entry"], values, me)
        self._changes(values, me)
        self.ahead = ("", 0)
        return ["begun"]

    def do_lacks(self, values: Mapping[str, str], me: Process) -> Effects:
        yield from self._begins(values, me)
        return ["asked"]

    def do_upload(self, values: Mapping[str, str], me: Process) -> Effects:
        yield from self._begins(values, me)
        yield None
        self._changes(values, me)
        self.kept.add(values["version"])
        return [f"kept {values['version']}"]

    def do_start(self, values: Mapping[str, str], me: Process) -> Effects:
        colour, version = values["colour"], values["version"]
        yield from self._begins(values, me)
        if values["entry"]:
            yield from self._writes(values["entry"], values, me)
        warm = values["reuse"] == "yes" and self.running.get(colour) == version and version not in self.sick
        if not warm:
            self._changes(values, me)
            self.ahead = ("", 0)
            self.slots[colour] = version
            yield None
            self._changes(values, me)
            self._runs(colour, version)
        self.step = None
        yield None
        if self.running.get(colour) != version or version in self.sick:
            return [f"unhealthy 503 {version}"]
        self.proven.add(colour)
        if values["seen"]:
            yield from self._begins(values, me)
            yield from self._writes(values["seen"], values, me)
        return [f"healthy {'warm' if warm else 'cold'}"]

    def do_canary(self, values: Mapping[str, str], me: Process) -> Effects:
        yield from self._begins(values, me)
        yield from self._writes(values["entry"], values, me)
        self._changes(values, me)
        if values["colour"] not in self.proven:
            self.wrongs.append(f"{self.name}: a part of the traffic went where nothing was healthy")
        self.ahead = (values["colour"], int(values["tenths"]))
        return ["mark 1 0", "socket 7", "pointed"]

    def do_switch(self, values: Mapping[str, str], me: Process) -> Effects:
        yield from self._begins(values, me)
        if values["entry"]:
            yield from self._writes(values["entry"], values, me)
        self._changes(values, me)
        was, self.current = self.current, values["colour"]
        self.ahead = ("", 0)
        if self.current == "-":
            return ["switched 1 0 -"]
        if self.current not in self.proven and self.current != was:
            self.wrongs.append(f"{self.name}: {values['version']} got the traffic and was not healthy there")
        self.step = None
        yield None
        seen = self.running.get(self.current)
        right = seen == values["version"] and seen not in self.mute | self.sick
        return ["switched 1 0 7", "verified" if right else f"unverified 200 {seen}"]

    def do_commit(self, values: Mapping[str, str], me: Process) -> Effects:
        yield from self._begins(values, me)
        self._changes(values, me)
        self.live = values["colour"]
        yield None
        yield from self._writes(values["entry"], values, me)
        return ["committed"]

    def do_watch(self, values: Mapping[str, str], me: Process) -> Effects:
        yield None
        errors = 50 if f"bad {values['version']}" in self.sick else 0
        return ["mark 1 100", f"requests 100 {errors}", "socket 7", "healthy"]

    def do_withdraw(self, values: Mapping[str, str], me: Process) -> Effects:
        colour = values["colour"]
        yield from self._begins(values, me)
        self._changes(values, me)
        self.ahead = ("", 0)
        if colour == self.current:
            self.wrongs.append(f"{self.name}: {self.running.get(colour)} had the traffic and was stopped")
        self.running.pop(colour, None)
        self.proven.discard(colour)
        yield None
        if values["restore"] != "-":
            self._changes(values, me)
            self.slots[colour] = values["restore"]
            yield None
            self._runs(colour, values["restore"])
        yield from self._writes(values["entry"], values, me)
        return ["withdrawn"]

    def do_finish(self, values: Mapping[str, str], me: Process) -> Effects:
        yield from self._begins(values, me)
        yield from self._writes(values["entry"], values, me)
        gone = set(values["prune"].split())
        if gone & set(self.slots.values()):
            self.wrongs.append(f"{self.name}: what a slot holds was removed: {gone}")
        self._changes(values, me)
        self.kept -= gone
        return ["finished"]


@dataclass
class Held:
    """Fulfils :class:`core.ports.Held`."""

    host: Model
    hold: object
    said: Ran

    def beat(self) -> None:
        """Nothing: a lease ends where the test says so."""

    def let_go(self) -> None:
        """End it."""
        self.host.let_go(self.hold)
