"""How an answer to hostile input is judged."""

from __future__ import annotations

import pytest

from core.site import Reply
from readiness.check import Outcome
from readiness.rows.inputs import checks
from readiness.rows.inputs.tries import Try, judged, refusal, survival


@pytest.mark.parametrize(
    ("reply", "refused", "survives"),
    [
        (Reply(422), True, True),
        (Reply(413), True, True),
        (Reply(200), False, True),
        (Reply(302), False, True),
        (Reply(500), False, False),
        (Reply(502), False, False),
        (Reply(0, reason="no answer within 10 s"), False, False),
        (Reply(422, seconds=9.0), False, False),
    ],
)
def test_what_must_be_refused_and_what_must_be_survived(reply: Reply, refused: bool, survives: bool) -> None:
    assert (refusal("x", "y", reply).wrong == "") is refused
    assert (survival("x", "y", reply).wrong == "") is survives


def test_a_limit_that_answers_is_never_a_pass() -> None:
    tries = [refusal("x", "y", Reply(422)), refusal("x", "z", Reply(429))]
    assert judged(checks.WRONG_TYPES, tries, "all").outcome is Outcome.CANNOT_TELL


def test_nothing_tried_is_never_a_pass() -> None:
    assert judged(checks.WRONG_TYPES, [], "all").outcome is Outcome.CANNOT_TELL


def test_all_that_is_wrong_is_told_and_the_rest_is_counted() -> None:
    tries = [Try("place", f"value {n}", Reply(500), "it breaks") for n in range(9)]
    result = judged(checks.WRONG_TYPES, tries, "all")
    assert result.outcome is Outcome.FAIL
    assert result.summary.count("it breaks") == 6
    assert result.summary.endswith("and 3 more")
