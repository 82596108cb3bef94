"""Whole deploys and rollbacks on three hosts that are folders: every script for real."""

from __future__ import annotations

import hashlib
import json
import subprocess
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest

from core.errors import (
    ArtifactError,
    HealthError,
    HostError,
    LockedError,
    RevertedError,
    RollbackError,
    SplitError,
)
from deploy.api import deploy, releases
from deploy.artifact import Artifact
from deploy.journal import Entry, parse
from rollback.api import rollback

Builder = Callable[..., Artifact]


def on_all(version: str) -> dict[str, str]:
    return dict.fromkeys("abc", f"200 {version}")


def test_first_deploy_then_second_then_back(fleet: Any, builder: Builder) -> None:
    first = deploy(fleet.world, builder("1.0.0"))
    assert fleet.serves() == on_all("1.0.0")
    assert first.colours == dict.fromkeys("abc", "blue")
    assert first.edge.verified

    second = deploy(fleet.world, builder("2.0.0"))
    assert fleet.serves() == on_all("2.0.0")
    assert second.before == dict.fromkeys("abc", "1.0.0")
    assert fleet.boots() == dict.fromkeys("abc", "2.0.0")

    back = rollback(fleet.world)
    assert (back.version, back.cold, back.unrecorded) == ("1.0.0", (), ())
    assert fleet.serves() == on_all("1.0.0")
    assert fleet.boots() == dict.fromkeys("abc", "1.0.0")
    assert fleet.unlocked()

    with pytest.raises(RollbackError, match=r"nothing to go back to: a serves 1\.0\.0"):
        rollback(fleet.world)
    assert rollback(fleet.world, "2.0.0").version == "2.0.0"
    assert fleet.serves() == on_all("2.0.0")


def test_the_same_again_says_so_and_other_content_is_refused(fleet: Any, builder: Builder) -> None:
    one = builder("1.0.0")
    assert not deploy(fleet.world, one).already
    assert deploy(fleet.world, one).already
    with pytest.raises(ArtifactError, match=r"a keeps 1\.0\.0 with other content"):
        deploy(fleet.world, builder("1.0.0", extra="[schema]\nminimum = 1\nmaximum = 1\ntarget = 1\n"))
    assert fleet.serves() == on_all("1.0.0")
    assert fleet.unlocked()


def test_a_release_that_is_not_healthy_gets_no_traffic_and_the_warm_one_comes_back(
    fleet: Any, builder: Builder
) -> None:
    deploy(fleet.world, builder("1.0.0"))
    deploy(fleet.world, builder("2.0.0"))
    with pytest.raises(HealthError) as refused:
        deploy(fleet.world, builder("3.0.0", health=503))
    assert "a: 3.0.0 is not healthy: /healthz answers 503, not 200" in str(refused.value)
    assert "hunter22" not in str(refused.value)
    assert "[secret]" in str(refused.value)
    assert fleet.serves() == on_all("2.0.0")
    assert fleet.unlocked()
    assert rollback(fleet.world).cold == ()
    assert fleet.serves() == on_all("1.0.0")


def test_a_cold_rollback_starts_what_the_host_keeps(fleet: Any, builder: Builder) -> None:
    fleet.settings = fleet.settings.model_copy(update={"keep": 3})
    for version in ("1.0.0", "2.0.0", "3.0.0"):
        deploy(fleet.world, builder(version))
    back = rollback(fleet.world, "1.0.0")
    assert back.cold == ("a", "b", "c")
    assert fleet.serves() == on_all("1.0.0")


def test_pruning_keeps_what_is_good_and_drops_what_failed(fleet: Any, builder: Builder) -> None:
    deploy(fleet.world, builder("1.0.0"))
    deploy(fleet.world, builder("2.0.0"))
    with pytest.raises(HealthError):
        deploy(fleet.world, builder("2.5.0", health=500))
    deploy(fleet.world, builder("3.0.0"))
    deploy(fleet.world, builder("4.0.0"))
    found = releases(fleet.world)
    assert {name: sorted(facts.kept) for name, facts in found.items()} == {name: ["3.0.0", "4.0.0"] for name in "abc"}


@pytest.mark.parametrize("moved", [True, False], ids=["after it moved", "before it moved"])
def test_one_host_that_fails_to_switch_takes_the_others_back(fleet: Any, builder: Builder, moved: bool) -> None:
    deploy(fleet.world, builder("1.0.0"))
    times = []

    def once(script: str) -> bool:
        if "switched" not in script:
            return False
        times.append(script)
        return len(times) == 1

    setattr(fleet.hosts["b"], "after" if moved else "fail", once)
    with pytest.raises(RevertedError) as reverted:
        deploy(fleet.world, builder("2.0.0"))
    assert all(f"{name} is back on 1.0.0" in str(reverted.value) for name in "abc")
    assert fleet.serves() == on_all("1.0.0")
    assert fleet.boots() == dict.fromkeys("abc", "1.0.0")
    assert fleet.unlocked()


def test_a_host_that_stays_away_is_told_of_as_split(fleet: Any, builder: Builder) -> None:
    deploy(fleet.world, builder("1.0.0"))
    gone = []

    def after(script: str) -> bool:
        gone.append("switched" in script)
        return any(gone)

    fleet.hosts["b"].after = after
    fleet.hosts["b"].fail = lambda _script: any(gone)
    with pytest.raises(SplitError) as split:
        deploy(fleet.world, builder("2.0.0"))
    assert "a serves 1.0.0, b serves 2.0.0, or what it served before" in str(split.value)
    fleet.hosts["b"].after = fleet.hosts["b"].fail = lambda _script: False
    assert rollback(fleet.world).version == "1.0.0"
    assert fleet.serves() == on_all("1.0.0")


def test_nginx_that_does_not_answer_with_it_takes_all_back(fleet: Any, builder: Builder) -> None:
    deploy(fleet.world, builder("1.0.0"))
    fleet.told.at = lambda phase: (fleet.hosts["c"].root / "probe-broken").touch() if phase == "health" else None
    with pytest.raises(SplitError, match="c: nginx there answers '502 '"):
        deploy(fleet.world, builder("2.0.0"))


def test_an_edge_that_is_mute_refuses_a_deploy_and_is_told_of_in_a_rollback(fleet: Any, builder: Builder) -> None:
    deploy(fleet.world, builder("1.0.0"))
    deploy(fleet.world, builder("2.0.0"))
    fleet.edge.reason = "connection refused"
    with pytest.raises(HostError, match="the edge could not be asked: connection refused"):
        deploy(fleet.world, builder("3.0.0"))
    back = rollback(fleet.world)
    assert not back.edge.verified
    assert back.edge.reason == "the edge could not be asked: connection refused"
    assert fleet.serves() == on_all("1.0.0")


def test_the_lock_names_its_owner_and_leaves_nothing(fleet: Any, builder: Builder) -> None:
    lock = fleet.hosts["b"].root / "run/launch/lock"
    claim = {"who": "eve@desk", "since": "2026-01-01T00:00:00Z", "action": "deploy"}
    lock.with_name("lease").write_text(f"{json.dumps(claim)}\n999999999 1\n")
    with subprocess.Popen(["flock", str(lock), "sleep", "60"]) as holder:
        try:
            while subprocess.run(["flock", "-n", str(lock), "true"]).returncode == 0:
                pass
            with pytest.raises(LockedError, match="b: eve@desk has been releasing to it since 2026-01-01"):
                deploy(fleet.world, builder("1.0.0"))
            for name in "ac":
                path = str(fleet.hosts[name].root / "run/launch/lock")
                assert subprocess.run(["flock", "-n", path, "true"]).returncode == 0
        finally:
            holder.kill()


def test_everything_that_speaks_against_it_is_said_at_once(fleet: Any, builder: Builder) -> None:
    (fleet.hosts["a"].root / "nginx-broken").touch()
    extra = ""
    artifact = builder("1.0.0", extra=extra)
    manifest = artifact.manifest.model_copy(update={"environment": ("DATABASE_URL", "MISSING")})
    object.__setattr__(artifact, "manifest", manifest)
    with pytest.raises(HostError) as refused:
        deploy(fleet.world, artifact)
    lines = str(refused.value).splitlines()
    assert 'a: nginx would not start again with its configuration: nginx: [emerg] unknown directive "oops"' in lines[0]
    assert next(line for line in lines if "does not set MISSING" in line).startswith("a: /etc/app/env")
    assert len(lines) == 4
    assert fleet.unlocked()


def test_migrations_run_once_and_a_failing_one_stops_the_deploy(fleet: Any, builder: Builder) -> None:
    deploy(fleet.world, builder("1.0.0", migrate="echo ran >>$ROOT/migrations"))
    ran = [(host.root / "migrations").exists() for host in fleet.hosts.values()]
    assert ran == [True, False, False]
    deploy(fleet.world, builder("1.1.0"))
    with pytest.raises(HealthError, match=r"a: the migrations of 2.0.0 failed"):
        deploy(fleet.world, builder("2.0.0", migrate="echo column exists; exit 3"))
    assert fleet.serves() == on_all("1.1.0")
    assert rollback(fleet.world).cold == ()


def test_a_release_that_turns_bad_is_taken_back(fleet: Any, builder: Builder) -> None:
    deploy(fleet.world, builder("1.0.0"))
    log = fleet.hosts["b"].root / "var/log/nginx/release.log"

    def bad(phase: str) -> None:
        if phase == "switch":
            line = '{"at":1,"status":500,"seconds":0,"release":"2.0.0","id":""}\n'
            with log.open("a") as file:
                file.write(line * 10 + line.replace("2.0.0", "1.0.0") * 100)

    fleet.told.at = bad
    with pytest.raises(RevertedError, match=r"it turned bad: 10 of its 1\d answers were 5xx|10 of its 10"):
        deploy(fleet.world, builder("2.0.0"), 2.0)
    assert fleet.serves() == on_all("1.0.0")
    assert fleet.boots() == dict.fromkeys("abc", "1.0.0")
    with pytest.raises(RollbackError, match="nothing to go back to"):
        rollback(fleet.world)


@pytest.mark.parametrize("phase", ["preflight", "upload", "health", "switch"])
def test_an_interrupt_leaves_the_traffic_whole_and_no_lock(fleet: Any, builder: Builder, phase: str) -> None:
    deploy(fleet.world, builder("1.0.0"))

    def interrupt(name: str) -> None:
        if name == phase:
            fleet.told.at = lambda _name: None
            raise KeyboardInterrupt

    fleet.told.at = interrupt
    with pytest.raises(KeyboardInterrupt):
        deploy(fleet.world, builder("2.0.0"))
    assert fleet.unlocked()
    assert fleet.serves() == on_all("1.0.0")
    assert fleet.boots() == dict.fromkeys("abc", "1.0.0")
    deploy(fleet.world, builder("2.0.0"))
    assert fleet.serves() == on_all("2.0.0")
    assert rollback(fleet.world).version == "1.0.0"


def test_a_torn_journal_is_closed_and_read(fleet: Any, builder: Builder) -> None:
    deploy(fleet.world, builder("1.0.0"))
    journal = fleet.hosts["a"].root / "srv/app/journal.jsonl"
    with journal.open("a") as file:
        file.write('{"at":"2026')
    deploy(fleet.world, builder("2.0.0"))
    lines = journal.read_text().splitlines()
    assert '{"at":"2026' in lines
    steps = ["begin", "start", "healthy", "switching", "switch", "done"]
    assert [entry.step for entry in parse(lines)] == steps * 2
    chained = [json.loads(line) for line in lines if line.endswith("}")]
    assert [entry["seq"] for entry in chained] == [0, 1, 2, 3, 4, 5, 7, 8, 9, 10, 11, 12]
    for before, line in pairwise(lines):
        if line.endswith("}") and before.endswith("}"):
            assert json.loads(line)["prev"] == hashlib.sha256(before.encode()).hexdigest()
    assert rollback(fleet.world).version == "1.0.0"


def test_no_number_of_failed_deploys_makes_the_way_back_forgotten(fleet: Any, builder: Builder) -> None:
    fleet.settings = fleet.settings.model_copy(update={"keep": 3})
    schema = "[schema]\nminimum = {}\nmaximum = {}\ntarget = {}\n".format
    deploy(fleet.world, builder("1.0.0", migrate="true", extra=schema(1, 2, 1)))
    deploy(fleet.world, builder("2.0.0", migrate="true", extra=schema(1, 3, 2)))
    deploy(fleet.world, builder("3.0.0", migrate="true", extra=schema(2, 3, 3)))
    for host in fleet.hosts.values():
        journal = host.root / "srv/app/journal.jsonl"
        with journal.open("a") as file:
            for number in range(300):
                for step, result in (("begin", "ok"), ("refused", "not healthy")):
                    entry = Entry("t", f"r{number}", "w", "deploy", step, "4.0.0", "d", "", result, 1.0)
                    file.write(entry.line() + "\n")
    with pytest.raises(RollbackError, match=r"1\.0\.0 cannot live with the database's schema, which is at 3"):
        rollback(fleet.world, "1.0.0")
    assert rollback(fleet.world).version == "2.0.0"
