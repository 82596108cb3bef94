"""Drills on three hosts that are folders: there and back, whatever goes wrong, and what the journals say of it."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from core.errors import LaunchReadyError, RollbackError
from core.ports import Answer
from core.settings.proof import Drill as DrillSettings
from deploy.api import deploy, releases
from deploy.artifact import Artifact
from deploy.drills import last_drill
from deploy.journal import parse
from deploy.ledger.read import read_ledgers
from deploy.ledger.verify import Evidence, verify
from deploy.plan import cut_short
from rollback.api import rollback
from rollback.choose import choose
from rollback.drill import drill
from rollback.report.history import history
from rollback.unfinished import abort, resume

Builder = Callable[..., Artifact]


@pytest.fixture
def two(fleet: Any, builder: Builder) -> Any:
    """Release 2.0.0 is live, 1.0.0 is what it would go back to."""
    settings = DrillSettings(requests_per_second=5, stay_seconds=0.3, paths=("/page",))
    fleet.settings = fleet.settings.model_copy(update={"drill": settings})
    deploy(fleet.world, builder("1.0.0"))
    deploy(fleet.world, builder("2.0.0"))
    return fleet


def entries(fleet: Any, name: str) -> Any:
    return parse((fleet.hosts[name].root / "srv/app/journal.jsonl").read_text().splitlines())


def on_two(fleet: Any) -> bool:
    """Everything is as before: 2.0.0 live and for boots too, 1.0.0 the way back, nothing cut short, nothing locked."""
    facts = releases(fleet.world)
    assert fleet.serves() == dict.fromkeys("abc", "200 2.0.0")
    assert fleet.boots() == dict.fromkeys("abc", "2.0.0")
    assert fleet.unlocked()
    return choose(facts, None) == "1.0.0" and cut_short(facts) is None


def test_there_and_back_is_measured_and_written_down_on_every_host(two: Any) -> None:
    done = drill(two.world)
    assert done.passed, done.reasons
    assert (done.version, done.before) == ("2.0.0", "1.0.0")
    assert done.back_seconds is not None
    assert done.first_back_seconds is not None
    assert done.first_back_seconds <= done.back_seconds + 1
    assert done.counted.requests > 5
    assert (done.counted.lost, done.counted.errors, done.counted.wrong) == (0, 0, 0)
    assert on_two(two)
    for name in "abc":
        last = entries(two, name)[-1]
        assert (last.action, last.step, last.version, last.result) == ("drill", "done", "2.0.0", "ok")
        assert last.evidence["drill"]["passed"] is True
        assert last.evidence["drill"]["before"] == "1.0.0"
    found = last_drill(releases(two.world))
    assert found is not None
    assert found.slowest == max(done.back_seconds, done.forth_seconds or 0)
    ledgers = read_ledgers(two.world).or_raise()
    assert not any(verdict.faults for verdict in verify(ledgers, Evidence()).values())
    (event,) = history(ledgers.values(), 600, 600)
    assert (event.kind, event.good, event.requests) == ("drill", True, done.counted.requests)
    # and a drill is no step back: the way back is what it was
    assert rollback(two.world).version == "1.0.0"


def test_a_budget_that_is_too_short_and_answers_that_are_lost_fail_it_and_it_is_written_down(two: Any) -> None:
    settings = two.settings.drill.model_copy(update={"budget_seconds": 0.001})
    two.settings = two.settings.model_copy(update={"drill": settings})
    ask = two.edge.ask
    numbers = iter(range(10_000))
    two.edge.ask = lambda path: Answer(0, reason="reset") if path == "/page" and next(numbers) == 1 else ask(path)
    done = drill(two.world)
    assert not done.passed
    assert done.reasons[0].startswith("to 1.0.0 it took ")
    assert done.reasons[2].endswith("1 lost: the first was /page: reset")
    assert on_two(two)
    assert entries(two, "a")[-1].result.startswith("to 1.0.0 it took")
    found = last_drill(releases(two.world))
    assert found is not None
    assert found.reason


@pytest.mark.parametrize("mark", ['echo "healthy $how"', "printf '%s  %s", 'echo "switched $mark', "echo committed"])
@pytest.mark.parametrize("times", [1, 2])
def test_a_host_that_fails_once_leaves_all_on_what_was_live(two: Any, mark: str, times: int) -> None:
    left = iter(range(times))
    two.hosts["b"].after = lambda script: mark in script and next(left, None) is not None
    try:
        done = drill(two.world)
    except LaunchReadyError as error:
        pytest.fail(f"it did not come back: {error}")
    two.hosts["b"].after = lambda _script: False
    assert done.passed == (mark == "printf '%s  %s")
    assert on_two(two)


def test_a_release_before_that_is_not_healthy_is_never_switched_to(two: Any) -> None:
    for host in two.hosts.values():
        serve = host.root / "srv/app/releases/1.0.0/serve.py"
        serve.chmod(0o644)
        serve.write_text("raise SystemExit(1)")
    host = two.hosts["a"]
    pid = host.root / "pids/blue"
    Path(host.root / "run/app/blue.sock").unlink()
    assert pid.exists()
    done = drill(two.world)
    assert not done.passed
    assert "1.0.0 is not healthy" in done.reasons[0]
    assert done.counted.wrong == 0
    assert on_two(two)


@pytest.mark.parametrize("count", [5, 9, 13, 17, 21, 25, 27, 29])
@pytest.mark.parametrize("way_out", [resume, abort, rollback])
def test_one_that_is_cut_short_ends_on_what_was_live(two: Any, count: int, way_out: Callable[[Any], Any]) -> None:
    numbers = iter(range(count + 3))
    for host in two.hosts.values():
        host.fail = lambda _script: next(numbers, None) is None
    try:
        done = drill(two.world)
    except LaunchReadyError:
        done = None
    assert done is None or (count >= 27 and done.unrecorded)
    assert done is None or done.passed == (count > 27)
    for host in two.hosts.values():
        host.fail = lambda _script: False
    cut = cut_short(releases(two.world))
    if cut is not None:
        assert (cut.action, cut.version) == ("drill", "2.0.0")
        way_out(two.world)
    assert on_two(two)


def test_an_interrupt_between_both_ways_goes_forward_first(two: Any) -> None:
    def interrupt(phase: str) -> None:
        if phase == "switch" and not interrupted:
            interrupted.append(phase)
            raise KeyboardInterrupt

    interrupted: list[str] = []
    two.told.at = interrupt
    with pytest.raises(KeyboardInterrupt):
        drill(two.world)
    assert on_two(two)
    assert entries(two, "a")[-1].action == "drill"


def test_there_must_be_something_to_drill(fleet: Any, builder: Builder) -> None:
    with pytest.raises(RollbackError, match="nothing to go back to"):
        drill(fleet.world)
    deploy(fleet.world, builder("1.0.0"))
    with pytest.raises(RollbackError, match="nothing to go back to"):
        drill(fleet.world)
    deploy(fleet.world, builder("2.0.0"))
    (fleet.hosts["c"].root / "srv/app/maintenance.html").touch()
    with pytest.raises(RollbackError, match="the maintenance page is on"):
        drill(fleet.world)


def protected(fleet: Any) -> Any:
    return fleet.world.__class__(**{**vars(fleet.world), "protected": True, "stack": "live"})


def test_a_protected_stack_takes_a_release_after_a_drill_or_with_a_reason(two: Any, builder: Builder) -> None:
    three = builder("3.0.0")
    wanted = r"no rollback was ever drilled on it: run `invoke rollback\.drill --stack live`, or say why not with"
    with pytest.raises(RollbackError, match=wanted):
        deploy(protected(two), three)
    assert on_two(two)
    deploy(protected(two), three, without_drill="the drill's own fix")
    assert entries(two, "c")[-1].evidence["waived"] == {"drill": "the drill's own fix"}
    assert drill(two.world).passed
    # as many lines later as a year of releases: the drill is found all the same
    journal = two.hosts["a"].root / "srv/app/journal.jsonl"
    with journal.open("a") as file:
        file.write("\n" * 600)
    deploy(protected(two), builder("4.0.0"))
    assert two.serves() == dict.fromkeys("abc", "200 4.0.0")
    assert "waived" not in entries(two, "c")[-1].evidence


def test_a_drill_grows_old(two: Any, builder: Builder) -> None:
    assert drill(two.world).passed
    later = datetime.now(UTC) + timedelta(days=31)

    class Later:
        def now(self) -> datetime:
            return later

        def __getattr__(self, name: str) -> Any:
            return getattr(two.world.clock, name)

    world = protected(two)
    object.__setattr__(world, "clock", Later())
    with pytest.raises(RollbackError, match=r"its last rollback drill was 31 days ago, and 30 days are allowed"):
        deploy(world, builder("3.0.0"))


def test_the_first_two_releases_need_no_drill(fleet: Any, builder: Builder) -> None:
    deploy(protected(fleet), builder("1.0.0"))
    deploy(protected(fleet), builder("2.0.0"))
    assert json.dumps(entries(fleet, "a")[-1].evidence).count("waived") == 0


def test_what_was_drilled_stays_on_the_hosts(two: Any, builder: Builder) -> None:
    assert drill(two.world).passed
    for version in ("3.0.0", "4.0.0", "5.0.0"):
        deploy(two.world, builder(version))
    kept = releases(two.world)["a"].kept
    assert set(kept) >= {"5.0.0", "4.0.0", "1.0.0", "2.0.0"}
    assert drill(two.world).passed
    deploy(two.world, builder("6.0.0"))
    deploy(two.world, builder("7.0.0"))
    assert set(releases(two.world)["a"].kept) == {"7.0.0", "6.0.0", "5.0.0", "4.0.0"}
