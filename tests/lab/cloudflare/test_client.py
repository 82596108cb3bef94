"""The official client, strict about every answer, does what the Pulumi program and the readiness checks need."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from cloudflare import (
    BadRequestError,
    ConflictError,
    NotFoundError,
    PermissionDeniedError,
)
from cloudflare._models import validate_type
from cloudflare.types.rulesets import PhaseGetResponse

from lab.cloudflare.plans import OWASP
from lab.place import ACCOUNT_ID
from tests.lab.cloudflare.process import Api

WAF = "http_request_firewall_custom"
LIMITS = "http_ratelimit"
NOWHERE = "f" * 32
HSTS = {"strict_transport_security": {"enabled": True, "max_age": 31536000, "include_subdomains": True}}


def block(path: str, ref: str, **fields: Any) -> dict[str, Any]:
    return {"action": "block", "expression": f'http.request.uri.path eq "{path}"', "ref": ref, **fields}


def ruleset(answer: Any) -> PhaseGetResponse:
    """The answer as the client's model of a ruleset: a call's own type may be a union with any object."""
    data = answer if isinstance(answer, dict) else answer.to_dict()
    checked: PhaseGetResponse = validate_type(type_=PhaseGetResponse, value=data)
    return checked


def refusal(kind: type[Any], action: Callable[[], Any]) -> tuple[int, str]:
    """Code and message of the first error of the exception ``kind`` that ``action`` raises."""
    with pytest.raises(kind) as caught:
        action()
    (first, *_) = caught.value.errors
    return first.code, first.message


def test_the_token_and_the_account(client: Any) -> None:
    token = client.user.tokens.verify()
    assert token.status == "active"
    assert [account.id for account in client.accounts.list()] == [ACCOUNT_ID]
    account = client.accounts.get(account_id=ACCOUNT_ID)
    assert account.id == ACCOUNT_ID


def test_zones(client: Any, zone: str) -> None:
    made = client.zones.get(zone_id=zone)
    assert (made.status, made.plan.legacy_id, len(made.name_servers)) == ("active", "enterprise", 2)
    assert [each.id for each in client.zones.list(name="community.test")] == [zone]
    assert not list(client.zones.list(name="other.test"))
    assert refusal(BadRequestError, lambda: client.zones.create(account={"id": ACCOUNT_ID}, name="Community.test")) == (
        1061,
        "community.test already exists",
    )
    edited = client.zones.edit(zone_id=zone, paused=True)
    assert edited.paused
    client.zones.delete(zone_id=zone)
    assert refusal(NotFoundError, lambda: client.zones.get(zone_id=zone))[0] == 1001


def test_settings(client: Any, zone: str) -> None:
    settings = client.zones.settings
    for name, value in {"ssl": "strict", "min_tls_version": "1.2", "security_header": HSTS}.items():
        settings.edit(name, zone_id=zone, value=value)
    hsts = settings.get("security_header", zone_id=zone)
    assert hsts.to_dict()["value"]["strict_transport_security"] == {
        **HSTS["strict_transport_security"],
        "nosniff": False,
        "preload": False,
    }
    assert refusal(BadRequestError, lambda: settings.edit("ssl", zone_id=zone, value="half")) == (
        1007,
        "Invalid value for zone setting ssl",
    )
    assert refusal(BadRequestError, lambda: settings.get("bot_fight_mode", zone_id=zone))[0] == 1006


def test_records(client: Any, zone: str) -> None:
    records = client.dns.records
    made = records.create(zone_id=zone, type="A", name="app", content="127.0.1.1", ttl=300, proxied=True)
    assert (made.name, made.ttl, made.proxied) == ("app.community.test", 1, True)
    changed = records.edit(made.id, zone_id=zone, type="A", name="app", ttl=60, proxied=False)
    assert (changed.content, changed.ttl, changed.proxied) == ("127.0.1.1", 60, False)
    replaced = records.update(made.id, zone_id=zone, type="A", name="app", ttl=1, content="127.0.1.2", comment="why")
    assert (replaced.content, replaced.comment, replaced.created_on) == ("127.0.1.2", "why", made.created_on)
    twin = {"zone_id": zone, "type": "A", "name": "app", "content": "127.0.1.2"}
    assert refusal(BadRequestError, lambda: records.create(ttl=1, **twin))[0] == 81058
    assert refusal(BadRequestError, lambda: records.create(ttl=300, **twin))[0] == 81057
    records.delete(made.id, zone_id=zone)
    assert refusal(NotFoundError, lambda: records.get(made.id, zone_id=zone)) == (81044, "Record does not exist.")


def test_a_long_list_comes_in_pages(api: Api, client: Any, zone: str) -> None:
    posts = [{"type": "A", "name": f"h{number}", "content": "127.0.1.1", "ttl": 60} for number in range(230)]
    client.dns.records.batch(zone_id=zone, posts=posts)
    names = [record.name for record in client.dns.records.list(zone_id=zone)]
    assert len(set(names)) == 230
    info = api.http("GET", f"/zones/{zone}/dns_records", params={"page": 3, "per_page": 100}).json()["result_info"]
    assert info == {"page": 3, "per_page": 100, "count": 30, "total_count": 230, "total_pages": 3}
    assert [r.name for r in client.dns.records.list(zone_id=zone, name={"exact": "h7.community.test"})] == [
        "h7.community.test"
    ]


def test_a_batch_is_all_or_nothing(api: Api, client: Any, zone: str) -> None:
    first = client.dns.records.create(zone_id=zone, type="A", name="a", content="127.0.1.1", ttl=1)
    before = api.state.read_bytes()
    good = {"type": "A", "name": "b", "content": "127.0.1.1", "ttl": 1}
    bad = {**good, "name": "c", "content": "not an address"}
    with pytest.raises(BadRequestError):
        client.dns.records.batch(zone_id=zone, deletes=[{"id": first.id}], posts=[good, bad])
    assert api.state.read_bytes() == before
    done = client.dns.records.batch(zone_id=zone, deletes=[{"id": first.id}], posts=[good])
    assert [record.name for record in done.posts] == ["b.community.test"]
    assert [record.name for record in api.snapshot().zones[0].dns_records] == ["b.community.test"]


def test_the_leaked_credential_check(client: Any, zone: str) -> None:
    checks = client.leaked_credential_checks
    assert checks.get(zone_id=zone).enabled is False
    assert checks.create(zone_id=zone, enabled=True).enabled is True
    assert checks.get(zone_id=zone).enabled is True


def test_a_ruleset_of_each_phase_that_traffic_meets(client: Any, zone: str) -> None:
    target = {"expression": 'concat("https://community.test", http.request.uri.path)'}
    ttl = {"mode": "override_origin", "default": 86400}
    overrides = {"categories": [{"category": "paranoia-level-2", "enabled": False}]}
    for phase, action, parameters in (
        ("http_request_dynamic_redirect", "redirect", {"from_value": {"status_code": 301, "target_url": target}}),
        ("http_request_firewall_managed", "execute", {"id": OWASP, "overrides": overrides}),
        ("http_request_cache_settings", "set_cache_settings", {"cache": True, "edge_ttl": ttl}),
        (
            "http_response_headers_transform",
            "rewrite",
            {
                "headers": {
                    "X-Frame-Options": {"operation": "set", "value": "DENY"},
                    "X-Powered-By": {"operation": "remove"},
                }
            },
        ),
    ):
        rule = {"action": action, "expression": "true", "ref": action, "action_parameters": parameters}
        made = ruleset(client.rulesets.phases.update(phase, zone_id=zone, rules=[rule]))
        (kept,) = (each.to_dict() for each in made.rules)
        assert {key: kept[key] for key in rule} == rule


def test_a_ruleset_and_its_rules(client: Any, zone: str) -> None:
    rules = [block("/.env", "env"), block("/.git", "git")]
    made = ruleset(client.rulesets.create(zone_id=zone, name="waf", kind="zone", phase=WAF, rules=rules))
    ids = {rule.ref: rule.id for rule in made.rules}
    again = [block("/.git", "git", description="now told"), block("/wp", "wp")]
    changed = ruleset(client.rulesets.update(made.id, zone_id=zone, kind="zone", phase=WAF, rules=again))
    assert changed.version == "2"
    assert [(rule.ref, rule.version) for rule in changed.rules] == [("git", "2"), ("wp", "1")]
    assert changed.rules[0].id == ids["git"]
    assert [each.phase for each in client.rulesets.list(zone_id=zone)] == [WAF]
    client.rulesets.delete(made.id, zone_id=zone)
    code, message = refusal(NotFoundError, lambda: client.rulesets.phases.get(WAF, zone_id=zone))
    assert (code, message) == (10003, f"could not find entrypoint ruleset in the {WAF} phase")


def test_a_phase_has_one_entry_point(client: Any, zone: str) -> None:
    client.rulesets.phases.update(WAF, zone_id=zone, rules=[block("/.env", "env")])
    code, message = refusal(
        BadRequestError, lambda: client.rulesets.create(zone_id=zone, name="x", kind="zone", phase=WAF, rules=[])
    )
    assert code == 20217
    assert f"exceeded maximum number of zone rulesets for phase {WAF}" in message
    updated = client.rulesets.phases.update(WAF, zone_id=zone, rules=[block("/.env", "env"), block("/x", "x")])
    assert ruleset(updated).version == "2"


def test_single_rules_are_added_moved_changed_and_removed(client: Any, zone: str) -> None:
    made = ruleset(client.rulesets.phases.update(WAF, zone_id=zone, rules=[block("/a", "a"), block("/b", "b")]))
    first, second = (str(rule.id) for rule in made.rules)
    rules = client.rulesets.rules
    add = {"ruleset_id": made.id, "zone_id": zone}
    added = ruleset(rules.create(**add, **block("/c", "c"), position={"before": second}))
    assert [rule.ref for rule in added.rules] == ["a", "c", "b"]
    moved = ruleset(rules.edit(first, **add, **block("/a", "a", enabled=False), position={"index": 3}))
    assert [(rule.ref, rule.enabled) for rule in moved.rules] == [("c", True), ("b", True), ("a", False)]
    left = ruleset(rules.delete(second, **add))
    assert [rule.ref for rule in left.rules] == ["c", "a"]
    assert left.version == "4"
    assert refusal(NotFoundError, lambda: rules.delete(second, **add))[0] == 10002


def test_a_rate_limit(client: Any, zone: str) -> None:
    limit = {
        "characteristics": ["cf.colo.id", "ip.src"],
        "period": 60,
        "requests_per_period": 5,
        "mitigation_timeout": 600,
    }
    made = client.rulesets.phases.update(LIMITS, zone_id=zone, rules=[block("/login", "login", ratelimit=limit)])
    (rule,) = ruleset(made).rules
    assert rule.to_dict()["ratelimit"] == limit


def test_an_expression_that_does_not_parse_is_refused_with_its_place(client: Any, zone: str) -> None:
    bad = {"action": "block", "expression": "http.request.uri.path eq"}
    with pytest.raises(BadRequestError) as caught:
        client.rulesets.phases.update(WAF, zone_id=zone, rules=[block("/a", "a"), bad])
    (error,) = caught.value.errors
    assert error.code == 20127
    assert "Filter parsing error (1:25)" in (error.message or "")
    assert error.source is not None
    assert error.source.pointer == "/rules/1/expression"


def test_secrets(api: Api, client: Any) -> None:
    stores = client.secrets_store.stores
    store = stores.create(account_id=ACCOUNT_ID, name="lab")
    assert refusal(BadRequestError, lambda: stores.create(account_id=ACCOUNT_ID, name="two")) == (
        1003,
        "maximum_stores_exceeded",
    )
    place = {"store_id": store.id, "account_id": ACCOUNT_ID}
    body = [{"name": "SESSION_KEY", "scopes": ["workers", "access"], "value": "correct horse battery"}]
    (secret,) = stores.secrets.create(**place, body=body)
    assert secret.scopes == ["access", "workers"]
    stores.secrets.edit(secret.id, **place, value="another value", comment="turned")
    assert [each.comment for each in stores.secrets.list(**place)] == ["turned"]
    for value in ("correct horse battery", "another value"):
        assert value not in api.state.read_text()
    assert refusal(ConflictError, lambda: stores.delete(store.id, account_id=ACCOUNT_ID))[0] == 1004
    stores.secrets.delete(secret.id, **place)
    stores.delete(store.id, account_id=ACCOUNT_ID)
    assert not list(stores.list(account_id=ACCOUNT_ID))
    assert refusal(NotFoundError, lambda: stores.secrets.list(**place)) == (1001, "store_not_found")


def test_another_account_is_forbidden(client: Any) -> None:
    code, message = refusal(PermissionDeniedError, lambda: client.secrets_store.stores.list(account_id=NOWHERE))
    assert (code, message) == (10000, "Authentication error")


def test_a_purge_is_recorded(api: Api, client: Any, zone: str) -> None:
    client.cache.purge(zone_id=zone, purge_everything=True)
    client.cache.purge(zone_id=zone, files=["https://app.community.test/a.css"])
    first, second = api.snapshot().zones[0].purges
    assert first.everything
    assert (second.everything, second.files) == (False, ["https://app.community.test/a.css"])


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"files": ["https://app.other.test/a.css"]}, 1016),
        ({"files": ["/a.css"]}, 1016),
        ({"prefixes": ["https://app.community.test/static/"]}, 1016),
        ({"prefixes": ["app.community.test.evil.test/"]}, 1016),
        ({"hosts": ["other.test"]}, 1016),
        ({"files": "https://app.community.test/a.css"}, 1014),
        ({"files": []}, 1094),
        ({"files": ["https://app.community.test/a"] * 101}, 1094),
        ({"files": ["https://app.community.test/a"], "hosts": ["app.community.test"]}, 1012),
        ({"purge_everything": False}, 1012),
    ],
)
def test_a_purge_of_what_is_not_the_zones_is_refused(api: Api, zone: str, body: dict[str, Any], code: int) -> None:
    answer = api.http("POST", f"/zones/{zone}/purge_cache", json=body)
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (400, code)
    assert api.snapshot().zones[0].purges == []
