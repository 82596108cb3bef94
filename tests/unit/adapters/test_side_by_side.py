"""Streams side by side: all of each, an error through, and nobody left behind."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Iterator

import pytest

from adapters.side_by_side import SideBySide


def test_all_of_each_stream_comes_in_its_order() -> None:
    streams = [[(which, number) for number in range(1000)] for which in range(3)]
    found = list(SideBySide(streams, lambda _item: 1, batch=7))
    assert len(found) == 3000
    for which in range(3):
        assert [item for item in found if item[0] == which] == streams[which]


def test_an_error_comes_through_and_ends_the_others() -> None:
    closed = threading.Event()

    def endless() -> Iterator[int]:
        try:
            yield from itertools.count()
        finally:
            closed.set()

    def broken() -> Iterator[int]:
        yield 1
        raise ValueError("it is broken")

    with pytest.raises(ValueError, match="it is broken"):
        list(SideBySide([endless(), broken()], lambda _item: 1, batch=10))
    assert closed.is_set()


def test_who_reads_no_further_leaves_nobody_behind() -> None:
    before = threading.active_count()
    stream = iter(SideBySide([itertools.count(), itertools.count()], lambda _item: 1, batch=10))
    assert next(stream) == 0
    stream.close()  # type: ignore[attr-defined]
    assert threading.active_count() == before


def test_what_waits_is_bounded_by_its_weight() -> None:
    made: list[int] = []

    def heavy() -> Iterator[int]:
        for number in range(1000):
            made.append(number)
            yield number

    stream = iter(SideBySide([heavy()], lambda _item: 1000, batch=100))
    assert next(stream) == 0
    time.sleep(0.3)
    # Of 32 batches' weight, which three items have, and the one that waits for room.
    assert len(made) <= 6
    assert list(stream) == list(range(1, 1000))


def test_nothing_is_nothing() -> None:
    assert list(SideBySide[int]([], lambda _item: 1)) == []
