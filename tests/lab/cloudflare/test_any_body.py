"""No request gives a 500, and none leaves a state that its readers refuse."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lab.place import ACCOUNT_ID
from tests.lab.cloudflare.process import Api

RULE = {
    "action": "block",
    "action_parameters": {"response": {"status_code": 403, "content_type": "text/plain", "content": "no"}},
    "expression": 'http.request.uri.path eq "/x"',
    "description": "why",
    "enabled": True,
    "ref": "x",
    "logging": {"enabled": True},
    "position": {"index": 1},
}
LIMIT = {
    "action": "block",
    "expression": "true",
    "ratelimit": {
        "characteristics": ["cf.colo.id", "ip.src"],
        "period": 60,
        "requests_per_period": 5,
        "mitigation_timeout": 60,
        "counting_expression": "true",
        "requests_to_origin": True,
    },
}
REDIRECT = {
    "action": "redirect",
    "expression": "true",
    "action_parameters": {
        "from_value": {"status_code": 301, "target_url": {"value": "https://a.test"}, "preserve_query_string": True}
    },
}
REWRITE = {
    "action": "rewrite",
    "expression": "true",
    "action_parameters": {
        "uri": {"path": {"value": "/a"}, "query": {"expression": "http.host"}},
    },
}
A = {"type": "A", "name": "a", "content": "127.0.1.1", "ttl": 60, "proxied": False, "comment": "c", "tags": ["t:v"]}
SRV = {"type": "SRV", "name": "s", "data": {"priority": 1, "weight": 2, "port": 3, "target": "a.test"}, "ttl": 1}
ZONE = {"name": "other.test", "account": {"id": ACCOUNT_ID}, "plan": {"id": "pro"}, "type": "full"}
SECRET = {"name": "KEY", "scopes": ["workers"], "value": "v", "comment": "c"}
HSTS = {"strict_transport_security": {"enabled": True, "max_age": 1, "preload": False}}
# Method, path and a body that is right; {names} are filled in.
ROUTES: list[tuple[str, str, Any]] = [
    ("POST", "/zones", ZONE),
    ("PATCH", "/zones/{zone}", {"paused": False}),
    ("PATCH", "/zones/{zone}/settings/security_header", {"value": HSTS}),
    ("PATCH", "/zones/{zone}/settings/ssl", {"value": "strict"}),
    ("POST", "/zones/{zone}/dns_records", A),
    ("POST", "/zones/{zone}/dns_records", SRV),
    ("PATCH", "/zones/{zone}/dns_records/{record}", A),
    ("PUT", "/zones/{zone}/dns_records/{record}", A),
    ("POST", "/zones/{zone}/dns_records/batch", {"posts": [A, SRV], "patches": [{"id": "{record}", "ttl": 1}]}),
    ("POST", "/zones/{zone}/rulesets", {"kind": "zone", "phase": "http_config_settings", "name": "n", "rules": []}),
    ("PUT", "/zones/{zone}/rulesets/{ruleset}", {"rules": [RULE], "name": "n", "description": "d"}),
    ("POST", "/zones/{zone}/rulesets/{ruleset}/rules", RULE),
    ("PATCH", "/zones/{zone}/rulesets/{ruleset}/rules/{rule}", RULE),
    ("PUT", "/zones/{zone}/rulesets/phases/http_ratelimit/entrypoint", {"rules": [LIMIT]}),
    ("PUT", "/zones/{zone}/rulesets/phases/http_request_dynamic_redirect/entrypoint", {"rules": [REDIRECT]}),
    ("PUT", "/zones/{zone}/rulesets/phases/http_request_transform/entrypoint", {"rules": [REWRITE]}),
    ("POST", "/zones/{zone}/purge_cache", {"files": ["https://a.community.test/b"]}),
    ("POST", "/accounts/{account}/secrets_store/stores", {"name": "two"}),
    ("POST", "/accounts/{account}/secrets_store/stores/{store}/secrets", [SECRET]),
    ("PATCH", "/accounts/{account}/secrets_store/stores/{store}/secrets/{secret}", SECRET),
]
WRONG = st.recursive(
    st.sampled_from([None, True, 0, -1, 1.5, 10**30, 1e300, "", " ", "\x00", "é", "a" * 5000, "true", '"']),
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["id", "value", "x"]), inner, max_size=2)
    ),
    max_leaves=3,
)


@dataclass(frozen=True)
class Place:
    """A running API and the ids of what is there to be changed."""

    api: Api
    names: dict[str, str]

    def send(self, method: str, path: str, body: Any) -> tuple[int, dict[str, Any]]:
        for name, value in self.names.items():
            path = path.replace(f"{{{name}}}", value)
        answer = self.api.http(method, path, json=body)
        return answer.status_code, answer.json()


@pytest.fixture
def place(api: Api, zone: str, client: Any) -> Place:
    record = client.dns.records.create(zone_id=zone, type="A", name="kept", content="127.0.1.1", ttl=1)
    waf = api.http(
        "PUT", f"/zones/{zone}/rulesets/phases/http_request_firewall_custom/entrypoint", json={"rules": [RULE]}
    )
    store = client.secrets_store.stores.create(account_id=ACCOUNT_ID, name="lab")
    body = [{"name": "KEPT", "scopes": ["workers"], "value": "v"}]
    (secret,) = client.secrets_store.stores.secrets.create(store.id, account_id=ACCOUNT_ID, body=body)
    ruleset = waf.json()["result"]
    ids = {"zone": zone, "record": record.id, "ruleset": ruleset["id"], "rule": ruleset["rules"][0]["id"]}
    return Place(api, {**ids, "account": ACCOUNT_ID, "store": store.id, "secret": secret.id})


@st.composite
def spoiled(draw: st.DrawFn, right: Any) -> Any:
    """``right`` with one thing in it, at any depth, replaced or dropped."""
    body = copy.deepcopy(right)
    if not isinstance(body, (dict, list)) or not body or draw(st.integers(0, 4)) == 0:
        return draw(WRONG)
    key = draw(st.sampled_from(sorted(body) if isinstance(body, dict) else range(len(body))))
    if draw(st.integers(0, 4)) == 0:
        del body[key]
    else:
        body[key] = draw(spoiled(body[key]))
    return body


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_body_is_answered_with_an_envelope_and_leaves_a_state_that_can_be_read(
    place: Place, data: st.DataObject
) -> None:
    method, path, right = data.draw(st.sampled_from(ROUTES))
    status, answer = place.send(method, path, data.draw(spoiled(right)))
    assert status in (200, 400, 403, 404), answer
    assert answer["success"] is (status == 200)
    assert bool(answer["errors"]) is not answer["success"]
    place.api.snapshot()


@pytest.mark.parametrize(("method", "path", "right"), ROUTES)
def test_the_body_that_is_spoiled_was_right(place: Place, method: str, path: str, right: Any) -> None:
    if "patches" in right:
        right = {**right, "patches": [{"id": place.names["record"], "ttl": 1}]}
    if path.endswith("/rules"):
        right = {**right, "ref": "y"}
    status, answer = place.send(method, path, right)
    if path.endswith("/stores"):
        assert (status, answer["errors"][0]["code"]) == (400, 1003)
    else:
        assert status == 200, answer
