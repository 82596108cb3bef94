"""Whatever fails on whichever host: every host serves the new release, or every host the old one, or it is said.

The hosts are models (:mod:`tests.model.host`).
"""

from __future__ import annotations

import copy
import functools
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import LaunchReadyError, LockedError, RevertedError, RollbackError, SplitError
from core.ports import Answer
from core.settings.release import Release
from deploy.api import deploy
from deploy.artifact import Artifact
from deploy.lock import Owner
from deploy.manifest import Manifest
from deploy.operation import World
from rollback.api import rollback
from tests.model.host import Model

pytestmark = pytest.mark.slow

NAMES = ("a", "b", "c")


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
    st.sampled_from(["begin", "lacks", "upload", "start", "switch", "commit", "withdraw", "finish"]),
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
    assert not [wrong for host in hosts.values() for wrong in host.wrongs]


@settings(max_examples=60, deadline=None)
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
