"""The alarm: rung in the right order, looked for, and taken away again whatever happens."""

from __future__ import annotations

from typing import Any

import pytest

from core.site import Arrival
from readiness.check import Outcome, Result
from readiness.rows.monitoring import PROBES
from tests.unit.readiness.fakes import make_target, results_of
from tests.unit.readiness.monitoring.live_world import ACCOUNT, ZONE, Clock, Cloudflare, Inbox, Names
from tests.unit.readiness.platform import Platform

ALARM = next(probe for probe in PROBES if probe.checks[0].id == "monitoring.alert-arrives")
LATER = "2999-01-01T00:00:00Z"


def rings(live: Cloudflare, inbox: Inbox | None) -> None:
    """Cloudflare probes, and tells: the webhook's receiver has it, the history too."""

    def probed(check: dict[str, Any]) -> None:
        check["status"] = "unhealthy"
        if inbox is not None:
            inbox.arrived.append(Arrival("1", LATER, "/on-call", {}, f'{{"health_check_id": "{check["id"]}"}}'))
        history = live.items_at[f"{ACCOUNT}/history"]
        live.hook["last_success"] = LATER
        for kind, to in (("webhook", "community.test: on-call"), ("email", "oncall@community.test")):
            history.append({"policy_id": "made-policies", "mechanism_type": kind, "mechanism": to})

    live.probed = probed


def result_of(live: Cloudflare, inbox: Inbox | None = None) -> Result:
    target = make_target(
        Platform(),
        live_api=live,
        live_changes=live,
        clock=Clock(),
        resolver=Names(),
        alerts=inbox,
        mailbox=None,
    )
    return results_of(ALARM, target)["monitoring.alert-arrives"]


def left(live: Cloudflare) -> list[dict[str, Any]]:
    return [item for item in live.checks + live.policies if item["id"].startswith("made-")]


def test_it_arrives_and_nothing_is_left() -> None:
    live, inbox = Cloudflare(), Inbox()
    rings(live, inbox)
    result = result_of(live, inbox)
    assert result.outcome is Outcome.PASS, result.summary
    assert "2 of 2 places" in result.summary
    assert live.done == [
        ("make", "healthchecks"),
        ("make", "policies"),
        ("change", "healthchecks"),
        ("remove", "policies"),
        ("remove", "healthchecks"),
    ]
    assert not left(live)


def test_where_no_receiver_can_be_seen_cloudflares_own_record_counts() -> None:
    live = Cloudflare()
    rings(live, None)
    result = result_of(live)
    assert result.outcome is Outcome.PASS
    assert "Cloudflare says that it was taken" in repr(result.evidence)


def test_a_webhook_that_took_nothing_since_is_told() -> None:
    live = Cloudflare()
    rings(live, None)
    probed = live.probed

    def untaken(check: dict[str, Any]) -> None:
        probed(check)
        live.hook["last_success"] = "2001-01-01T00:00:00Z"

    live.probed = untaken
    result = result_of(live)
    assert result.outcome is Outcome.FAIL
    assert "community.test: on-call was not seen to get it" in result.summary


def test_an_alert_that_does_not_arrive_fails_and_nothing_is_left() -> None:
    live = Cloudflare()
    live.probed = lambda check: check.update(status="unhealthy")
    result = result_of(live, Inbox())
    assert result.outcome is Outcome.FAIL
    assert not left(live)


def test_a_check_that_is_never_probed_cannot_be_told() -> None:
    live = Cloudflare()
    result = result_of(live, Inbox())
    assert result.outcome is Outcome.CANNOT_TELL
    assert not left(live)


def test_without_an_enabled_alert_nothing_is_rung() -> None:
    live = Cloudflare()
    live.health_policy["enabled"] = False
    assert result_of(live, Inbox()).outcome is Outcome.FAIL
    assert live.done == []


def test_a_token_that_may_not_make_the_policy_leaves_no_check() -> None:
    live = Cloudflare()
    live.refused.add("policies")
    result = result_of(live, Inbox())
    assert result.outcome is Outcome.CANNOT_TELL
    assert "403" in result.summary
    assert live.done == [("make", "healthchecks"), ("remove", "healthchecks")]


@pytest.mark.parametrize("kind", ["healthchecks", "policies"])
def test_what_cannot_be_removed_is_told(kind: str) -> None:
    live, inbox = Cloudflare(), Inbox()
    rings(live, inbox)
    live.stuck.add(kind)
    result = result_of(live, inbox)
    assert result.outcome is Outcome.CANNOT_TELL
    assert f"{kind}/made-{kind} could not be removed" in result.summary


def test_the_test_check_says_what_it_is_and_asks_what_is_not_there() -> None:
    live, inbox = Cloudflare(), Inbox()
    seen: list[dict[str, Any]] = []
    live.probed = lambda check: seen.append({**check})
    result_of(live, inbox)
    assert "removes itself" in seen[0]["description"]
    assert seen[0]["http_config"]["path"].startswith("/launch-ready-")
    assert seen[0]["address"] == "app.community.test"
    assert not [item for item in live.items_at[f"{ZONE}/healthchecks"] if item["id"] == "made-healthchecks"]
