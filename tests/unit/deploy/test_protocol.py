"""The real commands against model hosts: every accident at every pause, several releasers at once, crash upon crash.

What must hold is in :mod:`tests.model.judge` and, effect by effect, in :mod:`tests.model.host`.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable

import pytest

from core.errors import HealthError, LaunchReadyError, RevertedError, SplitError
from deploy import fleet as real_fleet
from deploy.plan import cut_short
from deploy.turn import start_everywhere
from tests.model.explore import Explored, by_lot, one_accident, run, second_command
from tests.model.fleet import CAREFUL, Fleet, Releaser, fleet, perform
from tests.model.schedule import Pool

OLD = {"a": ("2", "2"), "b": ("2", "2")}
NEW = {"a": ("3", "3"), "b": ("3", "3")}


@pytest.fixture(autouse=True)
def _one_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(real_fleet, "ThreadPoolExecutor", Pool)


def went(case: Fleet, action: str, version: str, *plan: tuple[int | str, str]) -> Releaser:
    """One command, with its accidents; then all that goes on by itself comes to its end."""
    run(case, ((action, version),), plan)
    case.settle()
    assert not [wrong for host in case.hosts.values() for wrong in host.wrongs]
    return case.releasers.pop()


def half_moved() -> Fleet:
    """A deploy of 3 was killed when ``a`` had moved and ``b`` had not."""
    case = fleet()
    went(case, "deploy", "3", ("b switch: sends it", "kill 1:deploy3"))
    assert case.versions() == {"a": ("3", "2"), "b": ("2", "2")}
    return case


def test_a_resumed_deploy_that_is_not_healthy_on_a_host_puts_the_others_back_and_stops_no_traffic() -> None:
    case = half_moved()
    case.hosts["b"].sick = {"3"}
    error = went(case, "resume", "3").error
    assert isinstance(error, RevertedError)
    assert "b: 3 is not healthy" in str(error)
    assert case.versions() == OLD


def test_a_canary_of_a_resumed_deploy_stops_no_traffic_that_has_moved_already() -> None:
    case = half_moved()
    case.settings = CAREFUL
    case.hosts["b"].sick = {"bad 3"}
    case.hosts["b"].mute = {"3"}
    assert isinstance(went(case, "resume", "3").error, RevertedError)
    assert case.versions() == OLD


def test_a_command_that_was_refused_does_not_hide_the_one_that_was_cut_short_before_it() -> None:
    case = half_moved()
    case.hosts["b"].sick = {"4"}
    assert isinstance(went(case, "deploy", "4").error, HealthError)
    cut = cut_short(case.facts())
    assert cut is not None
    assert cut.version == "3"
    assert perform("abort", case.world(), "").serves == "2"
    assert case.versions() == OLD
    assert cut_short(case.facts()) is None


def test_what_one_host_saw_done_is_done_for_the_host_that_could_not_write_it_down() -> None:
    case = fleet()
    went(case, "deploy", "3", ("b finish: sends it", "kill 1:deploy3"))
    case.hosts["b"].sick = {"3"}
    assert isinstance(went(case, "resume", "3").error, HealthError)
    assert case.versions() == NEW
    case.cure()
    went(case, "deploy", "4", ("b begin: sends it", "kill 1:deploy4"))
    assert perform("abort", case.world(), "").serves == "3"
    assert case.versions() == NEW


def test_an_interrupt_while_a_release_is_taken_back_does_not_stop_that_half_way() -> None:
    case = fleet()
    case.hosts["b"].mute = {"3"}
    plan = [("b switch: hears of its end", ""), ("a start: sends it", "interrupt 1:deploy3")]
    assert isinstance(went(case, "deploy", "3", *plan).error, KeyboardInterrupt)
    assert case.versions() == OLD


@pytest.mark.parametrize("step", ["b switch", "b commit"])
def test_a_step_of_the_same_command_that_comes_late_does_not_undo_a_later_one(step: str) -> None:
    case = fleet()
    error = went(case, "deploy", "3", (step, "b slow for 1:deploy3")).error
    assert isinstance(error, RevertedError)
    assert case.versions() == OLD


def test_a_host_that_was_started_again_on_the_new_release_is_named() -> None:
    case = fleet()
    error = went(case, "deploy", "3", ("b commit", "a off and on"), ("b commit", "b slow for 1:deploy3")).error
    assert isinstance(error, SplitError)
    assert "a serves 3, or what it served before" in str(error)
    assert perform("abort", case.world(), "").serves == "2"
    assert case.versions() == OLD


@pytest.mark.timeout(900)
@pytest.mark.slow
def test_no_schedule_breaks_the_protocol(request: pytest.FixtureRequest) -> None:
    """Bounded by time, ``--model-seconds``; the same seed is the same order of schedules."""
    seconds, seed = request.config.getoption("--model-seconds"), request.config.getoption("--model-seed")
    explored, lot = Explored(), random.Random(seed)
    left = one_accident(explored, lot, seconds / 3)
    second_command(explored, lot, left, seconds / 3)
    ends = time.monotonic() + seconds / 3
    while time.monotonic() < ends:
        by_lot(explored, lot.randrange(1 << 40))
    print(f"{explored.schedules} schedules, {len(explored.states)} different ends, seed {seed}")
    assert not explored.violations, "\n".join((explored.violations[0].wrong, explored.violations[0].way))
    assert explored.schedules > seconds
    assert len(explored.states) > 10


def _found(explore: Callable[[Explored, int], None], seconds: float = 25) -> str:
    """What is wrong in the first schedule in which something is."""
    explored, ends = Explored(), time.monotonic() + seconds
    for seed in range(10_000):
        explore(explored, seed)
        if explored.violations:
            return explored.violations[0].wrong
        assert time.monotonic() < ends, f"nothing was found in {seed} schedules"
    raise AssertionError


def test_hosts_that_ask_for_no_token_are_found_out() -> None:
    def without(explored: Explored, seed: int) -> None:
        by_lot(explored, seed, fences=False)

    assert "took effect after" in _found(without)


def test_a_deploy_that_switches_before_all_are_healthy_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    def hasty(*given: object) -> object:
        try:
            return start_everywhere(*given)  # type: ignore[arg-type]
        except LaunchReadyError:
            return {}

    monkeypatch.setattr("deploy.forward.start_everywhere", hasty)
    assert "was not healthy there" in _found(by_lot)
