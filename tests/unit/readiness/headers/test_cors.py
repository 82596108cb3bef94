"""CORS: whatever lets a hostile origin in is found, and who is not answered is no pass."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest

from core.site import Reply
from readiness.check import Outcome, Result
from readiness.rows.headers.cors import hostile_origins, strangers
from tests.unit.readiness.scripted import reply, target_of

ORIGINS = hostile_origins("app.community.test", "community.test")
CORS, PREFLIGHT = "headers.cors-origins", "headers.cors-preflight"


def results(allow: Callable[[str], str]) -> dict[str, Result]:
    def answer(_method: str, _url: str, headers: Mapping[str, str]) -> Reply:
        allowed = allow(headers.get("Origin", ""))
        return reply(200, **({"Access_Control_Allow_Origin": allowed} if allowed else {}))

    return {result.check.id: result for result in strangers(target_of(answer))}


def test_the_origins_are_those_that_careless_comparisons_let_in() -> None:
    assert {
        "https://evil.example",
        "null",
        "https://app.community.test.evil.example",
        "https://notcommunity.test",
        "https://xapp.community.test",
        "http://app.community.test",
        "https://app.community.test:8443",
        "https://appxcommunity.test",
    } <= set(ORIGINS)
    assert "https://app.community.test" not in ORIGINS


def test_a_platform_without_cors_has_nothing_to_say() -> None:
    assert {result.outcome for result in results(lambda _origin: "").values()} == {Outcome.PASS}


@pytest.mark.parametrize(
    "allow",
    [
        lambda origin: origin,
        lambda origin: "null" if origin == "null" else "",
        lambda _origin: "*",
        lambda origin: origin if origin.startswith("https://app.community.test") else "",
        lambda origin: origin if origin.endswith("community.test") else "",
        lambda origin: origin if origin == "http://app.community.test" else "",
    ],
    ids=["reflected", "null", "star", "prefix", "suffix", "scheme"],
)
def test_each_careless_comparison_is_found(allow: Callable[[str], str]) -> None:
    found = results(allow)
    assert {result.outcome for result in found.values()} == {Outcome.FAIL}


def test_one_origin_of_ones_own_is_none_of_theirs() -> None:
    assert results(lambda _origin: "https://app.community.test")[CORS].outcome is Outcome.PASS


def test_no_answer_is_no_pass() -> None:
    found = {result.check.id: result for result in strangers(target_of(lambda *_: Reply(0, reason="it hangs")))}
    assert {result.outcome for result in found.values()} == {Outcome.CANNOT_TELL}
    assert set(found) == {CORS, PREFLIGHT}
