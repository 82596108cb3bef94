"""A long piece is given in parts that the scanner takes whole, and nothing of it is lost at their seams."""

from __future__ import annotations

import itertools

from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.scanner_windows import LONGEST, OVERLAP, windows
from core.leaks import Piece

_LINES = st.lists(st.tuples(st.integers(0, 5000), st.sampled_from([b" ", b"-"])), max_size=30)


@settings(max_examples=60, deadline=None)
@given(_LINES, st.integers(0, 3))
def test_parts_cover_the_piece_in_order_and_say_their_lines(lines: list[tuple[int, bytes]], first: int) -> None:
    words = (b"w%07d" % number for number in itertools.count())
    data = b"\n".join(between.join(itertools.islice(words, length)) for length, between in lines)
    covered = 0
    for part, number in windows(Piece("tree", "a", data, first)):
        start = data.index(part, max(0, covered - LONGEST)) if part else covered
        assert not data[covered:start].strip(b"\n")
        assert len(part) <= LONGEST
        assert number == (first + data.count(b"\n", 0, start) if first else 0)
        covered = start + len(part)
    assert covered == len(data)


def test_a_key_of_any_place_is_whole_in_some_part() -> None:
    key = b"BEGIN" + b"k" * (OVERLAP - 1000) + b"END"
    for before in range(0, 3 * LONGEST, 1777):
        data = b"x" * before + b" " + key + b" " + b"y" * 3 * LONGEST
        assert any(key in part for part, _ in windows(Piece("tree", "a", data)))


def test_the_number_of_a_line_is_right_behind_a_seam() -> None:
    lines = [b"line %d" % number for number in range(20_000)]
    for part, number in windows(Piece("tree", "a", b"\n".join(lines), 1)):
        if part.startswith(b"line"):
            assert part.split(b"\n")[0] == b"line %d" % (number - 1)


def test_a_short_piece_is_one_part() -> None:
    assert list(windows(Piece("tree", "a", b"short", 3))) == [(b"short", 3)]
    assert list(windows(Piece("tree", "a", b""))) == [(b"", 0)]
