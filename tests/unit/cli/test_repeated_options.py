"""Options that may be given more than once."""

from __future__ import annotations

import pytest
from invoke.exceptions import ParseError
from invoke.parser import Parser
from invoke.parser.argument import Argument
from invoke.parser.context import ParserContext

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


@pytest.mark.parametrize(("name", "argument"), REPEATED, ids=[f"{name} {each.name}" for name, each in REPEATED])
def test_one_without_its_value_is_an_error_and_not_every_host(name: str, argument: Argument) -> None:
    collection = Parser([ParserContext(name=name, args=namespace[name].get_arguments())])
    with pytest.raises(ParseError, match="needed value and was not given one"):
        collection.parse_argv([name, f"--{argument.name}"])
    (parsed,) = collection.parse_argv([name, f"--{argument.name}", "app-1", f"--{argument.name}", "app-2"])
    assert parsed.args[argument.name].value == ["app-1", "app-2"]


@pytest.mark.parametrize("name", namespace.task_names)
def test_h_is_help_beside_every_task(name: str) -> None:
    assert not [each.name for each in namespace[name].get_arguments() if "h" in each.names]
