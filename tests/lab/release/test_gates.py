"""What a release must pass on its way, on three hosts that are folders: every script for real."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from adapters.local_command import LocalCommand
from core.errors import HealthError, HostError, RevertedError, SplitError
from deploy.api import deploy, releases
from deploy.artifact import Artifact
from deploy.canary import Plan
from deploy.figures import Figures
from deploy.journal import parse
from deploy.plan import cut_short
from rollback.api import rollback
from rollback.unfinished import abort, resume

Builder = Callable[..., Artifact]


def settings(fleet: Any, **changes: Any) -> None:
    """Change sections of the settings, by their names."""
    whole = json.loads(fleet.settings.model_dump_json())
    for name, change in changes.items():
        whole[name] = {**whole[name], **change} if isinstance(change, dict) else change
    fleet.settings = type(fleet.settings).model_validate_json(json.dumps(whole))


def slots(fleet: Any) -> dict[str, str]:
    """Where the ten slots of each host lead: c for the one link, b or g for a colour."""
    return {
        name: "".join((host.root / f"run/app/s{slot}.sock").readlink().name[0] for slot in range(10))
        for name, host in fleet.hosts.items()
    }


def on_all(what: str) -> dict[str, str]:
    return dict.fromkeys("abc", what)


def logged(fleet: Any, version: str, count: int, status: int = 200, seconds: float = 0.01, slot: int = 9) -> None:
    """What nginx on each host would log of so many requests."""
    line = {"status": status, "seconds": seconds, "release": version, "upstream": f"unix:/run/app/s{slot}.sock"}
    for host in fleet.hosts.values():
        with (host.root / "var/log/nginx/release.log").open("a") as file:
            file.write((json.dumps(line, separators=(",", ":")) + "\n") * count)


def test_a_body_a_dependency_and_a_warm_up_are_asked_for_and_named(fleet: Any, builder: Builder) -> None:
    settings(
        fleet,
        health={
            "body": '"ready": true',
            "warm_up": ["/pages?first=1", "/slow/0.1"],
            "dependencies": [{"name": "database", "path": "/readyz/db"}],
            "timeout_seconds": 6,
        },
    )
    right = {"/healthz": (200, '{"ready": true}')}
    done = deploy(fleet.world, builder("1.0.0", answers=right))
    asked = (fleet.hosts["a"].root / "app.log").read_text().splitlines()[1:]
    assert asked == ["asked for /pages?first=1", "asked for /slow/0.1", "asked for /readyz/db"]
    states = dict(fleet.told.phases)["health"]
    assert states["a"].startswith("started, warmed up in 0.1")

    with pytest.raises(HealthError) as refused:
        deploy(fleet.world, builder("2.0.0", answers={"/healthz": (200, '{"ready": false, "token=hunter22"}')}))
    said = str(refused.value)
    assert """b: 2.0.0 is not healthy: /healthz answers 200 without '"ready": true' in it, and says""" in said
    assert "hunter22" not in said

    # So many passes, that the deadline comes between the last word of the dependency and the next question to it.
    settings(fleet, health={"passes": 5, "interval_seconds": 0.1, "timeout_seconds": 3})
    down = {**right, "/readyz/db": (503, "connection refused")}
    with pytest.raises(HealthError) as refused:
        deploy(fleet.world, builder("3.0.0", answers=down))
    assert "the dependency database: /readyz/db answers 503, not 200, and says 'connection refused'" in str(
        refused.value
    )
    assert fleet.serves() == on_all("200 1.0.0")
    assert done.cut == {}


def test_a_rollback_asks_an_older_release_for_nothing_that_it_may_not_know(fleet: Any, builder: Builder) -> None:
    deploy(fleet.world, builder("1.0.0"))
    deploy(fleet.world, builder("2.0.0"))
    settings(fleet, health={"body": "new", "dependencies": [{"name": "new", "path": "/new", "status": 204}]})
    assert rollback(fleet.world).version == "1.0.0"
    assert fleet.serves() == on_all("200 1.0.0")


def test_what_is_open_at_the_drains_deadline_is_cut_and_counted(fleet: Any, builder: Builder) -> None:
    settings(fleet, drain_seconds=0.5)
    deploy(fleet.world, builder("1.0.0"))
    deploy(fleet.world, builder("2.0.0"))
    (fleet.hosts["b"].root / "in-flight-blue").write_text("3\n")
    third = deploy(fleet.world, builder("3.0.0"))
    assert third.cut == {"b": 3}
    states = dict(fleet.told.phases)["health"]
    assert states == {
        "a": "started",
        "b": "started: 3 connections were cut at the drain deadline of 0.5 s",
        "c": "started",
    }
    (last,) = [entry for entry in releases(fleet.world)["a"].journal if entry.step == "done"][-1:]
    assert last.evidence is not None
    assert last.evidence["cut"] == {"b": 3}


def test_a_cold_rollback_hardly_waits_for_what_is_open_where_it_starts(fleet: Any, builder: Builder) -> None:
    settings(fleet, drain_seconds=90, keep=3)
    for version in ("1.0.0", "2.0.0", "3.0.0"):
        deploy(fleet.world, builder(version))
    (fleet.hosts["b"].root / "in-flight-green").write_text("2\n")
    back = rollback(fleet.world, "1.0.0")
    assert back.phases["health"] < 60
    assert dict(fleet.told.phases)["health"]["b"] == "started: 2 connections were cut at the drain deadline of 5 s"
    assert fleet.serves() == on_all("200 1.0.0")


def test_nobody_waits_for_a_colour_that_lost_its_traffic_long_ago(fleet: Any, builder: Builder) -> None:
    settings(fleet, drain_seconds=60)
    deploy(fleet.world, builder("1.0.0"))
    deploy(fleet.world, builder("2.0.0"))
    for host in fleet.hosts.values():
        (host.root / "in-flight-blue").write_text("1\n")
        links = [f"run/app/{name}.sock" for name in ("current", *(f"s{slot}" for slot in range(10)))]
        subprocess.run(["touch", "-h", "-d", "2 hours ago", *(str(host.root / link) for link in links)], check=True)
    third = deploy(fleet.world, builder("3.0.0"))
    assert third.phases["health"] < 30
    assert third.cut == on_all(1)  # type: ignore[arg-type]


def test_a_canary_goes_through_its_steps_and_tells_of_both_releases(fleet: Any, builder: Builder) -> None:
    deploy(fleet.world, builder("1.0.0"))
    seen = []
    fleet.told.at = lambda phase: seen.append((phase, slots(fleet)))
    look = fleet.hosts["c"].after

    def traffic(script: str) -> bool:
        if "echo pointed" in script:
            logged(fleet, "1.0.0", 9)
            logged(fleet, "2.0.0", 1, seconds=0.05)
        return bool(look(script))

    fleet.hosts["c"].after = traffic
    done = deploy(fleet.world, builder("2.0.0"), plan=Plan((10, 50, 100), 0.3))
    phases = dict(seen)
    assert phases["canary 10 %"] == on_all("g" + "c" * 9)
    assert phases["canary 50 %"] == on_all("g" * 5 + "c" * 5)
    assert phases["switch"] == slots(fleet) == on_all("c" * 10)
    assert [step["percent"] for step in done.canary] == [10, 50]
    assert done.canary[0]["new"]["requests"] == 3
    assert done.canary[0]["old"]["requests"] == 27
    assert done.canary[0]["old"]["p95_ms"] == 10.0
    assert fleet.serves() == on_all("200 2.0.0")
    steps = [entry for entry in releases(fleet.world)["b"].journal if entry.version == "2.0.0"]
    assert [entry.step for entry in steps] == [
        *("begin", "start", "healthy", "canary", "canary", "switching", "switch", "done")
    ]
    assert steps[-1].evidence is not None
    assert steps[-1].evidence["canary"][1]["percent"] == 50


@pytest.mark.parametrize(
    ("status", "seconds", "said"),
    [
        (502, 0.01, "60 of its 60 answers were 5xx (100.0%, and the limit is 5.0%)"),
        (200, 0.9, "95 % of its answers take up to 9"),
    ],
)
def test_a_release_that_does_badly_gives_its_part_back(
    fleet: Any, builder: Builder, status: int, seconds: float, said: str
) -> None:
    deploy(fleet.world, builder("1.0.0"))

    def traffic(script: str) -> bool:
        if "echo pointed" in script and "tenths=3" in script:
            logged(fleet, "1.0.0", 200)
            # What nobody answered carries no name: it counts for whoever's slot was asked.
            logged(fleet, "2.0.0" if status == 200 else "", 20, status, seconds, slot=0)
        return False

    fleet.hosts["c"].after = traffic
    with pytest.raises(RevertedError) as reverted:
        deploy(fleet.world, builder("2.0.0"), plan=Plan((10, 30), 0.3))
    assert "2.0.0 was taken back from 30 % of the traffic: " in str(reverted.value)
    assert said in str(reverted.value)
    assert "every host serves 1.0.0 alone again" in str(reverted.value)
    assert slots(fleet) == on_all("c" * 10)
    assert fleet.serves() == on_all("200 1.0.0")
    assert cut_short(releases(fleet.world)) is None
    assert not any((host.root / "run/app/green.sock").exists() for host in fleet.hosts.values())


@pytest.mark.parametrize("what", [KeyboardInterrupt, ValueError])
def test_an_interrupt_in_a_canary_gives_its_part_back(fleet: Any, builder: Builder, what: type[BaseException]) -> None:
    deploy(fleet.world, builder("1.0.0"))

    def interrupt(phase: str) -> None:
        if phase == "canary 10 %":
            raise what

    fleet.told.at = interrupt
    with pytest.raises(what):
        deploy(fleet.world, builder("2.0.0"), plan=Plan((10, 50), 0.3))
    assert "2.0.0 was taken back from 10 % of the traffic: it was interrupted" in fleet.told.notes[-1]
    assert slots(fleet) == on_all("c" * 10)
    assert fleet.serves() == on_all("200 1.0.0")
    assert fleet.unlocked()
    assert cut_short(releases(fleet.world)) is None


def killed_in_a_canary(fleet: Any, builder: Builder) -> None:
    """A deploy whose controller is gone in the middle of its 30 % step."""
    deploy(fleet.world, builder("1.0.0"))
    gone: list[str] = []

    def fail(script: str) -> bool:
        gone.extend(["gone"] if 'echo "mark $now_at"' in script else [])
        return bool(gone)

    for host in fleet.hosts.values():
        host.fail = fail
    with pytest.raises(SplitError, match=r"a, b, c may still give 30 % of the traffic to 2\.0\.0, and the rest to 1"):
        deploy(fleet.world, builder("2.0.0"), plan=Plan((30,), 0.3))
    for host in fleet.hosts.values():
        host.fail = lambda _script: False
    assert slots(fleet) == on_all("ggg" + "c" * 7)


@pytest.mark.parametrize("way", ["abort", "rollback", "resume", "the next deploy"])
def test_every_way_on_from_a_canary_that_was_cut_short_gives_the_slots_back(
    fleet: Any, builder: Builder, way: str
) -> None:
    killed_in_a_canary(fleet, builder)
    assert {facts.tenths for facts in releases(fleet.world).values()} == {3}
    if way == "abort":
        abort(fleet.world)
    elif way == "rollback":
        rollback(fleet.world)
    elif way == "resume":
        done = resume(fleet.world)
        assert [step["percent"] for step in done.canary] == [30]  # type: ignore[union-attr]
    else:
        deploy(fleet.world, builder("3.0.0"))
    assert slots(fleet) == on_all("c" * 10)
    serves = {"abort": "1.0.0", "rollback": "1.0.0", "resume": "2.0.0", "the next deploy": "3.0.0"}[way]
    assert fleet.serves() == on_all(f"200 {serves}")


def test_a_host_without_slots_is_told_before_anything_is_done(fleet: Any, builder: Builder) -> None:
    deploy(fleet.world, builder("1.0.0"))
    for slot in range(10):
        (fleet.hosts["b"].root / f"run/app/s{slot}.sock").unlink()
    with pytest.raises(HostError, match=r"^b has no slots for a canary: prepare it again with scripts/prepare-host"):
        deploy(fleet.world, builder("2.0.0"), plan=Plan((10,), 1))
    assert [entry.version for entry in parse(journal(fleet, "b"))] == ["1.0.0"] * 6
    assert deploy(fleet.world, builder("2.0.0")).version == "2.0.0"


def journal(fleet: Any, name: str) -> list[str]:
    path: Path = fleet.hosts[name].root / "srv/app/journal.jsonl"
    return path.read_text().splitlines()


def test_a_release_that_is_slower_than_the_one_before_is_taken_back(fleet: Any, builder: Builder) -> None:
    settings(fleet, watch={"max_p95_ratio": 2})
    deploy(fleet.world, builder("1.0.0"))
    logged(fleet, "1.0.0", 50, seconds=0.1)
    fleet.told.at = lambda phase: logged(fleet, "2.0.0", 50, seconds=0.5) if phase == "switch" else None
    with pytest.raises(RevertedError, match=r"95 % of its answers take up to 489 ms, and it was 98 ms before"):
        deploy(fleet.world, builder("2.0.0"), 0.5)
    assert fleet.serves() == on_all("200 1.0.0")
    assert Figures(times={3: 95, 100: 5}).quantile(0.95) == 3.0


@pytest.mark.parametrize("bad", [False, True])
def test_a_command_of_the_users_own_watches_too(fleet: Any, builder: Builder, bad: bool, tmp_path: Path) -> None:
    code = f"echo $LAUNCH_READY_STACK $LAUNCH_READY_VERSION >>{tmp_path}/runs; echo orders: 0; exit {3 if bad else 0}"
    settings(fleet, watch={"command": ["sh", "-c", code], "command_every_seconds": 0.2})
    world = replace(fleet.world, local=LocalCommand(tmp_path, {"LAUNCH_READY_STACK": "lab"}))
    deploy(fleet.world, builder("1.0.0"), 0)
    if bad:
        with pytest.raises(RevertedError, match="it turned bad: sh ended with status 3: orders: 0"):
            deploy(world, builder("2.0.0"), 30)
    else:
        deploy(world, builder("2.0.0"), 2)
    assert fleet.serves() == on_all("200 1.0.0" if bad else "200 2.0.0")
    runs = (tmp_path / "runs").read_text().splitlines()
    assert set(runs) == {"lab 2.0.0"}
    assert len(runs) == 1 if bad else len(runs) >= 2
    assert "sh says: orders: 0" in fleet.told.notes
