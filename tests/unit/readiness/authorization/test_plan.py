"""Which calls are made, and what is made of their answers."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.site import Reply
from readiness.rows.authorization import plan, verdict
from readiness.rows.authorization.openapi import operations_of
from readiness.rows.authorization.plan import Ask
from readiness.rows.authorization.verdict import Belongings, Verdict
from tests.unit.readiness.authorization.documents import board

OWN = {"org": "org-of-mine", "post": "post-of-mine", "user": "user-of-mine"}
OTHER = {"org": "org-of-theirs", "post": "post-of-theirs", "user": "user-of-theirs"}
KNOWN = {one.label: one for one in operations_of(board(), 1)}
ONE = KNOWN["GET /orgs/{org_id}/posts/{post_id}"]
LIST = KNOWN["GET /orgs/{org_id}/posts"]


def test_ids_are_swapped_from_the_whole_path_down_to_its_last() -> None:
    ways = [(how, plan.filled(ONE, ids, "mark").path) for how, ids in plan.swaps(ONE, OWN, OTHER)]
    assert ways == [
        ("every id theirs", "/orgs/org-of-theirs/posts/post-of-theirs"),
        ("only post theirs", "/orgs/org-of-mine/posts/post-of-theirs"),
    ]


def test_others_ids_go_into_the_query_by_what_is_known_and_by_what_is_not() -> None:
    names = plan.parameter_names(KNOWN.values())
    assert names == {"org": "org_id", "post": "post_id", "user": "user_id"}
    assert [query for _how, query in plan.elsewhere(LIST, OTHER, names)] == [
        {"before": "post-of-theirs"},
        {"org_id": "org-of-theirs", "post_id": "post-of-theirs", "user_id": "user-of-theirs"},
    ]
    asked = plan.filled(LIST, OWN, "mark", also={"before": "a/b"})
    assert asked.path == "/orgs/org-of-mine/posts?before=a%2Fb"


def test_an_id_is_one_part_of_the_path_whatever_is_in_it() -> None:
    asked = plan.filled(ONE, {"org": "../admin", "post": "a?b#c"}, "mark")
    assert asked.path == "/orgs/..%2Fadmin/posts/a%3Fb%23c"


def test_reads_come_before_changes_and_deep_deletes_before_shallow_ones() -> None:
    labels = [one.label for one in plan.in_order(KNOWN.values())]
    assert labels[0].startswith("GET")
    assert labels[-1].startswith("DELETE")
    effects = [plan.effect_of(KNOWN[label]) for label in labels]
    assert effects == sorted(effects, key=list(plan.Effect).index)


def test_an_id_of_nothing_stands_last_and_is_new_each_time() -> None:
    first, second = plan.nowhere(ONE, OWN), plan.nowhere(ONE, OWN)
    assert first["org"] == "org-of-mine"
    assert len({first["post"], second["post"], "post-of-mine"}) == 3


THEIRS = Belongings(frozenset({"lr-mark-1"}), frozenset({"post-of-theirs", "user-of-theirs", "7"}))
ASK = Ask("GET", "/orgs/o/posts/post-of-theirs")
OWNERS = Reply(200, body=b'{"text": "lr-mark-1 and more"}')


def _reply(status: int, body: Any = "") -> Reply:
    return Reply(status, body=body.encode() if isinstance(body, str) else json.dumps(body).encode())


@pytest.mark.parametrize(
    ("reply", "owners", "reached"),
    [
        (_reply(404), OWNERS, False),
        (_reply(401), OWNERS, False),
        (_reply(302), OWNERS, False),
        (_reply(200, {"text": "lr-mark-1 and more"}), OWNERS, True),
        (_reply(200, '"lr\\u002dmark\\u002d1"'), OWNERS, True),
        (_reply(403, {"detail": "lr-mark-1 is not yours"}), OWNERS, True),
        (_reply(200, {"author": "user-of-theirs"}), OWNERS, True),
        (_reply(200, {"id": "post-of-theirs"}), OWNERS, False),
        (_reply(200, {"count": 7}), OWNERS, False),
        (_reply(200, {"items": []}), OWNERS, False),
        (_reply(200, {"count": 3}), _reply(200, {"count": 3}), True),
        (_reply(200, "lr-mark-1"), None, True),
        (_reply(200, "mine"), None, False),
        (_reply(429), OWNERS, None),
        (_reply(503), OWNERS, None),
        (Reply(0, reason="no answer within 5 s"), OWNERS, None),
    ],
)
def test_a_read_is_judged_by_what_it_shows(reply: Reply, owners: Reply | None, reached: bool | None) -> None:
    assert verdict.read(reply, THEIRS, ASK, owners, ASK if owners else None).reached is reached


@pytest.mark.parametrize(
    ("reply", "changed", "nobodys", "reached"),
    [
        (_reply(404), [], _reply(404), False),
        (_reply(204), ["GET /posts"], _reply(204), True),
        (_reply(403), ["GET /posts"], _reply(404), True),
        (_reply(204), [], _reply(204), False),
        (_reply(204), [], _reply(404), True),
        (_reply(200, "lr-mark-1"), [], _reply(200), True),
        (_reply(429), [], _reply(404), None),
        (_reply(500), [], _reply(404), None),
    ],
)
def test_a_change_is_judged_by_what_its_owner_sees(
    reply: Reply, changed: list[str], nobodys: Reply, reached: bool | None
) -> None:
    assert verdict.write(reply, THEIRS, Ask("DELETE", "/posts/post-of-theirs"), changed, nobodys).reached is reached


@pytest.mark.parametrize(
    ("real", "nobodys", "told"),
    [
        (_reply(404, "nothing"), _reply(404, "nothing"), ""),
        (_reply(403, "nothing"), _reply(404, "nothing"), "403 for what is there and 404 for what is not"),
        (_reply(404, "no a1"), _reply(404, "no b2"), ""),
        (_reply(404, "not yours"), _reply(404, "no such"), "another text with the same status 404"),
    ],
)
def test_what_tells_that_a_thing_exists(real: Reply, nobodys: Reply, told: str) -> None:
    assert verdict.tells_apart(real, nobodys, {"a1", "b2"}) == told


def test_what_changes_by_itself_is_no_change() -> None:
    before = verdict.steady({"a": 1, "clock": 1, "b": 2}, {"a": 1, "clock": 2, "b": 2})
    assert verdict.changes(before, {"a": 1, "clock": 3, "b": 2}) == []
    assert verdict.changes(before, {"a": 1, "clock": 3}) == ["b"]


@given(st.binary(max_size=200), st.integers(0, 599))
def test_any_answer_is_judged(body: bytes, status: int) -> None:
    judged = verdict.read(Reply(status, body=body), THEIRS, ASK, OWNERS, ASK)
    assert isinstance(judged, Verdict)
    assert judged.reached is not True or b"theirs" in body or b"lr" in body or b"\\" in body
