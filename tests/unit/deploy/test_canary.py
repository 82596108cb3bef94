"""What a part of the traffic says of a release, and what a plan is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from core.settings.release import Canary, Watch
from deploy import watch
from deploy.canary import Plan, plan_of, planned, verdict
from deploy.figures import Figures, read_figures, table
from deploy.switch import Mark
from deploy.watch import Watched, read_look

QUICK, SLOW, SLOWEST = {5: 100}, {60: 100}, {100: 100}


def seen(new: Figures, old: Figures, **more: int) -> dict[str, Watched]:
    """Two hosts that share what was seen."""
    half = Watched(Mark(1, 0, "s"), new.requests, new.errors, times=new.times, before=old, **more)
    return {"a": half, "b": Watched(Mark(1, 0, "s"))}


@pytest.mark.parametrize(
    ("new", "old", "reason"),
    [
        (Figures(100, 5, QUICK), Figures(900, 45, QUICK), None),
        (
            Figures(100, 6, QUICK),
            Figures(900, 60, QUICK),
            "6 of its 100 answers were 5xx (6.0%, and the limit is 5.0%)",
        ),
        (Figures(100, 3, QUICK), Figures(900, 0, QUICK), "the limit is 2.0% more than the 0.0% of the one before"),
        (Figures(100, 3, QUICK), Figures(900, 9, QUICK), None),
        (Figures(19, 19, QUICK), Figures(900, 0, QUICK), None),
        (Figures(100, 3, QUICK), Figures(19, 0, QUICK), None),
        (
            Figures(100, 0, SLOWEST),
            Figures(900, 0, SLOW),
            "95 % of its answers take up to 1016 ms, and of the one before",
        ),
        (Figures(100, 0, SLOW), Figures(900, 0, SLOW), None),
        (Figures(100, 0, {19: 100}), Figures(900, 0, {1: 100}), None),
    ],
)
def test_what_takes_a_canary_back(new: Figures, old: Figures, reason: str | None) -> None:
    found = verdict(seen(new, old), Canary())
    assert found is None if reason is None else found is not None and reason in found


def test_a_restart_or_bad_health_takes_it_back_without_any_traffic() -> None:
    assert "restarted on a" in str(verdict(seen(Figures(), Figures(), restarts=1), Canary()))
    assert "not been healthy on a for 3 looks" in str(verdict(seen(Figures(), Figures(), sick=3), Canary()))
    assert verdict(seen(Figures(), Figures(), sick=2), Canary()) is None


@pytest.mark.parametrize(
    ("limits", "reason"),
    [
        (Watch(), None),
        (Watch(max_p95_ms=1100), None),
        (Watch(max_p95_ms=1000), "95 % of its answers take up to 1016 ms, and the limit is 1000 ms"),
        (Watch(max_p95_ratio=8), None),
        (Watch(max_p95_ratio=7), "take up to 1016 ms, and it was 144 ms before: the limit is 7 times as much"),
    ],
)
def test_what_is_too_slow_once_it_is_live(limits: Watch, reason: str | None) -> None:
    found = watch.verdict(seen(Figures(100, 0, SLOWEST), Figures()), limits, Figures(100, 0, SLOW))
    assert found is None if reason is None else found is not None and reason in found


@given(st.lists(st.integers(0, 3_600_000), min_size=1), st.sampled_from([0.5, 0.95, 0.99, 1.0]))
def test_a_quantile_is_right_to_three_in_a_hundred(times: list[int], part: float) -> None:
    """Against the sorted list, by the buckets that the script makes (test_the_script_counts holds them to it)."""
    import math

    def bucket(ms: int) -> int:
        return ms if ms < 20 else 20 + int(math.log(ms / 20) / math.log(1.05))

    parts = [Figures(1, 0, {bucket(ms): 1}) for ms in times]
    found = Figures.total(parts).quantile(part)
    exact = sorted(times)[math.ceil(part * len(times)) - 1]
    assert found is not None
    assert abs(found - exact) <= 0.03 * exact + 0.1


def test_no_times_have_no_quantile_and_are_shown_as_a_dash() -> None:
    assert Figures().quantile(0.95) is None
    head, line = table({"2.0.0": Figures(3, 1)}).splitlines()
    assert head.split() == ["requests", "5xx", "p50", "p95", "p99"]
    assert line.split() == ["2.0.0", "3", "1", "-", "-", "-"]


def test_a_look_has_both_releases() -> None:
    look = read_look(["mark 7 99", "requests 3 1 2:1 40:2", "before 9 0 2:9", "socket 5.6", "healthy"])
    assert (look.requests, look.errors, look.times) == (3, 1, {2: 1, 40: 2})
    assert look.before == read_figures("9 0 2:9") == Figures(9, 0, {2: 9})


def test_the_command_line_says_more_than_the_settings() -> None:
    settings = Canary(steps=(10, 50, 100), step_seconds=30)
    assert plan_of(settings).steps == (10, 50)
    assert plan_of(settings, (100,)) == Plan((100,), 30)
    assert plan_of(settings, None, 5) == Plan((10, 50, 100), 5)
    assert not Plan((100,)).steps


def test_a_plan_is_read_from_what_a_deploy_left() -> None:
    assert planned({"plan": {"percents": [10, 50], "seconds": 5.0}}) == Plan((10, 50), 5.0)
    assert planned({"plan": {"percents": "x"}}) is None
    assert planned(None) is None


@pytest.mark.parametrize("steps", [(50, 10), (10, 10), (15,), (0,), (110,)])
def test_steps_rise_by_tenths(steps: tuple[int, ...]) -> None:
    with pytest.raises(ValidationError):
        Canary(steps=steps)
