"""Faults of monitoring that are no app's: at Cloudflare, in the stack's file, in the hosts' nginx. Each is found."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, TypeAlias

import pytest

from lab.hosts.inside import shell
from lab.place import here
from readiness.check import Outcome
from readiness.rows.monitoring.live import V3, live_of
from readiness.target import Target
from tests.lab.readiness.conftest import Decide

Fault: TypeAlias = Callable[[Target], AbstractContextManager[Target]]
NGINX = "/etc/nginx/conf.d/app.conf"


def changed(kind: str, name: str, **more: Any) -> Fault:
    """An object at Cloudflare is other than declared, until the block ends."""

    @contextmanager
    def fault(target: Target) -> Iterator[Target]:
        live, changes = live_of(target), target.live_changes
        assert changes is not None
        paths = {
            "check": f"{live.zone_path}/healthchecks",
            "policy": f"{live.account_path}/{V3}/policies",
            "webhook": f"{live.account_path}/{V3}/destinations/webhooks",
        }
        items = target.live_api.items(paths[kind]) if target.live_api else []
        (was,) = (item for item in items if item["name"] == name)
        path = f"{paths[kind]}/{was['id']}"
        changes.change(path, more)
        try:
            yield target
        finally:
            changes.change(path, {key: was.get(key, "") for key in more})

    return fault


@contextmanager
def check_removed(target: Target) -> Iterator[Target]:
    """Somebody removed the login's health check by hand."""
    live, changes = live_of(target), target.live_changes
    assert changes is not None
    (was,) = (item for item in live.checks() if item["name"] == "login")
    path = f"{live.zone_path}/healthchecks"
    (policy,) = (item for item in live.policies() if item["name"] == "community.test: the platform is down")
    filters = {
        **policy["filters"],
        "health_check_id": [i for i in policy["filters"]["health_check_id"] if i != was["id"]],
    }
    policy_path = f"{live.account_path}/{V3}/policies/{policy['id']}"
    changes.change(policy_path, {"filters": filters})
    changes.remove(f"{path}/{was['id']}")
    try:
        yield target
    finally:
        made = changes.make(path, {key: value for key, value in was.items() if key not in ("id", "status")})
        ids = [*filters["health_check_id"], made["id"]]
        changes.change(policy_path, {"filters": {**filters, "health_check_id": ids}})


def declared(**more: Any) -> Fault:
    """The stack's file declares less."""

    @contextmanager
    def fault(target: Target) -> Iterator[Target]:
        monitoring = target.settings.monitoring
        fewer = {name: tuple(item for item in getattr(monitoring, name) if keep(item)) for name, keep in more.items()}
        yield replace(target, settings=replace(target.settings, monitoring=monitoring.model_copy(update=fewer)))

    return fault


def nginx(old: str, new: str) -> Fault:
    """Every host's nginx is configured otherwise."""

    def put(target: Target, was: str, now: str, then: str = "true") -> None:
        for name in target.shells:
            script = f"sed -i 's|{was}|{now}|' {NGINX} && grep -qF '{now}' {NGINX} && nginx -s reload && {then}"
            ran = shell(here(), name, ["sh", "-c", script])
            assert ran.returncode == 0, ran.stderr

    @contextmanager
    def fault(target: Target) -> Iterator[Target]:
        put(target, old, new)
        try:
            yield target
        finally:
            # What was logged meanwhile is what other tests must not find.
            put(target, new, old, "truncate --size=0 /var/log/nginx/*.log")

    return fault


def unhealthy(name: str, http_config: dict[str, Any]) -> Fault:
    """A check asks for something else, is not patient with it, and has been answered."""

    @contextmanager
    def fault(target: Target) -> Iterator[Target]:
        with changed("check", name, http_config=http_config, consecutive_fails=1)(target):
            ends = time.monotonic() + 5
            while next(item for item in live_of(target).checks() if item["name"] == name)["status"] != "unhealthy":
                assert time.monotonic() < ends, "Cloudflare has not probed it"
                time.sleep(0.05)
            yield target

    return fault


def hurried(fault: Fault) -> Fault:
    """Who waits in vain has a clock that goes ten times as fast."""

    @contextmanager
    def faster(target: Target) -> Iterator[Target]:
        clock = target.clock
        fast = SimpleNamespace(
            now=clock.now, monotonic=lambda: clock.monotonic() * 10, sleep=lambda seconds: clock.sleep(seconds / 10)
        )
        with fault(target) as faulty:
            yield replace(faulty, clock=fast)

    return faster


FAULTS: Mapping[str, tuple[str, Fault]] = {
    "no check of the login is declared": (
        "monitoring.checks-declared",
        declared(checks=lambda check: check.of != "login"),
    ),
    "no alert for a certificate": (
        "monitoring.certificate-alerts",
        declared(alerts=lambda alert: "certificate" not in alert.type),
    ),
    "the login's check is suspended": ("monitoring.checks-present", changed("check", "login", suspended=True)),
    "the login's check was removed": ("monitoring.checks-present", check_removed),
    "a check takes any certificate": (
        "monitoring.checks-present",
        changed("check", "homepage", http_config={"path": "/", "port": 443, "allow_insecure": True}),
    ),
    "a check asks for a page that is gone": (
        "monitoring.checks-healthy",
        hurried(unhealthy("login", {"path": "/log-in", "port": 443, "expected_codes": ["200"]})),
    ),
    "the alert is disabled": (
        "monitoring.alerts-present",
        changed("policy", "community.test: the platform is down", enabled=False),
    ),
    "the alert tells of recoveries alone": (
        "monitoring.alerts-present",
        changed("policy", "community.test: the platform is down", filters={"status": ["Healthy"]}),
    ),
    "an alert without an owner": (
        "monitoring.alert-owners",
        changed("policy", "community.test: an attack was stopped", description=""),
    ),
    "the webhook leads nowhere": (
        "monitoring.alert-destinations",
        changed("webhook", "community.test: on-call", url="https://nobody.community.test/on-call"),
    ),
    "the webhook's receiver is gone": (
        "monitoring.alert-arrives",
        hurried(changed("webhook", "community.test: on-call", url="https://nobody.community.test/on-call")),
    ),
    "mail to a domain that takes none": (
        "monitoring.alert-destinations",
        changed(
            "policy", "community.test: the platform is down", mechanisms={"email": [{"id": "ops@gone.community.test"}]}
        ),
    ),
    "the access log has queries": ("monitoring.logs-redacted", nginx('$path_logged"', '$request_uri"')),
    "the access log has every path": ("monitoring.logs-redacted", nginx('$path_logged"', '$uri"')),
    "the error log has request lines": ("monitoring.logs-redacted", nginx("error.log crit", "error.log error")),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_found_and_nothing_is_without_it(target: Target, honest: Decide, decide: Decide, name: str) -> None:
    id_, fault = FAULTS[name]
    clean = honest(id_)
    assert clean.outcome is Outcome.PASS, f"{clean.outcome}: {clean.summary}"
    with fault(target) as faulty:
        result = decide(id_, faulty)
    assert result.outcome is Outcome.FAIL, f"{result.outcome}: {result.summary}"


def test_the_alarm_is_heard_and_leaves_nothing(target: Target, decide: Decide) -> None:
    assert decide("monitoring.alert-arrives").outcome is Outcome.PASS
    live = live_of(target)
    assert {item["name"] for item in live.checks()} == {"homepage", "login", "api-health", "webhooks"}
    assert not [item["name"] for item in live.policies() if item["name"].startswith("TEST")]
