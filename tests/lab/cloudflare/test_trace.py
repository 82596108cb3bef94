"""Trace, as the official client asks for it, beside what our own evaluator says of the same zone."""

from __future__ import annotations

from typing import Any

import pytest
from cloudflare import BadRequestError

from adapters.trace import Tracer
from core.secret import Secret
from core.settings.platform import Platform
from edge import Request
from edge.cases.run import Against
from edge.cases.traced import body_of, compared
from edge.zones import Zone
from lab.place import ACCOUNT_ID
from tests.lab.cloudflare.process import Api

CUSTOM = "http_request_firewall_custom"
REDIRECT = "http_request_dynamic_redirect"
RULES: list[dict[str, Any]] = [
    {"ref": "admin", "action": "block", "expression": 'http.request.uri.path eq "/admin"'},
    {"ref": "body", "action": "managed_challenge", "expression": 'http.request.headers["x"][0] eq "y"'},
]


def declare(client: Any, zone: str, rules: list[dict[str, Any]]) -> None:
    client.zones.edit(zone_id=zone, extra_body={"plan": {"id": "enterprise"}})
    client.rulesets.phases.update(CUSTOM, zone_id=zone, rules=rules)
    to = {"from_value": {"target_url": {"value": "https://community.test/new"}, "status_code": 301}}
    old = {"ref": "old", "action": "redirect", "expression": 'http.request.uri.path eq "/old"', "action_parameters": to}
    client.rulesets.phases.update(REDIRECT, zone_id=zone, rules=[old])


def trace(client: Any, path: str, **more: Any) -> Any:
    url = f"https://app.community.test{path}"
    return client.request_tracers.traces.create(account_id=ACCOUNT_ID, method="GET", url=url, **more)


def matched(steps: Any) -> list[tuple[str | None, str | None]]:
    found = []
    for step in steps or ():
        if step.type == "rule" and step.matched:
            found.append((step.action, step.expression))
        found += matched(step.trace)
    return found


def test_the_official_client_is_told_what_matches(client: Any, zone: str) -> None:
    declare(client, zone, RULES)
    passed = trace(client, "/")
    assert (passed.status_code, matched(passed.trace)) == (200, [])
    blocked = trace(client, "/admin")
    assert (blocked.status_code, matched(blocked.trace)) == (403, [("block", 'http.request.uri.path eq "/admin"')])
    assert trace(client, "/old").status_code == 301
    challenged = trace(client, "/", headers={"X": "y"})
    assert challenged.status_code == 403
    assert trace(client, "/", headers={"X": "y"}, context={"skip_challenge": True}).status_code == 200


@pytest.mark.parametrize("bad", [{"url": "nonsense"}, {"url": "https://elsewhere.example/"}, {"body": {"base64": "!"}}])
def test_what_cannot_be_traced_is_refused(client: Any, zone: str, bad: dict[str, Any]) -> None:
    declare(client, zone, RULES)
    asked = {"account_id": ACCOUNT_ID, "method": "GET", "url": "https://app.community.test/", **bad}
    with pytest.raises(BadRequestError):
        client.request_tracers.traces.create(**asked)


def test_both_say_the_same_until_the_zone_is_another(client: Any, zone: str, api: Api) -> None:
    declare(client, zone, RULES)
    declared = Zone("community.test", rulesets={CUSTOM: RULES})
    against = Against("lab", "business", "community.test", {"community.test": declared}, Platform(), ACCOUNT_ID)
    tracer = Tracer(ACCOUNT_ID, api.url, Secret(api.token))
    request = Request("GET", "https://app.community.test/admin", fields={"ip.src": "192.0.2.1"})
    refs = tracer.refs("community.test", [CUSTOM])
    assert set(refs.values()) == {"admin", "body"}
    assert compared(request, against, tracer.trace(body_of(request)), refs) == (1, ())
    declare(client, zone, RULES[1:])
    count, (difference,) = compared(
        request, against, tracer.trace(body_of(request)), tracer.refs("community.test", [CUSTOM])
    )
    assert count == 1
    assert str(difference) == "rule admin: matched by what is declared, and is not shown by Trace"
