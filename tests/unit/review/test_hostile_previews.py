"""Previews in which any value is of another type: what is told is told, and nothing fails."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any, Final

import pytest

from core.resources import UNKNOWN
from review.assess import step_findings
from review.differences import differences
from review.environment import around
from tests.unit.review.tables import Properties, a, caa, limit, preview, rule, ruleset, setting, step, txt

JUNK: Final[tuple[Any, ...]] = (None, True, -1, 1.5, "", "\x1b[31m", UNKNOWN, "[secret]", [], [[{}]], {}, {"name": []})
HEADERS = "http_response_headers_transform"
SKIP = rule("s", "true", "skip", actionParameters={"phases": ["x"], "ruleset": "current"})


def headers(**change: Any) -> Properties:
    return rule("h", "true", "rewrite", actionParameters={"headers": {"x-frame-options": change}})


def managed(*overrides: Properties) -> Properties:
    parameters = {"id": "e", "overrides": {"rules": list(overrides), "action": "log"}}
    return ruleset("http_request_firewall_managed", rule("m", "true", "execute", actionParameters=parameters))


def redirect(url: str) -> Properties:
    value = {"targetUrl": {"value": url}, "statusCode": 301}
    rules = rule("r", "true", "redirect", actionParameters={"fromValue": value})
    return ruleset("http_request_dynamic_redirect", rules)


CHANGES: list[tuple[str, Properties, Properties]] = [
    (
        "Ruleset",
        ruleset("http_request_firewall_custom", rule("a"), SKIP),
        ruleset("http_request_firewall_custom", SKIP),
    ),
    ("Ruleset", ruleset("http_ratelimit", limit("l", 5)), ruleset("http_ratelimit", limit("l", 50, 10))),
    (
        "Ruleset",
        ruleset(HEADERS, headers(operation="set", value="DENY")),
        ruleset(HEADERS, headers(operation="remove")),
    ),
    ("Ruleset", managed(), managed({"id": "1", "action": "log", "enabled": False})),
    ("Ruleset", redirect("https://a.test"), redirect("https://b.test")),
    ("DnsRecord", a("a.example.com"), a("b.example.com", proxied=False)),
    ("DnsRecord", txt("_dmarc.x", "v=DMARC1; p=reject; rua=mailto:a@b"), txt("_dmarc.x", "v=DMARC1; p=none; pct=x")),
    ("DnsRecord", caa("a.example"), caa("b.example")),
    ("ZoneSetting", setting("security_header", {"strict_transport_security": {"max_age": 1}}), setting("ssl", "off")),
    (
        "ZeroTrustAccessPolicy",
        {"decision": "allow", "includes": [{"email": 1}]},
        {"decision": "bypass", "includes": []},
    ),
    ("ZeroTrustAccessApplication", {"policies": [{"id": "a"}]}, {"policies": [], "domain": "x"}),
    ("NotificationPolicy", {"mechanisms": {"emails": [{"id": "a"}]}, "filters": {"x": ["1"]}}, {"mechanisms": {}}),
    ("AwsSecret", {"tags": {"readers": "a"}}, {"tags": {"readers": "b", "owner": "c"}}),
    ("WorkersScript", {"bindings": [{"name": "K", "text": "[secret]"}]}, {"bindings": [{"name": "K", "text": "x"}]}),
    ("LoadBalancerPool", {"origins": [{"address": "192.0.2.1"}]}, {"origins": []}),
]


def places(value: Any, place: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield place
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield from places(inner, (*place, key))


def spoilt(properties: Properties, place: tuple[Any, ...], junk: Any) -> Properties:
    copied: Any = copy.deepcopy(properties)
    inner = copied
    for key in place[:-1]:
        inner = inner[key]
    inner[place[-1]] = copy.deepcopy(junk)
    return copied  # type: ignore[no-any-return]


@pytest.mark.parametrize(("kind", "before", "after"), CHANGES, ids=[f"{row[0]} {n}" for n, row in enumerate(CHANGES)])
def test_a_value_of_another_type_anywhere_makes_no_review_fail(
    kind: str, before: Properties, after: Properties
) -> None:
    zone = step("Zone", "zone", {"name": "example.com"}, {"name": "example.com"})
    for side, properties in enumerate((before, after)):
        for place in [place for place in places(properties) if place]:
            for junk in JUNK:
                sides = [before, after]
                sides[side] = spoilt(properties, place, junk)
                for old, new in ((*sides,), (None, sides[1]), (sides[0], None)):
                    steps = preview(zone, step(kind, "x", old, new)).steps
                    was, is_now = around(steps, None, complete=True, zone="example.com")
                    assert all(one.what for one in step_findings(steps[1], was, is_now))
                    differences(steps[1])
                    assert isinstance((was.rulesets, is_now.web_names, is_now.settings, was.hidden), tuple)
