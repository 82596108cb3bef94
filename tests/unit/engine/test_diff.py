"""Differences and their paths."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lab.engine import diff
from lab.engine.wire import UNKNOWN, Secret

keys = st.text(min_size=1, max_size=8)
values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=4),
    max_leaves=15,
)
maps = st.dictionaries(keys, values, max_size=5)
FEW = settings(max_examples=40)


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ({"a": 1}, {"a": 1}, {}),
        ({"a": 1}, {"a": 2}, {"a": "update"}),
        ({"a": 1}, {}, {"a": "delete"}),
        ({}, {"a": {"b": 1}}, {"a": "add"}),
        ({"a": 1}, {"a": True}, {"a": "update"}),
        ({"a": 1}, {"a": UNKNOWN}, {"a": "update"}),
        ({"r": [{"x": 1}, {"x": 2}]}, {"r": [{"x": 1}, {"x": 3}]}, {"r[1].x": "update"}),
        ({"r": [1]}, {"r": [1, 2]}, {"r[1]": "add"}),
        ({"r": [1, 2]}, {"r": [1]}, {"r[1]": "delete"}),
        ({"a": [1]}, {"a": {"b": 1}}, {"a": "update"}),
        ({"h": {"X-A": 1, "b.c": 1}}, {"h": {"X-A": 2, "b.c": 2}}, {"h.X-A": "update", 'h["b.c"]': "update"}),
        ({"s": Secret("x")}, {"s": Secret("x")}, {}),
        ({"s": Secret("x")}, {"s": "x"}, {}),
        ({"s": Secret({"deep": 1})}, {"s": Secret({"deep": 2})}, {"s": "update"}),
        ({"s": Secret("x")}, {"s": Secret(UNKNOWN)}, {"s": "update"}),
    ],
)
def test_paths_and_kinds(old: Any, new: Any, expected: dict[str, str]) -> None:
    assert {diff.show(path): str(kind) for path, kind in diff.diff(old, new).items()} == expected


@FEW
@given(maps)
def test_nothing_differs_from_itself(value: Any) -> None:
    assert diff.diff(value, value) == {}


@FEW
@given(maps, maps)
def test_keeping_the_old_value_at_every_difference_is_the_old_map(old: Any, new: Any) -> None:
    tops = {path[:1] for path in diff.diff(old, new)}
    assert diff.diff(old, diff.keep(new, old, tops)) == {}


@FEW
@given(st.lists(st.integers(0, 99) | keys, min_size=1, max_size=4).filter(lambda steps: isinstance(steps[0], str)))
def test_a_path_can_be_read_back(steps: list[str | int]) -> None:
    assert diff.parse(diff.show(tuple(steps))) == tuple(steps)


@pytest.mark.parametrize("text", ["", "a[", "a[x]", 'a["b]', "a]"])
def test_what_is_no_path_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="path"):
        diff.parse(text)


@pytest.mark.parametrize(
    ("pattern", "path", "covered"),
    [
        ("a", "a", True),
        ("a", "a.b[0]", True),
        ("a.b", "a", True),
        ("a.b", "a.c", False),
        ("r[*].x", "r[3].x", True),
        ("r[*].x", "r[3].y", False),
        ("*", "anything.at.all", True),
    ],
)
def test_which_changes_a_pattern_covers(pattern: str, path: str, covered: bool) -> None:
    assert diff.covers(diff.parse(pattern), diff.parse(path)) is covered


@pytest.mark.parametrize(
    ("pattern", "old", "new", "kept"),
    [
        ("a", {"a": 1, "b": 1}, {"a": 2, "b": 2}, {"a": 1, "b": 2}),
        ("a", {}, {"a": 2}, {}),
        ("a", {"a": 1}, {}, {"a": 1}),
        ("r[0].x", {"r": [{"x": 1, "y": 1}]}, {"r": [{"x": 2, "y": 2}]}, {"r": [{"x": 1, "y": 2}]}),
        ("r[5].x", {"r": [{"x": 1}]}, {"r": [{"x": 2}]}, {"r": [{"x": 2}]}),
        ("r[*].x", {"r": [{"x": 1}]}, {"r": [{"x": 2}, {"x": 3}]}, {"r": [{"x": 1}, {"x": 3}]}),
        ("r[*]", {"r": [1, 2]}, {"r": [3]}, {"r": [1, 2]}),
        ("m.*", {"m": {"a": 1}}, {"m": {"a": 2, "b": 2}}, {"m": {"a": 1}}),
    ],
)
def test_what_ignoring_changes_keeps(pattern: str, old: Any, new: Any, kept: Any) -> None:
    assert diff.keep(new, old, [diff.parse(pattern)]) == kept
