"""Load balancing, Access and monitoring: what is refused, where, and what they become."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.settings.access import protected_paths
from core.settings.monitoring import HealthCheck
from core.settings.platform import Platform

from .conftest import Change, StackFile

CHECK = {"name": "homepage", "of": "homepage"}
ALERT = {"name": "down", "type": "health_check_status_notification", "owner": "team", "emails": ["a@b.example"]}
UUID = "f174e90a-fafe-4643-bbbc-4a0ed4fc8415"


def monitoring(plan: str = "business", **section: Any) -> Change:
    def change(config: dict[str, Any]) -> None:
        config["zone"]["plan"] = plan
        if plan in ("free", "pro"):
            config["rate_limits"] = {"rules": []}
        config["monitoring"] = section

    return change


def section(name: str, **keys: Any) -> Change:
    return lambda config: config.update({name: keys})


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (
            monitoring("free", checks=[CHECK]),
            "monitoring.checks[0]: check homepage: the plan free has 0 health checks, and this is one more",
        ),
        (
            monitoring("pro", checks=[{**CHECK, "interval": 30}]),
            "monitoring.checks[0].interval: check homepage: 30 s is under the 60 s of the plan pro",
        ),
        (
            monitoring("pro", checks=[{"name": f"c{n}", "of": "health"} for n in range(11)]),
            "monitoring.checks[10]: check c10: the plan pro has 10 health checks, and this is one more",
        ),
        (
            monitoring("pro", checks=[CHECK], alerts=[{**ALERT, "pagerduty": [UUID]}]),
            "monitoring.alerts[0].pagerduty: alert down: pagerduty needs a zone on the plan business or above in the "
            "account (account_plan, if another has it)",
        ),
        (
            monitoring("free", webhooks=[{"name": "w", "url": "https://hooks.example/x"}]),
            "monitoring.webhooks[0]: webhook w: webhooks need a zone on the plan pro or above in the account "
            "(account_plan, if another has it)",
        ),
        (
            monitoring(alerts=[{**ALERT, "type": "http_alert_origin_error"}]),
            "monitoring.alerts[0].type: alert down: http_alert_origin_error needs the plan enterprise or above, and "
            "the zone's is business",
        ),
        (
            monitoring(alerts=[{**ALERT, "type": "load_balancing_health_alert"}]),
            "monitoring.alerts[0].type: alert down: load_balancing_health_alert needs launch-ready:load_balancer",
        ),
        (
            monitoring(checks=[{"name": "w", "of": "webhook"}]),
            "monitoring.checks[0]: check w: no path of platform.webhook can be asked for as it is: give path",
        ),
        (
            monitoring(checks=[{**CHECK, "at": "shop"}]),
            "monitoring.checks[0].at: shop is not in dns.web, which are the names that lead to the hosts: @, www, api, "
            "app",
        ),
        (
            section("access", emails=["a@b.example"], names=["shop"]),
            "access.names[0]: shop is not in dns.web, which are the names that lead to the hosts: @, www, api, app",
        ),
        (
            section("load_balancer", names=["app"], minimum_origins=3),
            "load_balancer.minimum_origins: 3 are asked for, and there are 2 hosts",
        ),
        (
            section("load_balancer", names=["app"], monitor={"interval": 10, "timeout": 2}),
            "load_balancer.monitor.interval: an interval of 10 s is under the 15 s of the plan business",
        ),
    ],
)
def test_what_the_plan_or_another_section_does_not_allow_is_refused_by_name(
    stack_file: StackFile, change: Change, reason: str
) -> None:
    assert stack_file.reasons(change) == [f"config.launch-ready:{reason}"]


def test_a_name_has_a_load_balancer_or_a_record_and_not_both(stack_file: StackFile) -> None:
    def both(config: dict[str, Any]) -> None:
        config["load_balancer"] = {"names": ["shop"]}
        config["dns"]["records"].append({"name": "shop", "type": "A", "content": "192.0.2.9"})

    reasons = stack_file.reasons(both)
    assert "load_balancer.names[0]: shop is not in dns.web" in reasons[0]
    assert reasons[1].endswith("which Cloudflare answers with in place of this record: keep one")


def test_another_zones_plan_brings_pagerduty(stack_file: StackFile) -> None:
    alert = {**ALERT, "pagerduty": [UUID]}
    stack = stack_file.read(monitoring("pro", checks=[CHECK], alerts=[alert], account_plan="business"))
    assert stack.monitoring.alerts[0].pagerduty == (UUID,)


@pytest.mark.parametrize(
    ("section_", "reason"),
    [
        ({"alerts": [{**ALERT, "emails": []}], "checks": [CHECK]}, "nobody is told"),
        ({"alerts": [ALERT]}, "alert down is about health checks, and there are no checks"),
        (
            {"alerts": [{**ALERT, "webhooks": ["x"]}], "checks": [CHECK]},
            "alert down names x, which is none of webhooks",
        ),
        ({"checks": [CHECK, CHECK]}, "two of checks are homepage: keep one"),
        ({"alerts": [{**ALERT, "owner": ""}], "checks": [CHECK]}, "owner"),
        ({"alerts": [{**ALERT, "emails": ["A@b.example"]}], "checks": [CHECK]}, "it must be in lower case"),
    ],
)
def test_an_alert_that_arrives_nowhere_or_has_no_owner_is_refused(
    stack_file: StackFile, section_: dict[str, Any], reason: str
) -> None:
    assert reason in "\n".join(stack_file.reasons(monitoring(**section_)))


def test_a_webhooks_secret_stands_encrypted_beside_the_section(stack_file: StackFile) -> None:
    webhook = {"name": "w", "url": "https://hooks.example/x", "config_secret": "alerts-key"}
    (reason,) = stack_file.reasons(monitoring(webhooks=[webhook]))
    assert reason.startswith("config.launch-ready:alerts-key is missing, and the secret w has its value there")


@pytest.mark.parametrize(
    ("check", "path"),
    [
        ({"of": "homepage"}, "/"),
        ({"of": "login"}, "/login"),
        ({"of": "health"}, "/healthz"),
        ({"of": "webhook"}, None),
        ({"of": "webhook", "path": "/api/webhooks/x"}, "/api/webhooks/x"),
    ],
)
def test_a_check_asks_for_a_page_and_not_for_what_takes_a_post(check: Any, path: str | None) -> None:
    assert HealthCheck(name="c", **check).asked_path(Platform()) == path


@pytest.mark.parametrize(
    ("admin", "covered"),
    [
        (Platform().admin, ["/admin", "/api/admin"]),
        (("/admin/*",), ["/admin"]),
        (("/",), [""]),
        (("/orgs/*/admin", "/orgs/*/admin/*"), ["/orgs/*/admin"]),
        (("/admin", "/admin-tools"), ["/admin", "/admin-tools"]),
        (("/a*",), ["/a*"]),
    ],
)
def test_access_covers_the_admin_paths_with_as_few_as_it_can(admin: tuple[str, ...], covered: list[str]) -> None:
    assert protected_paths(admin) == covered


@given(st.lists(st.from_regex(r"/[a-z]{1,3}(/[a-z]{1,3}){0,2}(/\*)?", fullmatch=True), min_size=1, max_size=6))
def test_no_admin_path_is_left_outside(admin: list[str]) -> None:
    covered = protected_paths(admin)
    for path in admin:
        plain = path.removesuffix("/*")
        assert any(plain == each or plain.startswith(f"{each}/") for each in covered)
