"""A place that builds SQL out of what it is given, in the three ways that show; and places that do not."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from core.site import Reply
from readiness.rows.inputs.places import Place, sample
from readiness.rows.inputs.sql import SLEEP, attempts, error_of

OK = b'{"items": []}'


def _wrong(ask: Callable[[str], Reply]) -> list[str]:
    return [one.wrong for one in attempts(Place("GET /search: q", ask)) if one.wrong]


def _says_so(value: str) -> Reply:
    return Reply(500, body=b'syntax error at or near "lr"') if "'" in value else Reply(200, body=OK)


def _true(value: str) -> Reply:
    return Reply(200, body=b'{"items": [1, 2, 3]}' if "OR '1'='1" in value else OK)


def _waits(value: str) -> Reply:
    return Reply(200, body=OK, seconds=SLEEP + 0.1 if f"pg_sleep({SLEEP:g})" in value else 0.02)


@pytest.mark.parametrize(
    ("ask", "said"),
    [
        (_says_so, "syntax error at or near"),
        (lambda value: Reply(500) if "'" in value else Reply(200), "it breaks"),
        (_true, "a condition that is true"),
        (_waits, "it waits"),
    ],
)
def test_sql_shows_itself(ask: Callable[[str], Reply], said: str) -> None:
    assert any(said in one for one in _wrong(ask))


@pytest.mark.parametrize(
    "ask",
    [
        lambda value: Reply(422),
        lambda value: Reply(404),
        lambda value: Reply(200, body=OK),
        lambda value: Reply(200, body=value.encode()),
        lambda value: Reply(200, body=OK, seconds=3.0),
        lambda value: Reply(429),
    ],
    ids=["refuses", "finds nothing", "finds nothing of many", "echoes", "is slow always", "is limited"],
)
def test_what_is_sound_shows_nothing(ask: Callable[[str], Reply]) -> None:
    assert _wrong(ask) == []


def test_a_value_that_is_refused_for_its_form_is_asked_once() -> None:
    asked: list[str] = []

    def ask(value: str) -> Reply:
        asked.append(value)
        return Reply(422)

    list(attempts(Place("x", ask)))
    assert len(asked) == 1


@pytest.mark.parametrize(
    "said", ["ORA-01756: quoted", "SQLSTATE[42000]", 'near "x": syntax error', "asyncpg.exceptions"]
)
def test_databases_give_themselves_away(said: str) -> None:
    assert error_of(Reply(400, body=said.encode()))


def test_a_post_about_sql_is_no_error() -> None:
    assert error_of(Reply(200, body=b"How do I write an OR in SQL?")) == ""


def test_samples_are_of_the_kind_that_is_meant() -> None:
    assert sample({"type": "string", "format": "uuid"}).count("-") == 4
    assert sample({"anyOf": [{"type": "integer"}, {"type": "null"}]}) == "1"
    assert sample({}) == "x"
