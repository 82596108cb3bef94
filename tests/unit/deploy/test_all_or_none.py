"""Whatever fails on whichever host: every host serves the new release, or every host the old one, or it is said.

The hosts are models that know each script by what it does. A script that they do not know is an error.
"""

from __future__ import annotations

import copy
import functools
import json
import shlex
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import HostError, LaunchReadyError, LockedError, RevertedError, RollbackError, SplitError
from core.ports import Answer, Input, Ran
from core.settings.release import Release
from deploy.api import deploy
from deploy.artifact import Artifact
from deploy.lock import Owner
from deploy.manifest import Manifest
from deploy.operation import World
from rollback.api import rollback

NAMES = ("a", "b", "c")
STEPS = {
    "hold": "printf 'locked %s",
    "begin": "echo begun",
    "upload": 'echo "kept $version"',
    "start": 'echo "healthy $how"',
    "switch": 'echo "switched $mark',
    "commit": "echo committed",
    "watch": 'echo "mark $now_at"',
    "withdraw": "echo withdrawn",
    "finish": "echo finished",
}


def step_of(script: str) -> str:
    found = [step for step, mark in STEPS.items() if mark in script]
    assert len(found) == 1, f"a script that no host knows: {found}"
    return found[0]


def values_of(script: str) -> dict[str, str]:
    """The assignments at the head of a script."""
    words = shlex.split(script.partition("# shellcheck")[0])
    return dict(word.split("=", 1) for word in words if "=" in word)


@dataclass
class Model:
    """One host. ``trouble`` has, for a step, what happens at its first time: lost before, or after it was done."""

    name: str
    trouble: dict[str, str] = field(default_factory=dict)
    slots: dict[str, str] = field(default_factory=dict)
    running: dict[str, str] = field(default_factory=dict)
    kept: set[str] = field(default_factory=set)
    journal: list[str] = field(default_factory=list)
    current: str = "-"
    live: str = "-"
    sick: set[str] = field(default_factory=set)
    dead: bool = False
    holder: str = ""
    fence: int = 0
    done: list[str] = field(default_factory=list)

    def connect(self) -> None:
        if self.dead:
            raise HostError(f"{self.name} does not answer")

    def run(self, script: str, *, timeout: float, stdin: Input = None) -> Ran:
        assert timeout > 0
        assert self.holder, "a step without the lock"
        step, values = step_of(script), values_of(script)
        assert values["fence"] == f":{self.fence}", "a step without the lock's token"
        trouble = self.trouble.pop(step, "") if not self.dead else "dead"
        if trouble in ("dead", "dies before"):
            self.dead = self.dead or trouble == "dies before"
            raise HostError(f"{self.name}: the connection was lost")
        if trouble == "lost before":
            raise HostError(f"{self.name}: the connection was lost")
        if trouble == "fails":
            return Ran(1, "", "oops")
        lines = getattr(self, f"do_{step}")(values)
        self.done.append(step)
        if trouble in ("lost after", "dies after"):
            self.dead = trouble == "dies after"
            raise HostError(f"{self.name}: the connection was lost")
        return Ran(0, "\n".join(lines) + "\n", "")

    def hold(self, script: str, *, timeout: float) -> Model.Held:
        self.connect()
        if self.holder:
            return Model.Held(self, Ran(75, f"locked 20 {self.holder}\n", ""), owns=False)
        self.holder = values_of(script)["owner"]
        self.fence += 1
        facts = [f"fence :{self.fence}", f"live {self.live}", f"current {self.current}"]
        facts += [f"slot {colour} {version}" for colour, version in self.slots.items()]
        facts += [f"socket {colour}" for colour in self.running]
        facts += [
            "release " + json.dumps({"version": version, "digest": f"sha-{version}", "health_path": "/healthz"})
            for version in self.kept
        ]
        facts += [f"journal {line}" for line in self.journal]
        facts += ["space 1000000000 1000 1000", "nginx ok", "end"]
        return Model.Held(self, Ran(0, "\n".join(facts) + "\n", ""), owns=True)

    def close(self) -> None:
        self.holder = ""

    @dataclass
    class Held:
        host: Model
        said: Ran
        owns: bool

        def beat(self) -> None:
            assert self.owns

        def let_go(self) -> None:
            if self.owns:
                self.host.holder = ""

    def do_begin(self, values: Mapping[str, str]) -> list[str]:
        self.journal.append(values["entry"])
        return ["begun"]

    def do_upload(self, values: Mapping[str, str]) -> list[str]:
        self.kept.add(values["version"])
        return [f"kept {values['version']}"]

    def do_start(self, values: Mapping[str, str]) -> list[str]:
        colour, version = values["colour"], values["version"]
        self.journal += [values[name] for name in ("entry", "seen") if values[name]]
        warm = values["reuse"] == "yes" and self.running.get(colour) == version
        if not warm:
            assert colour != self.current or self.slots[colour] == version, "the live release was replaced"
            self.slots[colour] = self.running[colour] = version
        return [f"unhealthy 503 {version}"] if version in self.sick else [f"healthy {'warm' if warm else 'cold'}"]

    def do_switch(self, values: Mapping[str, str]) -> list[str]:
        self.journal += [values["entry"]] if values["entry"] else []
        self.current = values["colour"]
        if self.current == "-":
            return ["switched 1 0 -"]
        seen = self.running.get(self.current)
        return ["switched 1 0 7", "verified" if seen == values["version"] else f"unverified 200 {seen}"]

    def do_commit(self, values: Mapping[str, str]) -> list[str]:
        self.live = values["colour"]
        self.journal.append(values["entry"])
        return ["committed"]

    def do_watch(self, values: Mapping[str, str]) -> list[str]:
        errors = 50 if f"bad {values['version']}" in self.sick else 0
        return ["mark 1 100", f"requests 100 {errors}", "socket 7", "healthy"]

    def do_withdraw(self, values: Mapping[str, str]) -> list[str]:
        colour = values["colour"]
        assert colour != self.current, "the colour with the traffic was stopped"
        self.running.pop(colour, None)
        if values["restore"] != "-":
            self.slots[colour] = self.running[colour] = values["restore"]
        self.journal.append(values["entry"])
        return ["withdrawn"]

    def do_finish(self, values: Mapping[str, str]) -> list[str]:
        self.journal += [values["entry"]] if values["entry"] else []
        gone = set(values["prune"].split())
        assert not gone & set(self.slots.values()), "what a slot holds was removed"
        self.kept -= gone
        return ["finished"]

    @property
    def serves(self) -> str | None:
        return self.running.get(self.current)

    @property
    def boots(self) -> str | None:
        return self.slots.get(self.live)


class Stopped:
    """A clock that only moves when somebody waits."""

    def __init__(self) -> None:
        self.time = 0.0

    def now(self) -> datetime:
        self.time += 0.001
        return datetime.fromtimestamp(self.time, UTC)

    def monotonic(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.time += seconds
        time.sleep(0.001)  # so that a thread which waits lets the others go on


class Silent:
    def phase(self, name: str, seconds: float, hosts: Mapping[str, str]) -> None:
        """Nobody listens."""

    def note(self, text: str) -> None:
        """Nobody listens."""


@dataclass
class Edge:
    host: Model

    def ask(self, _path: str) -> Answer:
        return Answer(200, self.host.serves or "")


def artifact(version: str) -> Artifact:
    text = {"name": "x", "version": version, "command": ["serve"], "health_path": "/healthz"}
    made = Manifest.model_validate_json(json.dumps(text))
    return SizedArtifact(Path("/nowhere"), f"sha-{version}", made, 10, 2)


class SizedArtifact(Artifact):
    packed_bytes = 10


def world(hosts: Mapping[str, Model], **settings: Any) -> World:
    section = Release.model_validate_json(json.dumps({"watch": {"seconds": 0}, **settings}))
    return World(dict(hosts), Edge(hosts["a"]), Stopped(), Silent(), section, owner=Owner("tester", "here"))


def fleet(*versions: str) -> dict[str, Model]:
    """Three hosts on which ``versions`` were deployed, one after the other."""
    return copy.deepcopy(_fleet(versions))


@functools.cache
def _fleet(versions: tuple[str, ...]) -> dict[str, Model]:
    hosts = {name: Model(name) for name in NAMES}
    for version in versions:
        deploy(world(hosts), artifact(version))
    for host in hosts.values():
        host.done.clear()
    return hosts


def served(hosts: Mapping[str, Model]) -> list[str | None]:
    return [host.serves for host in hosts.values()]


TROUBLES = st.dictionaries(
    st.sampled_from(["begin", "upload", "start", "switch", "commit", "withdraw", "finish"]),
    st.sampled_from(["lost before", "lost after", "fails", "dies before", "dies after"]),
    max_size=3,
)


def check(hosts: Mapping[str, Model], run: Callable[[], object], old: str, new: str) -> None:
    """Run it, then hold its words against what the hosts serve."""
    said: LaunchReadyError | None = None
    try:
        run()
    except LaunchReadyError as error:
        said = error
    if isinstance(said, SplitError):
        assert all(f"{name} serves" in str(said) for name in NAMES)
        return
    expected = new if said is None or "is live and verified on every host" in str(said) else old
    assert served(hosts) == [expected] * 3
    assert [host.boots for host in hosts.values()] == [expected] * 3
    assert not any(host.holder for host in hosts.values())


@settings(max_examples=120, deadline=None)
@given(troubles=st.tuples(TROUBLES, TROUBLES, TROUBLES), sick=st.sets(st.sampled_from(NAMES), max_size=1))
def test_a_deploy_is_on_every_host_or_on_none(troubles: tuple[dict[str, str], ...], sick: set[str]) -> None:
    hosts = fleet("1", "2")
    for host, trouble in zip(hosts.values(), troubles, strict=True):
        host.trouble = dict(trouble)
        host.sick = {"3"} if host.name in sick else set()
    check(hosts, lambda: deploy(world(hosts), artifact("3")), "2", "3")
    for host in hosts.values():
        host.trouble, host.dead, host.sick, host.holder = {}, False, set(), ""
    # and then the way out that the messages name works
    target = rollback(world(hosts), "2").version
    assert served(hosts) == [target] * 3


@settings(max_examples=80, deadline=None)
@given(troubles=st.tuples(TROUBLES, TROUBLES, TROUBLES))
def test_a_rollback_is_on_every_host_or_on_none(troubles: tuple[dict[str, str], ...]) -> None:
    hosts = fleet("1", "2")
    for host, trouble in zip(hosts.values(), troubles, strict=True):
        host.trouble = dict(trouble)
    check(hosts, lambda: rollback(world(hosts)), "2", "1")


def test_nobody_switches_before_everybody_is_healthy() -> None:
    hosts = fleet("1")
    hosts["c"].sick = {"2"}
    with pytest.raises(LaunchReadyError, match=r"c: 2 is not healthy: /healthz answers 503, not 200"):
        deploy(world(hosts), artifact("2"))
    assert all("switch" not in host.done for host in hosts.values())


def test_the_edge_decides_a_deploy_and_not_a_rollback() -> None:
    hosts = fleet("1", "2")

    class Elsewhere:
        def ask(self, _path: str) -> Answer:
            return Answer(200, "0")

    around = world(hosts)
    object.__setattr__(around, "edge", Elsewhere())
    with pytest.raises(RevertedError, match="the edge answers /healthz with 200 and X-Release '0', not 200 '3'"):
        deploy(around, artifact("3"))
    assert served(hosts) == ["2"] * 3
    back = rollback(around)
    assert (back.edge.verified, served(hosts)) == (False, ["1"] * 3)


def test_the_first_release_that_turns_bad_is_left_and_said() -> None:
    hosts = fleet()
    hosts["b"].sick = {"bad 1"}
    with pytest.raises(RollbackError, match=r"50 of its 300 answers were 5xx .* it was left live"):
        deploy(world(hosts), artifact("1"), 3)
    assert served(hosts) == ["1"] * 3


def test_a_release_that_turns_bad_goes_and_the_warm_one_before_is_back() -> None:
    hosts = fleet("1", "2")
    hosts["b"].sick = {"bad 3"}
    with pytest.raises(RevertedError, match="3 was taken back: it turned bad"):
        deploy(world(hosts), artifact("3"), 3)
    assert served(hosts) == ["2"] * 3
    assert all(host.running == {host.current: "2", **_warm(host)} for host in hosts.values())


def _warm(host: Model) -> dict[str, str]:
    return {colour: "1" for colour in ("blue", "green") if colour != host.current}


def test_a_lock_that_is_taken_leaves_the_others_free() -> None:
    hosts = fleet("1")
    hosts["c"].holder = json.dumps({"who": "eve@desk", "since": "2026", "action": "deploy"})
    with pytest.raises(LockedError, match=r"c: eve@desk has been releasing to it since 2026 \(deploy\)"):
        deploy(world(hosts), artifact("2"))
    assert [host.holder for host in hosts.values()][:2] == ["", ""]
