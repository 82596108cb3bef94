"""What a part of the traffic says of a release, and what a plan is."""

from __future__ import annotations

import math
import subprocess
from collections import Counter
from pathlib import Path, PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from core.settings.release import Canary, Watch
from deploy import commands, watch
from deploy.canary import Plan, plan_of, planned, verdict
from deploy.commands import Check, Span
from deploy.figures import Figures, read_figures, table
from deploy.layout import Layout
from deploy.switch import Mark
from deploy.watch import Look, Watched, read_look

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
    """Against the sorted list, by the buckets that the script makes."""
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


def bucket(ms: int) -> int:
    """A millisecond each to 20, then growing by a twentieth: as the script has it."""
    return ms if ms < 20 else 20 + int(math.log(ms / 20) / math.log(1.05))


def line(status: int, ms: int, release: str, upstream: str = "unix:/run/app/s9.sock", uri: str = "/") -> str:
    return (
        f'{{"at":1.5,"method":"GET","uri":"{uri}","status":{status},"seconds":{ms / 1000:.3f},"release":"{release}",'
        f'"upstream":"{upstream}","id":""}}\n'
    )


def counted(folder: Path, log: str, offset: int, tenths: int, until: int | None = None) -> Look:
    """What the script says of a log, by the real awk; nothing answers on the socket."""
    layout = Layout.under(PurePosixPath(folder))
    for place in (layout.run, layout.launch, str(PurePosixPath(layout.log).parent)):
        Path(place).mkdir(parents=True, exist_ok=True)
    Path(layout.log).write_text(log)
    span = Span(Path(layout.log).stat().st_ino, offset, until)
    script = commands.watch(layout, "green", Check("/", 200, "2.0.0"), "1.0.0", tenths, span)
    done = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=True)
    return read_look(done.stdout.splitlines())


def test_the_script_counts_each_release_by_name_and_the_nameless_by_slot(tmp_path: Path) -> None:
    times = [0, 1, 19, 20, 21, 99, 1000, 59_999, 3_600_000]
    log = line(500, 7, "2.0.0")  # before the mark
    offset = len(log)
    log += "".join(line(200, ms, "2.0.0", "unix:/run/app/s0.sock") for ms in times)
    log += line(503, 5, "1.0.0") + line(200, 5, "1.0.0") + line(200, 5, "9.9.9")
    log += line(502, 0, "", "unix:/run/app/s2.sock") + line(499, 0, "", "unix:/run/app/s3.sock")
    log += line(503, 0, "", "")  # the maintenance page
    log += line(101, 90_000, "2.0.0")  # a websocket
    log += line(200, 3, "1.0.0", uri='/\\"release\\":\\"2.0.0\\",\\"status\\":500,')
    look = counted(tmp_path, log, offset, 3)
    assert (look.requests, look.errors) == (len(times) + 2, 1)
    assert look.times == Counter([*map(bucket, times), 0])
    assert (look.before.requests, look.before.errors) == (4, 1)
    assert look.before.times == {5: 2, 0: 1, 3: 1}
    assert look.mark.offset == len(log)


def test_the_script_reads_to_where_it_is_told_and_a_new_log_from_its_start(tmp_path: Path) -> None:
    one = line(200, 4, "1.0.0")
    assert counted(tmp_path, one * 5, 0, 10, until=3 * len(one)).before == Figures(3, 0, {4: 3})
    layout = Layout.under(PurePosixPath(tmp_path))
    turned = commands.watch(layout, "green", Check("/", 200, "2.0.0"), "1.0.0", 10, Span(1, 10**9))
    done = subprocess.run(["sh", "-c", turned], capture_output=True, text=True, check=True)
    assert read_look(done.stdout.splitlines()).before.requests == 5


def test_a_log_without_upstreams_counts_what_nobody_answered(tmp_path: Path) -> None:
    old = '{"at":1,"status":502,"seconds":0.1,"release":"","id":""}\n'
    assert counted(tmp_path, old * 2 + old.replace("502", "200"), 0, 10).errors == 2
