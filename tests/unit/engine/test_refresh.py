"""What counts as drift."""

from __future__ import annotations

from typing import Any

import pytest

from lab.engine.refresh import drifted


@pytest.mark.parametrize(
    ("inputs", "before", "after", "expected"),
    [
        ({"a": 1}, {"a": 1}, {"a": 1}, {"a": 1}),
        ({"a": 1}, {"a": 1}, {"a": 2}, {"a": 2}),
        ({"a": "X."}, {"a": "x"}, {"a": "x"}, {"a": "X."}),
        ({"a": "X."}, {"a": "x"}, {"a": "y"}, {"a": "y"}),
        ({"a": 1}, {"a": 1, "left": 1}, {"a": 1, "left": 2}, {"a": 1}),
        ({"a": 1}, {"a": 1}, {}, {}),
        ({"hidden": 1}, {}, {}, {"hidden": 1}),
        (
            {"r": [{"x": 1}]},
            {"r": [{"x": 1, "id": "i", "on": True}]},
            {"r": [{"x": 1, "id": "i", "on": True}]},
            {"r": [{"x": 1}]},
        ),
        ({"r": [{"x": 1}]}, {"r": [{"x": 1, "on": True}]}, {"r": [{"x": 2, "on": True}]}, {"r": [{"x": 2}]}),
        ({"r": [{"x": 1}]}, {"r": [{"x": 1}]}, {"r": [{"x": 1}, {"x": 2}]}, {"r": [{"x": 1}, {"x": 2}]}),
        ({"r": [{"x": 1}]}, {"r": [{"x": 1}]}, {"r": []}, {"r": []}),
    ],
)
def test_only_what_the_api_says_otherwise_than_before(inputs: Any, before: Any, after: Any, expected: Any) -> None:
    assert drifted(inputs, before, after) == expected
