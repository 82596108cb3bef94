"""The official client, strict about every answer: load balancing, Access, health checks, notifications."""

from __future__ import annotations

from typing import Any

import pytest
from cloudflare import APIStatusError, BadRequestError, NotFoundError

from lab.place import ACCOUNT_ID
from tests.lab.cloudflare.process import Api

ACCOUNT = {"account_id": ACCOUNT_ID}


def refused(action: Any) -> str:
    with pytest.raises(APIStatusError) as caught:
        action()
    return str(caught.value.errors[0].message)


@pytest.fixture
def emptied(api: Api, client: Any) -> Any:
    """What is the account's stays when its zones go: the test takes it away itself."""
    yield client
    for policy in list(client.alerting.policies.list(**ACCOUNT)):
        client.alerting.policies.delete(policy.id, **ACCOUNT)
    for app in list(client.zero_trust.access.applications.list(**ACCOUNT)):
        client.zero_trust.access.applications.delete(app.id, **ACCOUNT)


def test_load_balancing(client: Any, zone: str) -> None:
    balancing = client.load_balancers
    monitor = balancing.monitors.create(
        **ACCOUNT, type="https", path="/healthz", header={"Host": ["app.community.test"]}, expected_codes="200"
    )
    assert (monitor.path, monitor.header, monitor.interval) == ("/healthz", {"Host": ["app.community.test"]}, 60)
    origins = [{"name": "app1", "address": "127.0.1.1"}]
    pool = balancing.pools.create(**ACCOUNT, name="hosts", origins=origins, monitor=monitor.id)
    assert (pool.origins[0].enabled, pool.origins[0].weight, pool.enabled) == (True, 1, True)
    balancer = balancing.create(
        zone_id=zone, name="app.community.test", default_pools=[pool.id], fallback_pool=pool.id, proxied=True
    )
    assert balancer.zone_name == "community.test"
    assert [each.id for each in balancing.list(zone_id=zone)] == [balancer.id]
    changed = balancing.update(
        balancer.id,
        zone_id=zone,
        name="app.community.test",
        default_pools=[pool.id],
        fallback_pool=pool.id,
        steering_policy="random",
    )
    assert (changed.steering_policy, changed.proxied) == ("random", False)
    assert "in use" in refused(lambda: balancing.pools.delete(pool.id, **ACCOUNT))
    assert "in use" in refused(lambda: balancing.monitors.delete(monitor.id, **ACCOUNT))
    assert "already exists" in refused(lambda: balancing.pools.create(**ACCOUNT, name="hosts", origins=origins))
    bad = {"name": "x.other.test", "default_pools": [pool.id], "fallback_pool": pool.id}
    assert "not in the zone" in refused(lambda: balancing.create(zone_id=zone, **bad))
    assert "not found" in refused(
        lambda: balancing.create(zone_id=zone, name="www.community.test", default_pools=["0" * 32], fallback_pool="x")
    )
    balancing.delete(balancer.id, zone_id=zone)
    balancing.pools.delete(pool.id, **ACCOUNT)
    balancing.monitors.delete(monitor.id, **ACCOUNT)
    with pytest.raises(NotFoundError):
        balancing.pools.get(pool.id, **ACCOUNT)


def test_access(emptied: Any, zone: str) -> None:
    access = emptied.zero_trust.access
    token = access.service_tokens.create(**ACCOUNT, name="release", duration="8760h")
    assert token.client_id.endswith(".access")
    assert len(token.client_secret) == 64
    (listed,) = list(access.service_tokens.list(**ACCOUNT))
    assert listed.expires_at
    assert not hasattr(listed, "client_secret")
    # The edge knows the secret by its hash, which is nobody's to see.
    assert "secret_sha256" not in listed.to_dict()
    assert "secret_sha256" not in token.to_dict()
    people = access.policies.create(
        **ACCOUNT, name="people", decision="allow", include=[{"email": {"email": "ada@community.test"}}]
    )
    programs = access.policies.create(
        **ACCOUNT, name="programs", decision="non_identity", include=[{"service_token": {"token_id": token.id}}]
    )
    app = access.applications.create(
        **ACCOUNT,
        type="self_hosted",
        name="admin",
        domain="app.community.test/admin",
        destinations=[{"type": "public", "uri": "app.community.test/admin"}],
        policies=[{"id": people.id, "precedence": 1}, {"id": programs.id, "precedence": 2}],
        session_duration="8h",
    )
    assert (app.aud and len(app.aud), app.self_hosted_domains) == (64, ["app.community.test/admin"])
    assert [(policy.id, policy.decision) for policy in app.policies] == [
        (people.id, "allow"),
        (programs.id, "non_identity"),
    ]
    assert access.policies.get(people.id, **ACCOUNT).app_count == 1
    assert "in_use" in refused(lambda: access.policies.delete(people.id, **ACCOUNT))
    again = {"type": "self_hosted", "name": "twin", "domain": "app.community.test/admin"}
    assert "already_exists" in refused(lambda: access.applications.create(**ACCOUNT, **again))
    elsewhere = {"type": "self_hosted", "name": "x", "domain": "x.other.test/admin"}
    assert "does not belong to zone" in refused(lambda: access.applications.create(**ACCOUNT, **elsewhere))
    access.applications.delete(app.id, **ACCOUNT)
    for policy in (people, programs):
        access.policies.delete(policy.id, **ACCOUNT)
    access.service_tokens.delete(token.id, **ACCOUNT)


def test_health_checks(client: Any, zone: str) -> None:
    made = client.healthchecks.create(
        zone_id=zone,
        name="homepage",
        address="app.community.test",
        type="HTTPS",
        http_config={"path": "/", "expected_codes": ["200", "3xx"]},
    )
    assert (made.status, made.http_config.port, made.interval) == ("unknown", 443, 60)
    assert "already exists" in refused(lambda: client.healthchecks.create(zone_id=zone, name="homepage", address="a.b"))
    changed = client.healthchecks.edit(made.id, zone_id=zone, name="homepage", address="a.b", suspended=True)
    assert (changed.status, changed.http_config.expected_codes) == ("suspended", ["200", "3xx"])
    assert [each.id for each in client.healthchecks.list(zone_id=zone)] == [made.id]
    client.healthchecks.delete(made.id, zone_id=zone)
    client.zones.edit(zone_id=zone, extra_body={"plan": {"id": "free"}})
    with pytest.raises(BadRequestError, match="the plan has 0"):
        client.healthchecks.create(zone_id=zone, name="homepage", address="app.community.test")


def test_notifications(emptied: Any, zone: str) -> None:
    alerting = emptied.alerting
    hook = alerting.destinations.webhooks.create(
        **ACCOUNT, name="on-call", url="https://hooks.slack.com/services/a", secret="s3cret"
    )
    shown = alerting.destinations.webhooks.get(hook.id, **ACCOUNT)
    assert (shown.type, shown.url, hasattr(shown, "secret")) == ("slack", "https://hooks.slack.com/services/a", False)
    check = emptied.healthchecks.create(zone_id=zone, name="homepage", address="app.community.test")
    policy = alerting.policies.create(
        **ACCOUNT,
        name="down",
        alert_type="health_check_status_notification",
        enabled=True,
        mechanisms={"email": [{"id": "oncall@community.test"}], "webhooks": [{"id": hook.id}], "pagerduty": []},
        filters={"health_check_id": [check.id], "status": ["Unhealthy"]},
    )
    kept = alerting.policies.get(policy.id, **ACCOUNT)
    assert (kept.filters.health_check_id, kept.mechanisms.pagerduty) == ([check.id], None)
    assert "is used by the notification policy down" in refused(
        lambda: alerting.destinations.webhooks.delete(hook.id, **ACCOUNT)
    )
    nobody = {"name": "x", "alert_type": "dos_attack_l7", "enabled": True, "mechanisms": {}}
    assert "at least one mechanism" in refused(lambda: alerting.policies.create(**ACCOUNT, **nobody))
    nowhere = {**nobody, "mechanisms": {"webhooks": [{"id": "0" * 32}]}}
    assert "no webhooks destination" in refused(lambda: alerting.policies.create(**ACCOUNT, **nowhere))
    kinds = {alert.type for alerts in alerting.available_alerts.list(**ACCOUNT).values() for alert in alerts}
    assert {"health_check_status_notification", "http_alert_origin_error"} <= kinds
    emptied.zones.edit(zone_id=zone, extra_body={"plan": {"id": "pro"}})
    kinds = {alert.type for alerts in alerting.available_alerts.list(**ACCOUNT).values() for alert in alerts}
    assert "http_alert_origin_error" not in kinds
    assert "not available" in refused(
        lambda: alerting.policies.create(
            **ACCOUNT, **{**nobody, "alert_type": "http_alert_origin_error", "mechanisms": {"email": [{"id": "a@b.c"}]}}
        )
    )
    alerting.policies.delete(policy.id, **ACCOUNT)
    alerting.destinations.webhooks.delete(hook.id, **ACCOUNT)
