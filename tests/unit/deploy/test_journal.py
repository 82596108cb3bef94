"""What a journal's lines come to: the good releases, the command that was cut short, the schema."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deploy.journal import (
    BEGIN,
    DEPLOY,
    DONE,
    MIGRATE,
    REFUSED,
    ROLLBACK,
    Entry,
    good_releases,
    parse,
    schema_level,
    stamp,
    unfinished,
)


def entry(action: str, step: str, version: str, run: str = "r", schema: int | None = None) -> Entry:
    return Entry("2026-01-01T00:00:00.000Z", run, "me@here", action, step, version, "d", "blue", "ok", 1.5, schema)


def test_a_line_comes_back_as_it_went_and_has_no_unset_schema() -> None:
    line = entry(DEPLOY, DONE, "1.0.0").line()
    assert "schema" not in json.loads(line)
    assert parse([line, entry(DEPLOY, MIGRATE, "1", schema=3).line()])[1].schema == 3


@pytest.mark.parametrize(
    "line",
    ["", "{", '{"at":"2026', "[]", "null", "1", "{}", '{"at":1}', entry(DEPLOY, DONE, "1").line()[:-1]],
)
def test_torn_and_foreign_lines_are_passed_over(line: str) -> None:
    good = entry(DEPLOY, DONE, "1.0.0")
    assert parse([line, good.line(), line]) == (good,)


@given(st.text())
def test_no_line_is_an_error(line: str) -> None:
    assert len(parse([line])) <= 1


@pytest.mark.parametrize(
    ("done", "good"),
    [
        ("d1", "1"),
        ("d1 d2", "1 2"),
        ("d1 d2 r1", "1"),
        ("d1 d2 d3 r1", "1"),
        ("d1 d2 r1 d3", "1 3"),
        ("d1 d2 d1", "2 1"),
        ("d1 d2 r1 r2", "1 2"),
        ("r1", "1"),
    ],
)
def test_what_was_live_for_good(done: str, good: str) -> None:
    actions = {"d": DEPLOY, "r": ROLLBACK}
    entries = [entry(actions[each[0]], DONE, each[1:]) for each in done.split()]
    assert good_releases(entries) == good.split()


def test_what_was_refused_or_cut_short_was_never_good() -> None:
    entries = [entry(DEPLOY, DONE, "1"), entry(DEPLOY, BEGIN, "2", "x"), entry(DEPLOY, REFUSED, "2", "x")]
    assert good_releases(entries) == ["1"]
    assert unfinished(entries) is None
    cut = entry(ROLLBACK, BEGIN, "1", "y")
    assert unfinished([*entries, cut]) == cut


def test_the_schema_is_the_highest_that_migrations_reached() -> None:
    levels = [entry(DEPLOY, MIGRATE, "1", schema=level) for level in (1, 3, 2)]
    assert schema_level(levels) == 3
    assert schema_level([]) is None


def test_a_moment_is_utc_to_the_millisecond() -> None:
    assert stamp(datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)) == "2026-01-02T03:04:05.678Z"
