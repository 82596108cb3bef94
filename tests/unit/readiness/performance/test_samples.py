"""Percentiles with intervals, loads that are open, and what of the cache and compression is as declared."""

from __future__ import annotations

import math
import random
import threading
import time
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.site import Reply
from readiness.check import Outcome, Result
from readiness.rows.performance.arrivals import load
from readiness.rows.performance.caching import caching
from readiness.rows.performance.drawing import drawn, filmstrip
from readiness.rows.performance.samples import ENOUGH, quantile
from tests.unit.readiness.scripted import reply, target_of


def test_percentiles_by_hand() -> None:
    values = list(range(1, 101))
    assert [quantile(values, share).value for share in (0.5, 0.95, 0.99)] == [50, 95, 99]
    # Binomial, 100 tries of 0.95: 89 or fewer have 1.1 %, 90 or fewer 2.8 %; 98 or fewer 96.3 %, 99 or fewer 99.4 %.
    assert (quantile(values, 0.95).low, quantile(values, 0.95).high) == (90, 100)


def test_fifty_nine_are_the_least_that_bound_a_95th_percentile() -> None:
    assert quantile(range(ENOUGH), 0.95).high == ENOUGH - 1
    assert math.isinf(quantile(range(ENOUGH - 1), 0.95).high)


def test_the_interval_holds_the_truth_as_often_as_it_says() -> None:
    chance = random.Random(3)
    held = 0
    for _ in range(400):
        found = quantile([chance.expovariate(1) for _ in range(100)], 0.95)
        held += found.low <= -math.log(0.05) <= found.high
    assert held >= 0.93 * 400


@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=80), st.sampled_from([0.5, 0.95, 0.99]))
def test_a_percentile_is_one_of_the_values_and_in_its_interval(values: list[float], share: float) -> None:
    found = quantile(values, share)
    assert found.value in values
    assert found.low <= found.value <= found.high


def test_no_value_is_said() -> None:
    with pytest.raises(ValueError, match="a sample needs a value"):
        quantile([], 0.5)


def test_requests_begin_when_they_are_due_and_waiting_counts() -> None:
    def slow(number: int) -> Reply:
        time.sleep(0.2 if number == 0 else 0)
        return reply(200)

    found = load([slow], 4, 100)

    assert found[0].seconds >= 0.2
    # Due 10 ms after the first, it waited for the one that asks: that is its time, and not hidden.
    assert found[1].seconds > 0.15
    assert found[1].late > 0.15


def test_no_asker_is_used_by_two_at_once_and_all_take_turns() -> None:
    counts = [0, 0, 0]
    busy = [threading.Lock() for _ in counts]

    def asker(index: int) -> object:
        def ask(_number: int) -> Reply:
            assert busy[index].acquire(blocking=False)
            counts[index] += 1
            busy[index].release()
            return reply(200)

        return ask

    load([asker(index) for index in range(3)], 30, 200)  # type: ignore[misc]
    assert sum(counts) == 30
    assert min(counts) >= 5


def test_the_plot_says_the_same_in_words_and_takes_hostile_names() -> None:
    picture = drawn({"<script>": [10.0, 20.0], "none": []}, 500)
    assert "<script>" not in picture.data.decode()
    assert picture.alt == "95th percentiles: <script> 20 ms; the limit is 500 ms"
    assert drawn({}, 500).data.startswith(b"<svg")


def test_a_film_of_what_is_no_picture_is_none() -> None:
    assert filmstrip([(0.1, b"not a jpeg"), (0.2, b"")], "/") is None


PAGE = '<link rel="stylesheet" href="/static/a.css"><img src="https://elsewhere.test/b.png">'


def _results(change: Mapping[str, Reply]) -> dict[str, Result]:
    def answer(_method: str, url: str, _headers: Mapping[str, str]) -> Reply:
        path = url.removeprefix("https://app.community.test")
        if path in change:
            return change[path]
        if path == "/static/a.css":
            css = {"Content_Type": "text/css", "Cache_Control": "max-age=300", "Content_Encoding": "gzip"}
            return reply(200, "a" * 5000, CF_Cache_Status="HIT", **css)
        return reply(200, PAGE, Content_Type="text/html", CF_Cache_Status="BYPASS")

    return {result.check.id.partition(".")[2]: result for result in caching(target_of(answer))}


def test_a_file_that_is_kept_and_compressed_is_well() -> None:
    assert {result.outcome for result in _results({}).values()} == {Outcome.PASS}


@pytest.mark.parametrize(
    ("path", "answer", "check", "why"),
    [
        (
            "/static/a.css",
            reply(200, "a", CF_Cache_Status="MISS", Cache_Control="max-age=300"),
            "caching",
            "did not come from the edge's cache (MISS)",
        ),
        ("/static/a.css", reply(200, "a", CF_Cache_Status="HIT"), "caching", "for 0 s, and 300 are declared"),
        (
            "/static/a.css",
            reply(200, "a", CF_Cache_Status="HIT", Cache_Control="max-age=31536000, immutable"),
            "caching",
            "its name does not change",
        ),
        ("/api/auth/me", reply(200, "me", CF_Cache_Status="HIT"), "caching", "/api/auth/me came from the cache"),
        (
            "/static/a.css",
            reply(200, "a" * 5000, CF_Cache_Status="HIT", Cache_Control="max-age=300", Content_Type="text/css"),
            "compression",
            "/static/a.css (5000 bytes) is not",
        ),
    ],
)
def test_what_is_not_as_declared_is_found(path: str, answer: Reply, check: str, why: str) -> None:
    result = _results({path: answer})[check]
    assert result.outcome is Outcome.FAIL
    assert why in result.summary


def test_an_edge_that_says_nothing_of_its_cache_is_no_pass() -> None:
    def answer(*_: object) -> Reply:
        return reply(200, PAGE, Content_Type="text/html")

    found = {result.check.id: result.outcome for result in caching(target_of(answer))}
    assert found["performance.caching"] is Outcome.CANNOT_TELL
