"""Rules: what each phase, plan and action takes, and what becomes of a rule that is written again."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.cloudflare.actions import PHASES
from lab.cloudflare.errors import ApiError
from lab.cloudflare.plans import OWASP, plan_named
from lab.cloudflare.rule import find_old, make_rule, settle

Json = dict[str, Any]

WAF = "http_request_firewall_custom"
LIMITS = "http_ratelimit"
MANAGED = "http_request_firewall_managed"
CACHE = "http_request_cache_settings"
HEADERS = "http_response_headers_transform"
OVERRIDES = "/action_parameters/overrides"
PATH = 'http.request.uri.path eq "/login"'
LIMIT: Json = {
    "characteristics": ["cf.colo.id", "ip.src"],
    "period": 10,
    "requests_per_period": 5,
    "mitigation_timeout": 10,
}


def rule(**fields: Any) -> Json:
    return {"action": "block", "expression": PATH, **fields}


def rewrite(**headers: str) -> Json:
    changes = {name: {"operation": "set", "value": value} for name, value in headers.items()}
    return rule(action="rewrite", action_parameters={"headers": changes})


def limit(**fields: Any) -> Json:
    return rule(ratelimit={**LIMIT, **fields})


def made(body: Json, phase: str = WAF, plan: str = "enterprise") -> Json:
    return make_rule(body, phase, plan_named(plan), "/rules/0")


def refused(body: Json, phase: str = WAF, plan: str = "enterprise") -> tuple[int, str, str]:
    """Code, pointer and message of the refusal."""
    with pytest.raises(ApiError) as caught:
        made(body, phase, plan)
    assert caught.value.status == 400
    return caught.value.code, caught.value.pointer, caught.value.message


@pytest.mark.parametrize(
    "expression",
    [
        PATH,
        "true",
        '(http.host eq "a.test" and not ip.src in {192.0.2.0/24 2001:db8::/32})',
        'any(http.request.headers["x-api-key"][*] eq "1")',
        'starts_with(lower(http.request.uri.path), "/api/") and http.request.method in {"POST" "PUT"}',
        'http.request.uri.path matches "^/a.*$"',
    ],
)
def test_an_expression_of_the_rules_language_is_taken(expression: str) -> None:
    assert made(rule(expression=expression))["expression"] == expression


@pytest.mark.parametrize(
    ("expression", "code", "said"),
    [
        ("", 20125, "'' is not a valid value for expression because the expression cannot be blank"),
        ("  ", 20125, "cannot be blank"),
        (None, 20125, "cannot be blank"),
        (7, 20125, "cannot be blank"),
        ("http.request.uri.path eq", 20127, "Filter parsing error (1:25)"),
        ("http.request.nonsense eq 1", 20127, "Filter parsing error (1:1)"),
        ('http.host eq "a" and (ip.src eq 192.0.2.1', 20127, 'expected literal ")"'),
        ("ip.src eq 300.0.0.1", 20127, "Filter parsing error"),
        ('http.host eq "' + "a" * 4096 + '"', 20127, "longer than 4096 characters"),
    ],
)
def test_an_expression_that_is_wrong_is_refused_with_its_place(expression: Any, code: int, said: str) -> None:
    found, pointer, message = refused(rule(expression=expression))
    assert (found, pointer) == (code, "/rules/0/expression")
    assert said in message


@pytest.mark.parametrize(("plan", "allowed"), [("free", False), ("pro", False), ("business", True)])
def test_regular_expressions_follow_the_plan(plan: str, allowed: bool) -> None:
    body = rule(expression='http.request.uri.path matches "^/a"')
    if allowed:
        made(body, plan=plan)
    else:
        assert "not entitled to use the operator matches" in refused(body, plan=plan)[2]


@pytest.mark.parametrize(
    ("body", "phase"),
    [
        (rule(), WAF),
        (rule(action="managed_challenge"), WAF),
        (rule(action="log"), WAF),
        (rule(action="skip", action_parameters={"ruleset": "current"}), WAF),
        (rule(action="skip", action_parameters={"phases": ["http_ratelimit"]}, logging={"enabled": True}), WAF),
        (
            rule(action_parameters={"response": {"status_code": 403, "content_type": "text/plain", "content": "no"}}),
            WAF,
        ),
        (rule(action="execute", action_parameters={"id": "efb7b8c949ac4650a09736fc376e9aee"}), "ddos_l7"),
        (
            rule(
                action="redirect",
                action_parameters={
                    "from_value": {
                        "status_code": 301,
                        "target_url": {"expression": 'concat("https://a.test", http.request.uri.path)'},
                        "preserve_query_string": True,
                    }
                },
            ),
            "http_request_dynamic_redirect",
        ),
        (
            rule(action="rewrite", action_parameters={"headers": {"X-Frame-Options": {"operation": "remove"}}}),
            "http_response_headers_transform",
        ),
        (
            rule(action="rewrite", action_parameters={"uri": {"path": {"value": "/b"}, "query": {"value": ""}}}),
            "http_request_transform",
        ),
        (rule(action="set_cache_settings", action_parameters={"cache": False}), "http_request_cache_settings"),
        (
            rule(
                action="set_cache_settings",
                action_parameters={
                    "cache": True,
                    "edge_ttl": {
                        "mode": "override_origin",
                        "default": 86400,
                        "status_code_ttl": [{"status_code_range": {"from": 400}, "value": -1}],
                    },
                    "browser_ttl": {"mode": "respect_origin"},
                },
            ),
            "http_request_cache_settings",
        ),
        (
            rule(
                action="execute",
                action_parameters={
                    "id": OWASP,
                    "overrides": {
                        "action": "log",
                        "categories": [{"category": "paranoia-level-3", "enabled": False}],
                        "rules": [{"id": "6179ae15870a4bb7b2d480d4843b323c", "score_threshold": 60}],
                    },
                },
            ),
            MANAGED,
        ),
        (rule(action="skip", action_parameters={"rules": {OWASP: ["6179ae15870a4bb7b2d480d4843b323c"]}}), MANAGED),
        (rule(action="skip", action_parameters={"products": ["bic"], "phase": "current"}), WAF),
    ],
)
def test_actions_that_are_taken(body: Json, phase: str) -> None:
    assert {key: value for key, value in made(body, phase).items() if key in body} == body


@pytest.mark.parametrize(
    ("body", "phase", "pointer"),
    [
        (rule(action="redirect"), WAF, "/action"),
        (rule(action="nonsense"), WAF, "/action"),
        (rule(action=None), WAF, "/action"),
        (rule(action=["block"]), WAF, "/action"),
        (rule(action="skip"), WAF, "/action_parameters"),
        (rule(action="skip", action_parameters={"ruleset": "other"}), WAF, "/action_parameters/ruleset"),
        (
            rule(action="skip", action_parameters={"phases": ["http_request_dynamic_redirect"]}),
            WAF,
            "/action_parameters/phases",
        ),
        (rule(action="skip", action_parameters={"products": ["everything"]}), WAF, "/action_parameters/products"),
        (rule(action="skip", action_parameters={"phases": []}), WAF, "/action_parameters/phases"),
        (
            rule(action="skip", action_parameters={"ruleset": "current", "rulesets": [OWASP]}),
            MANAGED,
            "/action_parameters/ruleset",
        ),
        (
            rule(action="skip", action_parameters={"rules": {OWASP: ["x"]}}),
            MANAGED,
            f"/action_parameters/rules/{OWASP}",
        ),
        (rule(action="execute", action_parameters={"id": "x"}), MANAGED, "/action_parameters/id"),
        (rule(action="execute", action_parameters={"id": OWASP, "overrides": {}}), MANAGED, OVERRIDES),
        (
            rule(action="execute", action_parameters={"id": OWASP, "overrides": {"sensitivity_level": "low"}}),
            MANAGED,
            f"{OVERRIDES}/sensitivity_level",
        ),
        (
            rule(action="execute", action_parameters={"id": OWASP, "overrides": {"rules": [{"enabled": True}]}}),
            MANAGED,
            f"{OVERRIDES}/rules/0/id",
        ),
        (rule(action="set_cache_settings", action_parameters={}), CACHE, "/action_parameters"),
        (rule(action="set_cache_settings", action_parameters={"cache": 1}), CACHE, "/action_parameters/cache"),
        (rule(action="set_cache_settings", action_parameters={"ttl": 1}), CACHE, "/action_parameters/ttl"),
        (
            rule(action="set_cache_settings", action_parameters={"edge_ttl": {"mode": "override_origin"}}),
            CACHE,
            "/action_parameters/edge_ttl/default",
        ),
        (
            rule(action="set_cache_settings", action_parameters={"browser_ttl": {"mode": "bypass", "default": 1}}),
            CACHE,
            "/action_parameters/browser_ttl/default",
        ),
        (rewrite(Server="x"), HEADERS, "/action_parameters/headers/Server"),
        (rewrite(**{"CF-Ray": "x"}), HEADERS, "/action_parameters/headers/CF-Ray"),
        (rewrite(**{"a b": "x"}), HEADERS, "/action_parameters/headers/a b"),
        (rewrite(X="x"), "http_request_transform", "/action_parameters/headers"),
        (
            rule(action="rewrite", action_parameters={"headers": {"X": {"operation": "add", "value": "x"}}}),
            "http_request_late_transform",
            "/action_parameters/headers/X",
        ),
        (
            rule(action="redirect", action_parameters={"from_value": {"target_url": {"value": "example"}}}),
            "http_request_dynamic_redirect",
            "/action_parameters/from_value/target_url/value",
        ),
        (
            rule(action="redirect", action_parameters={"from_value": {"target_url": {"expression": "concat("}}}),
            "http_request_dynamic_redirect",
            "/action_parameters/from_value/target_url/expression",
        ),
        (rule(action="log", action_parameters={"response": {}}), WAF, "/action_parameters"),
        (rule(action_parameters=[1]), WAF, "/action_parameters"),
        (
            rule(action_parameters={"response": {"status_code": 200, "content_type": "text/plain", "content": ""}}),
            WAF,
            "/action_parameters/response/status_code",
        ),
        (rule(action_parameters={"response": 7}), WAF, "/action_parameters/response"),
        (
            rule(action="redirect", action_parameters={}),
            "http_request_dynamic_redirect",
            "/action_parameters/from_value",
        ),
        (
            rule(action="redirect", action_parameters={"from_value": {"target_url": {}}}),
            "http_request_dynamic_redirect",
            "/action_parameters/from_value/target_url",
        ),
        (rule(action="rewrite", action_parameters={"uri": 7}), "http_request_transform", "/action_parameters"),
        (
            rule(action="rewrite", action_parameters={"headers": {"a": 7}}),
            "http_request_late_transform",
            "/action_parameters/headers/a",
        ),
        (rule(action="set_config"), "http_config_settings", "/action_parameters"),
        (rule(ratelimit=LIMIT), WAF, "/ratelimit"),
        (rule(enabled="yes"), WAF, "/enabled"),
        (rule(description=7), WAF, "/description"),
        (rule(description="x" * 1025), WAF, "/description"),
        (rule(ref="a b"), WAF, "/ref"),
        (rule(logging=True), WAF, "/logging"),
        (rule(colour="red"), WAF, "/colour"),
    ],
)
def test_rules_that_are_refused(body: Json, phase: str, pointer: str) -> None:
    assert refused(body, phase)[1] == f"/rules/0{pointer}"


def test_a_shorter_edge_ttl_and_a_paid_ruleset_need_their_plan() -> None:
    ttl = rule(action="set_cache_settings", action_parameters={"edge_ttl": {"mode": "override_origin", "default": 60}})
    assert "whole number from 7200" in refused(ttl, CACHE, "free")[2]
    assert made(ttl, CACHE, "business")
    owasp = rule(action="execute", action_parameters={"id": OWASP})
    assert "not entitled" in refused(owasp, MANAGED, "free")[2]
    assert made(owasp, MANAGED, "pro")


def test_the_log_action_needs_enterprise() -> None:
    assert "not entitled" in refused(rule(action="log"), plan="business")[2]


@pytest.mark.parametrize(
    ("fields", "plan"),
    [
        ({}, "free"),
        ({"period": 60, "mitigation_timeout": 3600}, "pro"),
        ({"period": 600, "mitigation_timeout": 86400, "counting_expression": "http.response.code eq 401"}, "business"),
        ({"characteristics": ["cf.unique_visitor_id", "cf.colo.id"]}, "business"),
        ({"period": 3600, "characteristics": ["cf.colo.id", 'http.request.headers["x-api-key"]']}, "enterprise"),
        ({"mitigation_timeout": 0}, "enterprise"),
        ({"period": 10.0}, "free"),
    ],
)
def test_rate_limits_that_a_plan_may_have(fields: Json, plan: str) -> None:
    assert made(limit(**fields), LIMITS, plan)["ratelimit"] == {**LIMIT, **fields}


@pytest.mark.parametrize(
    ("fields", "plan", "said"),
    [
        ({"characteristics": ["ip.src"]}, "enterprise", "characteristics field is missing 'cf.colo.id'"),
        ({"characteristics": "ip.src"}, "enterprise", "list of strings"),
        ({"characteristics": ["cf.colo.id", "ip.src", "cf.unique_visitor_id"]}, "enterprise", "cannot have both"),
        ({"characteristics": ["cf.colo.id", "nonsense"]}, "enterprise", "'nonsense' is not a valid value"),
        ({"characteristics": ["cf.colo.id", "http.host"]}, "business", "not entitled to use the characteristic"),
        ({"period": 60}, "free", "not entitled to use the period 60, can only use a period among [10]"),
        ({"period": 3600}, "business", "can only use a period among [10 60 120 300 600]"),
        ({"period": 61}, "enterprise", "not entitled to use the period 61"),
        ({"period": None}, "enterprise", "not entitled to use the period None"),
        ({"mitigation_timeout": 60}, "free", "not entitled to use a mitigation timeout different from 10"),
        ({"mitigation_timeout": 86400}, "pro", "not entitled to use a mitigation timeout over 3600"),
        ({"mitigation_timeout": 61}, "enterprise", "not a valid value for mitigation_timeout"),
        ({"mitigation_timeout": []}, "enterprise", "not a valid value for mitigation_timeout"),
        ({"requests_per_period": 0}, "enterprise", "whole number from 1"),
        ({"score_per_period": 5}, "enterprise", "exactly one of"),
        ({"counting_expression": "nonsense"}, "enterprise", "counting_expression"),
        ({"counting_expression": PATH}, "pro", "not entitled to use counting_expression"),
        ({"requests_to_origin": "no"}, "enterprise", "true or false"),
        ({"colour": "red"}, "enterprise", "unknown field 'colour'"),
    ],
)
def test_rate_limits_that_are_refused(fields: Json, plan: str, said: str) -> None:
    _, pointer, message = refused(limit(**fields), LIMITS, plan)
    assert pointer.startswith("/rules/0/ratelimit")
    assert said in message


def test_a_challenge_below_enterprise_has_no_mitigation() -> None:
    body = {**limit(), "action": "managed_challenge"}
    assert "must be 0" in refused(body, LIMITS, "pro")[2]
    made(body, LIMITS, "enterprise")


def test_a_rule_of_the_rate_limit_phase_has_a_rate_limit() -> None:
    assert refused(rule(), LIMITS)[1] == "/rules/0/ratelimit"


def test_a_rule_keeps_its_id_and_its_version_until_it_changes() -> None:
    first = settle(made(rule(ref="login")), None)
    assert (first["version"], first["ref"]) == ("1", "login")
    assert settle(made(rule(ref="login")), first) is first
    second = settle(made(rule(ref="login", enabled=False)), first)
    assert (second["id"], second["version"], second["enabled"]) == (first["id"], "2", False)


def test_a_rule_without_a_ref_gets_its_id_as_one() -> None:
    first = settle(made(rule()), None)
    assert first["ref"] == first["id"]
    # Who sends back what was read must not make another rule of it.
    assert settle(made(first), find_old([first], first)) is first


def test_a_rule_is_found_by_its_id_before_its_ref() -> None:
    one, two = (settle(made(rule(ref=ref)), None) for ref in ("one", "two"))
    assert find_old([one, two], {"id": two["id"], "ref": "one"}) is two
    assert find_old([one, two], {"ref": "one"}) is one
    assert find_old([one, two], {}) is None


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
RULES = st.fixed_dictionaries(
    {"expression": st.just(PATH) | st.text(max_size=60) | JSON},
    optional={
        "action": st.sampled_from(sorted({action for actions in PHASES.values() for action in actions})) | JSON,
        "action_parameters": st.fixed_dictionaries(
            {},
            optional=dict.fromkeys(("response", "ruleset", "id", "from_value", "uri", "headers", "cache"), JSON),
        )
        | JSON,
        "ratelimit": st.fixed_dictionaries({}, optional={name: st.just(value) | JSON for name, value in LIMIT.items()})
        | JSON,
        "description": JSON,
        "enabled": JSON,
        "ref": JSON,
        "logging": JSON,
    },
)


@given(RULES, st.sampled_from(sorted(PHASES)), st.sampled_from(["free", "enterprise"]))
def test_any_body_gives_a_rule_or_an_error_of_the_api(body: Json, phase: str, plan: str) -> None:
    try:
        first = settle(made(body, phase, plan), None)
    except ApiError:
        return
    assert settle(made(first, phase, plan), first) is first
