"""The whole walk over a small platform in memory: clean it passes, and each mistake fails the check that is for it."""

from __future__ import annotations

import pytest

from readiness.check import Outcome, Picture, Result, Table
from readiness.rows.authorization import matrix
from readiness.rows.authorization.walk import Walk
from tests.unit.readiness.authorization.board import OWNERS_ONLY, Board

READS, WRITES, DELETES = "reads-of-others", "writes-to-others", "deletes-of-others"


def _walked(*faults: str, owners_only: frozenset[str] = OWNERS_ONLY) -> dict[str, Result]:
    walk = Walk(Board(set(faults)).stage(), frozenset(), owners_only).run()
    return {one.check.id.removeprefix("authorization."): one for one in matrix.results(walk, admin_sees_all=False)}


def test_a_platform_without_mistakes_passes_each_check() -> None:
    results = _walked()
    assert {name: one.outcome for name, one in results.items()} == dict.fromkeys(results, Outcome.PASS)
    assert len(results) == 7
    table = next(one for one in results[READS].evidence if isinstance(one, Table))
    assert {len(row) for row in table.rows} == {len(table.columns)}
    assert not any("REACHED" in cell for row in table.rows for cell in row)


@pytest.mark.parametrize(
    ("fault", "check"),
    [
        ("read", READS),
        ("leaf", READS),
        ("list", READS),
        ("write", WRITES),
        ("raise", WRITES),
        ("delete", DELETES),
        ("leaf", DELETES),
        ("quiet", DELETES),
        ("cursor", "ids-in-query-and-body"),
        ("no-session", "without-a-session"),
        ("role", "roles"),
        ("told", "existence"),
    ],
)
def test_each_mistake_fails_its_check(fault: str, check: str) -> None:
    result = _walked(fault)[check]
    assert result.outcome is Outcome.FAIL, result.summary


def test_who_got_no_telling_answer_makes_no_pass() -> None:
    results = _walked("busy")
    assert results[READS].outcome is Outcome.CANNOT_TELL
    assert "429" in results[READS].summary or "nothing" in results[READS].summary


def test_what_the_owners_do_alone_has_to_be_said() -> None:
    assert _walked(owners_only=frozenset())["roles"].outcome is Outcome.CANNOT_TELL
    missing = _walked(owners_only=OWNERS_ONLY | {"DELETE /nowhere"})["roles"]
    assert missing.outcome is Outcome.CANNOT_TELL
    assert "DELETE /nowhere" in missing.summary


def test_the_picture_has_no_markup_of_the_platforms() -> None:
    results = _walked("read")
    picture = next(one for one in results[READS].evidence if isinstance(one, Picture))
    assert picture.data.startswith(b"<svg")
    assert b"<script" not in picture.data
