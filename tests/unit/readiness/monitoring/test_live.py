"""What is at Cloudflare, beside what is declared: present, healthy, told of, led somewhere."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from readiness.check import Outcome, Result
from readiness.rows.monitoring import PROBES
from readiness.target import Target
from tests.unit.readiness.fakes import make_target, results_of
from tests.unit.readiness.monitoring.live_world import Clock, Cloudflare, Names
from tests.unit.readiness.platform import Platform

DECLARED, PRESENT, ROUTES = PROBES[0], PROBES[1], PROBES[2]
Change = Callable[[Cloudflare, Names], object]


def target(live: Cloudflare | None, names: Names | None = None, clock: Clock | None = None) -> Target:
    return make_target(Platform(), live_api=live, clock=clock or Clock(), resolver=names or Names())


def results(change: Change = lambda _live, _names: None) -> dict[str, Result]:
    live, names = Cloudflare(), Names()
    change(live, names)
    looked = target(live, names)
    return {**results_of(PRESENT, looked), **results_of(ROUTES, looked)}


def test_what_is_as_declared_passes() -> None:
    found = results()
    assert {result.outcome for result in found.values()} == {Outcome.PASS}
    assert found["monitoring.checks-present"].summary == "4 health checks are as declared"
    assert found["monitoring.alert-owners"].summary == "4 alerts, answered for by platform team"


FAULTS: list[tuple[str, str, Change]] = [
    ("checks-present", "login has suspended True", lambda live, _: live.checks[1].update(suspended=True)),
    ("checks-present", "login is not at Cloudflare", lambda live, _: live.checks.pop(1)),
    ("checks-present", "homepage has interval 3600", lambda live, _: live.checks[0].update(interval=3600)),
    ("checks-present", "homepage has path None", lambda live, _: live.checks[0].update(http_config=None)),
    ("checks-healthy", "login is unhealthy (TCP connection failed)", lambda live, _: sick(live, "unhealthy")),
    ("checks-healthy", "login is suspended", lambda live, _: sick(live, "suspended")),
    ("alerts-present", "login: no alert is about it", lambda live, _: live.policies.remove(live.health_policy)),
    ("alerts-present", "login: its alert is disabled", lambda live, _: live.health_policy.update(enabled=False)),
    ("alerts-present", "no destination", lambda live, _: live.health_policy.update(mechanisms={"email": []})),
    (
        "alerts-present",
        "login: no alert is about it",
        lambda live, _: live.health_policy.update(filters={"health_check_id": ["id-homepage"]}),
    ),
    (
        "alerts-present",
        "login: no alert is about it",
        lambda live, _: live.health_policy.update(filters={"status": ["Healthy"]}),
    ),
    ("alert-owners", "has no owner", lambda live, _: live.health_policy.update(description=": look at it")),
    ("alert-destinations", "goes to nobody", lambda live, _: live.health_policy.update(mechanisms={})),
    ("alert-destinations", "alerts.community.test is not in DNS", lambda _, names: names.records.pop(ALERTS)),
    ("alert-destinations", "has no mail server", lambda _, names: names.records.pop("community.test MX")),
    (
        "alert-destinations",
        "a null MX",
        lambda _, names: names.records.update({"community.test MX": ("0 .",)}),
    ),
    (
        "alert-destinations",
        "there is no such webhook",
        lambda live, _: live.hook.update(id="another"),
    ),
    (
        "alert-destinations",
        "did not take what was sent",
        lambda live, _: live.hook.update(last_success="2026-11-30T10:00:00Z", last_failure="2026-11-30T11:00:00Z"),
    ),
    (
        "alert-destinations",
        "no such service is connected",
        lambda live, _: live.health_policy.update(mechanisms={"pagerduty": [{"id": "gone"}]}),
    ),
]
ALERTS = "alerts.community.test A"


def sick(live: Cloudflare, status: str) -> None:
    live.checks[1].update(status=status, failure_reason="TCP connection failed")


@pytest.mark.parametrize(("check", "words", "change"), FAULTS)
def test_what_is_other_than_declared_fails(check: str, words: str, change: Change) -> None:
    result = results(change)[f"monitoring.{check}"]
    assert result.outcome is Outcome.FAIL
    assert words in result.summary


def test_a_failure_that_was_followed_by_a_success_is_over() -> None:
    found = results(
        lambda live, _: live.hook.update(last_failure="2026-11-30T10:00:00Z", last_success="2026-11-30T11:00:00Z")
    )
    assert found["monitoring.alert-destinations"].outcome is Outcome.PASS


def test_a_check_without_a_status_is_waited_for() -> None:
    live = Cloudflare()
    live.checks[0]["status"] = "unknown"
    clock = Clock(lambda: live.checks[0].update(status="healthy" if clock.time > 9 else "unknown"))
    assert results_of(PRESENT, target(live, clock=clock))["monitoring.checks-healthy"].outcome is Outcome.PASS
    assert clock.time == 10


def test_one_that_has_none_at_the_end_cannot_be_told() -> None:
    live, clock = Cloudflare(), Clock()
    live.checks[0]["status"] = "unknown"
    result = results_of(PRESENT, target(live, clock=clock))["monitoring.checks-healthy"]
    assert result.outcome is Outcome.CANNOT_TELL
    assert clock.time < 40


@pytest.mark.parametrize("status", ["SERVFAIL", "TIMEOUT"])
def test_a_name_that_dns_does_not_answer_for_cannot_be_told(status: str) -> None:
    def broken(_live: Cloudflare, names: Names) -> None:
        names.records.pop(ALERTS)
        names.status = status

    assert results(broken)["monitoring.alert-destinations"].outcome is Outcome.CANNOT_TELL


def test_without_a_token_nothing_is_told() -> None:
    found = {**results_of(PRESENT, target(None)), **results_of(ROUTES, target(None))}
    assert {result.outcome for result in found.values()} == {Outcome.CANNOT_TELL}
    assert all("CLOUDFLARE_API_TOKEN" in result.summary for result in found.values())


def test_a_zone_without_alerts_has_no_owner_and_no_place() -> None:
    found = results(lambda live, _: live.policies.clear())
    for check in ("alert-owners", "alert-destinations", "alerts-present"):
        assert found[f"monitoring.{check}"].outcome is Outcome.FAIL


def with_monitoring(**more: Any) -> dict[str, Result]:
    looked = target(None)
    monitoring = looked.settings.monitoring.model_copy(update=more)
    return results_of(DECLARED, replace(looked, settings=replace(looked.settings, monitoring=monitoring)))


def test_every_part_that_is_not_probed_is_named() -> None:
    result = with_monitoring(checks=())["monitoring.checks-declared"]
    assert result.outcome is Outcome.FAIL
    for part in ("homepage", "login", "health", "webhook"):
        assert f"nothing probes the {part}" in result.summary


def test_certificates_of_ones_own_want_an_alert() -> None:
    assert with_monitoring()["monitoring.certificate-alerts"].outcome is Outcome.PASS
    result = with_monitoring(alerts=())["monitoring.certificate-alerts"]
    assert result.outcome is Outcome.FAIL
    assert "dedicated_ssl_certificate_event_type" in result.summary


def test_what_is_named_at_cloudflare_is_no_terminal_control() -> None:
    found = results(lambda live, _: live.hook.update(name="\x1b]0;x\x07", id="hook"))
    assert "\x1b" not in repr([result.evidence for result in found.values()])
