"""How a health check stands, who is told of a change, and what they are told."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.cloudflare.monitoring import notices
from lab.cloudflare.monitoring.health import HEALTHY, UNHEALTHY, UNKNOWN, Health, is_news
from lab.cloudflare.monitoring.notices import Change

ACCOUNT = {"id": "a" * 32, "name": "Lab"}
CHECK = {"id": "c" * 32, "name": "login", "address": "app.community.test"}
ZONE = {"id": "d" * 32, "name": "community.test"}


def after(outcomes: str, fails: int = 2, successes: int = 2) -> Health:
    """``x`` is a failed probe, ``.`` one that succeeded."""
    health = Health()
    for outcome in outcomes:
        reason = "TCP connection failed" if outcome == "x" else ""
        health = health.after(reason, {"consecutive_fails": fails, "consecutive_successes": successes})
    return health


@pytest.mark.parametrize(
    ("outcomes", "status"),
    [
        ("", UNKNOWN),
        (".", UNKNOWN),
        ("x", UNKNOWN),
        ("..", HEALTHY),
        ("xx", UNHEALTHY),
        (".x.x", UNKNOWN),
        ("..x", HEALTHY),
        ("..x.x", HEALTHY),
        ("..xx", UNHEALTHY),
        ("xx.", UNHEALTHY),
        ("xx..", HEALTHY),
    ],
)
def test_a_status_changes_after_so_many_in_a_row(outcomes: str, status: str) -> None:
    assert after(outcomes).status == status


@given(st.text("x."), st.integers(1, 4), st.integers(1, 4))
def test_the_status_is_that_of_the_last_run_that_was_long_enough(outcomes: str, fails: int, successes: int) -> None:
    bad, good = outcomes.rfind("x" * fails), outcomes.rfind("." * successes)
    expected = UNKNOWN if bad == good == -1 else UNHEALTHY if bad > good else HEALTHY
    assert after(outcomes, fails, successes).status == expected


def test_a_reason_is_shown_of_what_is_unhealthy_alone() -> None:
    assert after("..x").shown() == {"status": HEALTHY, "failure_reason": ""}
    assert after("xx").shown() == {"status": UNHEALTHY, "failure_reason": "TCP connection failed"}


@pytest.mark.parametrize(
    ("before", "now", "news"),
    [
        ("", "..", False),
        ("", "xx", True),
        ("..", "..x", False),
        ("..", "..xx", True),
        ("xx", "xxx", False),
        ("xx", "xx..", True),
    ],
)
def test_changes_alone_are_news_and_the_first_good_one_is_none(before: str, now: str, news: bool) -> None:
    assert is_news(after(before), after(now)) is news


def changed(before: str = "..", now: str = "..xx") -> Change:
    at = datetime(2026, 11, 30, 12, 0, tzinfo=UTC)
    return Change(ZONE, CHECK, after(before), after(now), at, "11111111-1111-4111-8111-111111111111")


def policy(**more: Any) -> dict[str, Any]:
    return {
        "id": "e" * 32,
        "name": "down",
        "description": "platform team",
        "alert_type": notices.ALERT_TYPE,
        "enabled": True,
        "mechanisms": {},
        **more,
    }


@pytest.mark.parametrize(
    ("more", "tells"),
    [
        ({}, True),
        ({"filters": {}}, True),
        ({"filters": None}, True),
        ({"filters": {"health_check_id": ["c" * 32], "status": ["Unhealthy", "Healthy"]}}, True),
        ({"filters": {"health_check_id": ["f" * 32]}}, False),
        ({"filters": {"status": ["Healthy"]}}, False),
        ({"enabled": False}, False),
        ({"alert_type": "dos_attack_l7"}, False),
    ],
)
def test_a_policy_tells_of_what_its_filters_let_through(more: dict[str, Any], tells: bool) -> None:
    assert bool(list(notices.policies_for(changed(), {**ACCOUNT, "alert_policies": [policy(**more)]}))) is tells


def test_a_generic_webhook_is_sent_what_cloudflare_documents() -> None:
    body = notices.payload(changed(), policy(), ACCOUNT)
    assert set(body) == {
        *("name", "text", "data", "ts", "account_id", "policy_id", "policy_name", "alert_type"),
        *("alert_correlation_id", "alert_event"),
    }
    assert (body["alert_event"], body["ts"]) == ("ALERT_STATE_EVENT_START", 1796040000)
    assert body["data"]["reason"] == "TCP connection failed"
    assert (body["data"]["old_status"], body["data"]["new_status"]) == ("Healthy", "Unhealthy")
    assert notices.payload(changed("xx", "xx.."), policy(), ACCOUNT)["alert_event"] == "ALERT_STATE_EVENT_END"
    assert notices.shaped(body, {"type": "generic"}) == body
    assert notices.shaped(body, {"type": "slack"}) == {"text": body["text"]}


def test_a_name_with_lines_in_it_adds_no_header_to_a_mail() -> None:
    body = notices.payload(changed(), policy(name="down\nBcc: eve@evil.test"), ACCOUNT)
    message = notices.mail("oncall@community.test", body, policy(name="down\nBcc: eve@evil.test"))
    assert set(message.keys()) >= {"From", "To", "Subject"}
    assert message["Bcc"] is None
