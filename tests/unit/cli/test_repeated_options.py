"""Options that may be given more than once."""

from __future__ import annotations

import pytest

from tasks import namespace

REPEATED = [
    (name, argument)
    for name in namespace.task_names
    for argument in namespace[name].get_arguments()
    if argument.name in namespace[name].iterable
]


@pytest.mark.parametrize(("name", "argument"), REPEATED, ids=[f"{name} {each.name}" for name, each in REPEATED])
def test_each_value_is_kept_whole(name: str, argument: object) -> None:
    # With a tuple as its default, Invoke would take a word for a list of letters.
    assert argument.kind is list  # type: ignore[attr-defined]
