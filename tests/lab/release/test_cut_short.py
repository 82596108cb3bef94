"""A command that dies at any step, and what goes on from there: every host serves one version in the end."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from core.errors import ArtifactError, FencedError, HostError, LaunchReadyError, LockedError
from deploy import lock
from deploy.api import deploy, releases
from deploy.artifact import Artifact
from deploy.catch_up import catch_up
from deploy.history import behind
from deploy.hosts import maintenance
from deploy.journal import MAINTENANCE, aside
from deploy.ledger.read import read_ledgers
from deploy.ledger.verify import Evidence, verify
from deploy.plan import cut_short, fleet_schema
from rollback.api import rollback
from rollback.unfinished import abort, resume

Builder = Callable[..., Artifact]
# Scripts of a deploy to three hosts: begin, lacks, upload, migrate (one), start, switch, commit, finish.
ALL = 22


def dies_after(fleet: Any, count: int) -> None:
    """From the script after the next ``count`` on, nothing of this controller reaches any host."""
    numbers = itertools.count()
    for host in fleet.hosts.values():
        host.fail = lambda _script: next(numbers) >= count


def recovers(fleet: Any) -> None:
    for host in fleet.hosts.values():
        host.fail = lambda _script: False


def killed(fleet: Any, builder: Builder, count: int) -> None:
    deploy(fleet.world, builder("1.0.0"))
    dies_after(fleet, count + 3)  # three logins come first
    try:
        deploy(fleet.world, builder("2.0.0", migrate="true"))
    except LaunchReadyError:
        pass
    else:
        assert count >= ALL
    recovers(fleet)


def run_out(fleet: Any) -> None:
    """The leases' time is over: it is counted from the boot, and that was a second ago."""
    for host in fleet.hosts.values():
        lease = host.root / "run/launch/lease"
        claim, held = lease.read_text().splitlines()
        lease.write_text(f"{claim}\n1 {held.split()[1]}\n")


def whole(fleet: Any) -> str:
    """The one version that every host serves, now and after a boot, with its lock free and nothing cut short."""
    (served,) = set(fleet.serves().values())
    (boots,) = set(fleet.boots().values())
    assert served == f"200 {boots}"
    assert fleet.unlocked()
    assert cut_short(releases(fleet.world)) is None
    return str(boots)


@pytest.mark.parametrize("count", range(0, ALL + 1, 2))
def test_resumed_it_is_live_or_had_not_arrived(fleet: Any, builder: Builder, count: int) -> None:
    killed(fleet, builder, count)
    cut = cut_short(releases(fleet.world))
    arrived = any("2.0.0" in facts.kept for facts in releases(fleet.world).values())
    if cut is not None and not arrived:
        with pytest.raises(ArtifactError, match="had arrived on no host"):
            resume(fleet.world)
    done = resume(fleet.world, None if arrived else builder("2.0.0", migrate="true"))
    assert (done is None) == (cut is None)
    assert whole(fleet) == ("2.0.0" if cut is not None or count >= ALL else "1.0.0")


@pytest.mark.parametrize("count", range(1, ALL + 1, 2))
def test_aborted_every_host_serves_what_it_served_before(fleet: Any, builder: Builder, count: int) -> None:
    killed(fleet, builder, count)
    cut = cut_short(releases(fleet.world))
    done = abort(fleet.world)
    assert (done is None) == (cut is None)
    assert whole(fleet) == ("2.0.0" if cut is None and count >= ALL else "1.0.0")


@pytest.mark.parametrize("count", range(0, ALL, 3))
def test_a_rollback_alone_makes_it_whole(fleet: Any, builder: Builder, count: int) -> None:
    killed(fleet, builder, count)
    if cut_short(releases(fleet.world)) is None:
        return
    assert rollback(fleet.world).version == "1.0.0"
    assert whole(fleet) == "1.0.0"


@pytest.mark.parametrize("made_good", [resume, abort])
@pytest.mark.parametrize("count", range(6, 20, 5))
def test_a_host_that_stays_away_is_left_out_and_caught_up(
    fleet: Any, builder: Builder, made_good: Any, count: int
) -> None:
    killed(fleet, builder, count)
    world = fleet.world
    others = world.__class__(**{**vars(world), "shells": {n: world.shells[n] for n in "ab"}, "left_out": ("c",)})
    arrived = made_good is abort or any("2.0.0" in facts.kept for facts in releases(others).values())
    if cut_short(releases(others)) is not None:
        made_good(others) if arrived else resume(others, builder("2.0.0", migrate="true"))
    (served,) = {answer for name, answer in fleet.serves().items() if name != "c"}
    assert catch_up(fleet.world).version == served.removeprefix("200 ")
    assert f"200 {whole(fleet)}" == served


def test_the_first_release_of_all_is_aborted_to_nothing(fleet: Any, builder: Builder) -> None:
    dies_after(fleet, 3 + 11)
    with pytest.raises(LaunchReadyError):
        deploy(fleet.world, builder("1.0.0"))
    recovers(fleet)
    done = abort(fleet.world)
    assert done is not None
    assert done.serves is None
    assert fleet.boots() == dict.fromkeys("abc")
    assert cut_short(releases(fleet.world)) is None
    assert deploy(fleet.world, builder("1.0.0")).version == "1.0.0"


def test_a_rollback_that_was_cut_is_resumed_to_where_it_went(fleet: Any, builder: Builder) -> None:
    deploy(fleet.world, builder("1.0.0"))
    deploy(fleet.world, builder("2.0.0"))
    dies_after(fleet, 3 + 5)
    with pytest.raises(LaunchReadyError):
        rollback(fleet.world)
    recovers(fleet)
    done = resume(fleet.world)
    assert done is not None
    assert whole(fleet) == "1.0.0"
    assert resume(fleet.world) is None
    assert abort(fleet.world) is None


def test_another_artefact_does_not_resume_it(fleet: Any, builder: Builder) -> None:
    killed(fleet, builder, 3)
    with pytest.raises(ArtifactError, match=r"give that one, or run `invoke deploy\.abort`"):
        resume(fleet.world, builder("3.0.0"))


def test_a_silent_holder_loses_the_lock_and_cannot_switch_when_it_wakes(
    fleet: Any, builder: Builder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The stalled one has its hosts healthy and is about to switch; its heart stands still, its connections stand."""
    monkeypatch.setattr(lock, "LEASE_SECONDS", 600)
    monkeypatch.setattr(lock, "BEAT_SECONDS", 600)
    deploy(fleet.world, builder("1.0.0"))
    two, three = builder("2.0.0"), builder("3.0.0")
    stalled, wake = threading.Event(), threading.Event()
    failed: list[BaseException] = []

    def stall(phase: str) -> None:
        if phase == "health" and not stalled.is_set():
            stalled.set()
            wake.wait(60)

    def late() -> None:
        try:
            deploy(fleet.world, two)
        except LaunchReadyError as error:
            failed.append(error)

    fleet.told.at = stall
    thread = threading.Thread(target=late)
    thread.start()
    assert stalled.wait(30)
    with pytest.raises(LockedError, match=r"a: tester@here has been releasing to it since 20"):
        deploy(fleet.world, three)
    run_out(fleet)
    assert deploy(fleet.world, three).version == "3.0.0"
    wake.set()
    thread.join(60)
    (error,) = failed
    assert isinstance(error, FencedError)
    assert "this command has lost its lock, and nobody has it now" in str(error)
    assert "a: took over the lock of tester@here, who went silent" in fleet.told.notes
    assert whole(fleet) == "3.0.0"


def test_migrations_that_hang_do_not_stand_in_the_way_of_a_rollback(
    fleet: Any, builder: Builder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lock, "LEASE_SECONDS", 600)
    monkeypatch.setattr(lock, "BEAT_SECONDS", 600)
    schema = "[schema]\nminimum = 1\nmaximum = 3\ntarget = {}\n".format
    deploy(fleet.world, builder("1.0.0"))
    deploy(fleet.world, builder("2.0.0"))
    hangs = "touch $ROOT/hangs; until [ -e $ROOT/go ]; do sleep 0.05; done; echo over >>$ROOT/ran"
    failed: list[LaunchReadyError] = []

    def hang() -> None:
        try:
            deploy(fleet.world, builder("3.0.0", migrate=hangs, extra=schema(3)))
        except LaunchReadyError as error:
            failed.append(error)

    thread = threading.Thread(target=hang)
    thread.start()
    root = fleet.hosts["a"].root
    while not (root / "hangs").exists() and thread.is_alive():
        time.sleep(0.05)
    try:
        run_out(fleet)
        assert rollback(fleet.world, "1.0.0").version == "1.0.0"
        assert whole(fleet) == "1.0.0"
        # the next ones wait for them, and everybody knows of what they brought
        threading.Timer(2, (root / "go").touch).start()
        deploy(fleet.world, builder("4.0.0", migrate="echo next >>$ROOT/ran", extra=schema(2)))
    finally:
        (root / "go").touch()
        thread.join(60)
    assert isinstance(failed[0], FencedError)
    assert (root / "ran").read_text() == "over\nnext\n"
    assert fleet_schema(releases(fleet.world)) == 3
    assert all(not verdict.faults for verdict in verify(read_ledgers(fleet.world).or_raise(), Evidence()).values())


def test_whoever_waits_gets_the_lock_once_it_is_free(fleet: Any, builder: Builder) -> None:
    one, two = builder("1.0.0"), builder("2.0.0")
    begun = threading.Event()

    def slow(phase: str) -> None:
        if phase == "preflight" and not begun.is_set():
            begun.set()
            time.sleep(2)

    fleet.told.at = slow
    first = threading.Thread(target=lambda: deploy(fleet.world, one))
    first.start()
    assert begun.wait(30)
    patient = fleet.world.__class__(**{**vars(fleet.world), "wait_seconds": 60.0})
    assert deploy(patient, two).before == dict.fromkeys("abc", "1.0.0")
    first.join(30)
    assert any("waiting up to 60 s: a: tester@here" in note for note in fleet.told.notes)
    assert whole(fleet) == "2.0.0"


def test_hosts_that_differ_are_caught_up_before_the_next_release(fleet: Any, builder: Builder) -> None:
    deploy(fleet.world, builder("1.0.0"))
    world = fleet.world
    deploy(
        world.__class__(**{**vars(world), "shells": {n: world.shells[n] for n in "ab"}, "left_out": ("c",)}),
        builder("2.0.0"),
    )
    # What every host has seen since is no release: it hides nothing of what one of them has missed.
    for step, page in (("on", b"closed"), ("off", None)):
        line = aside("ann@desk", datetime.now(UTC), MAINTENANCE, step)
        assert maintenance.switch(world.shells, world.layout, page, line) == dict.fromkeys("abc", True)
    assert behind(releases(world)) == ["c"]
    with pytest.raises(HostError, match=r"the hosts do not serve the same: .*run `invoke deploy.catch-up` first"):
        deploy(fleet.world, builder("3.0.0"))
    done = catch_up(fleet.world)
    assert (done.version, done.before) == ("2.0.0", {"c": "1.0.0"})
    assert whole(fleet) == "2.0.0"
    assert catch_up(fleet.world).before == {}
    deploy(fleet.world, builder("3.0.0"))
    assert rollback(fleet.world).version == "2.0.0"
    assert whole(fleet) == "2.0.0"


def test_a_new_host_gets_what_is_live_and_what_would_be_gone_back_to(fleet: Any, builder: Builder) -> None:
    world = fleet.world
    two = world.__class__(**{**vars(world), "shells": {name: world.shells[name] for name in "ab"}})
    for version in ("1.0.0", "2.0.0", "3.0.0"):
        deploy(two, builder(version))
    done = catch_up(fleet.world)
    assert (done.version, done.before) == ("3.0.0", {"c": None})
    assert rollback(fleet.world).version == "2.0.0"
    assert whole(fleet) == "2.0.0"
