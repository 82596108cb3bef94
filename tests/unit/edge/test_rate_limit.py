"""Counters by key with a clock of the test's own."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.rate_limit import Counters, Limit, key_maker

BLOCKING = Limit(requests=3, period=10, mitigation=60)
THROTTLING = Limit(requests=3, period=10, mitigation=0)


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_the_request_over_the_limit_is_refused_for_the_whole_mitigation() -> None:
    clock = Clock()
    counters = Counters(clock)
    assert [counters.admit(b"k", BLOCKING) for _ in range(4)] == [None, None, None, 60.0]
    clock.now += 59
    assert counters.admit(b"k", BLOCKING) == 1.0
    assert counters.admit(b"other", BLOCKING) is None
    clock.now += 1
    assert counters.admit(b"k", BLOCKING) is None


def test_throttling_refuses_what_is_over_the_limit_alone() -> None:
    clock = Clock()
    counters = Counters(clock)
    assert [counters.admit(b"k", THROTTLING) for _ in range(3)] == [None] * 3
    clock.now += 4
    # 6 s to the next window, and a third of it until 2 of the 3 weigh.
    assert counters.admit(b"k", THROTTLING) == pytest.approx(6 + 10 / 3)
    clock.now += 16
    assert counters.admit(b"k", THROTTLING) is None


@given(st.lists(st.floats(0, 15), min_size=1, max_size=40), st.integers(1, 4), st.sampled_from([0, 30]))
def test_who_waits_as_told_is_served(gaps: list[float], requests: int, mitigation: int) -> None:
    clock = Clock()
    counters = Counters(clock)
    limit = Limit(requests, 10, mitigation)
    for gap in gaps:
        clock.now += gap
        if (wait := counters.admit(b"k", limit)) is not None:
            clock.now += wait + 1e-6
            assert counters.admit(b"k", limit) is None


def test_the_last_window_counts_by_what_the_sliding_period_still_covers() -> None:
    clock = Clock()
    counters = Counters(clock)
    for _ in range(3):
        counters.admit(b"k", THROTTLING)
    clock.now += 12
    # 80 % of the last window's 3 are 2.4: none fits beside them, but one does when half of the window is past.
    assert counters.admit(b"k", THROTTLING) is not None
    clock.now += 3
    assert counters.admit(b"k", THROTTLING) is None


def test_counting_and_checking_may_be_apart() -> None:
    counters = Counters(Clock())
    for _ in range(3):
        counters.count(b"k", BLOCKING)
    assert counters.check(b"k", BLOCKING) is None
    counters.count(b"k", BLOCKING)
    assert counters.check(b"k", BLOCKING) == 60.0


def test_memory_is_bounded_and_the_longest_unused_goes_first() -> None:
    counters = Counters(Clock(), capacity=2)
    for key in (b"a", b"b", b"a", b"c"):
        counters.count(key, BLOCKING)
    assert len(counters) == 2
    counters.count(b"a", BLOCKING)
    counters.count(b"a", BLOCKING)
    assert counters.check(b"a", BLOCKING) is not None


@given(st.lists(st.floats(0, 30), max_size=60), st.integers(1, 5))
def test_no_window_admits_more_than_the_limit(gaps: list[float], requests: int) -> None:
    clock = Clock()
    counters = Counters(clock)
    limit = Limit(requests, 10, 0)
    admitted: dict[int, int] = {}
    for gap in gaps:
        clock.now += gap
        if counters.admit(b"k", limit) is None:
            window = int(clock.now // 10)
            admitted[window] = admitted.get(window, 0) + 1
    assert all(number <= requests for number in admitted.values())


@given(st.lists(st.one_of(st.none(), st.binary(max_size=3)), max_size=3), st.data())
def test_keys_differ_where_values_do(values: list[bytes | None], data: st.DataObject) -> None:
    others = data.draw(st.lists(st.one_of(st.none(), st.binary(max_size=3)), max_size=3))
    key = key_maker("r")
    assert (key(values) == key(others)) == (values == others)
    assert key(values) != key_maker("s")(values)
