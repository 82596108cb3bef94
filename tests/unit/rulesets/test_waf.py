"""The firewall's rules: what each plan gets, what each template stops, and how narrow an exception is."""

from __future__ import annotations

import ipaddress
import json
from typing import Any, get_args

import octorules_wirefilter as wirefilter
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from core.rulesets.managed import RULESETS
from core.rulesets.waf import check_waf, custom_rules, managed_rules
from core.settings.platform import Platform
from core.settings.waf import Waf
from core.settings.zone import Plan
from edge import Expression, Request
from lab.cloudflare.plans import plan_named
from lab.cloudflare.rule import make_rule

PLATFORM = Platform()
OFFICE = {"networks": ["203.0.113.0/24"]}
SKIP: dict[str, Any] = {
    "name": "payments",
    "description": "they send SQL",
    "paths": ["/api/webhooks/payments"],
    "methods": ["POST"],
    "managed_rules": [{"ruleset": "owasp", "ids": ["6179ae15870a4bb7b2d480d4843b323c"]}],
}


def _waf(**section: Any) -> Waf:
    return Waf.model_validate_json(json.dumps(section))


def _refs(waf: Waf, plan: Plan) -> list[str]:
    return [rule.ref for rule in custom_rules(waf, PLATFORM, plan)]


BLOCKING = ["admin-from-outside", "dotfiles", "bad-methods", "uploads"]
CHALLENGING = ["leaked-credentials", "bots"]


@pytest.mark.parametrize(
    ("plan", "refs"),
    [
        ("free", ["+".join(BLOCKING), *CHALLENGING]),
        ("pro", [*BLOCKING, *CHALLENGING]),
        ("enterprise", [*BLOCKING, *CHALLENGING]),
    ],
)
def test_each_plan_has_every_template_joined_where_there_is_no_room(plan: Plan, refs: list[str]) -> None:
    waf = _waf(admin=OFFICE)
    assert _refs(waf, plan) == refs
    assert list(check_waf(waf, PLATFORM, plan)) == []


def test_each_template_can_be_turned_off_and_free_has_room_for_five() -> None:
    assert _refs(Waf(), "free") == ["dotfiles", "bad-methods", "uploads", *CHALLENGING]
    off = {"enabled": False}
    none = _waf(hidden_files=off, methods=off, uploads=off, leaked_credentials=off, bots=off)
    assert _refs(none, "business") == []


@pytest.mark.parametrize("plan", get_args(Plan))
def test_every_rule_is_one_that_the_parser_and_the_api_take(plan: Plan) -> None:
    skips = [SKIP | {"managed_rules": [], "phases": ["http_ratelimit"], "networks": ["198.51.100.0/26"]}]
    waf = _waf(admin=OFFICE, skips=skips)
    for phase, rules in (
        ("http_request_firewall_custom", custom_rules(waf, PLATFORM, plan)),
        ("http_request_firewall_managed", managed_rules(waf, plan)),
    ):
        assert rules
        for rule in rules:
            make_rule(rule.as_api(), phase, plan_named(plan), "/rules/0")
            assert rule.expression == "true" or "error" not in wirefilter.parse_expression(rule.expression)


def _request(method: str, path: str, agent: str = "Mozilla/5.0", **headers: str) -> Request:
    given = [("User-Agent", agent), *((name.replace("_", "-"), value) for name, value in headers.items())]
    fields = {"ip.src": "192.0.2.7", "cf.waf.credential_check.username_and_password_leaked": False}
    return Request(method=method, url=f"https://app.community.test{path}", headers=given, fields=fields)


UPLOADS = "/api/orgs/1/spaces/2/uploads"


@pytest.mark.parametrize(
    ("request_", "stopped_by"),
    [
        (_request("GET", "/"), []),
        (_request("GET", "/admin/users"), ["admin-from-outside"]),
        (_request("GET", "/API/Admin"), ["admin-from-outside"]),
        (_request("GET", "/administration"), []),
        (_request("GET", "/.env"), ["dotfiles"]),
        (_request("GET", "/.well-known/security.txt"), []),
        (_request("GET", "/.well-known/.git/config"), ["dotfiles"]),
        (_request("GET", "/.well-known/a/.env"), ["dotfiles"]),
        (_request("TRACE", "/"), ["bad-methods"]),
        (_request("post", "/"), ["bad-methods"]),
        (_request("OPTIONS", "/api/orgs"), []),
        (_request("POST", UPLOADS, content_length="16777216", content_type="image/png"), []),
        (_request("POST", UPLOADS, content_length="16777217", content_type="image/png"), ["uploads"]),
        (_request("POST", UPLOADS, content_length="100000000", content_type="image/png"), ["uploads"]),
        (_request("POST", UPLOADS, content_length="9", content_type="text/plain; charset=utf-8"), []),
        (_request("POST", UPLOADS, content_length="9", content_type="TEXT/HTML"), ["uploads"]),
        (_request("POST", UPLOADS, content_length="9", content_type="text/plainish"), ["uploads"]),
        (_request("POST", UPLOADS, content_length="9"), ["uploads"]),
        (_request("GET", UPLOADS), []),
        (_request("POST", "/login"), []),
        (_request("POST", "/login", agent="sqlmap/1.8"), ["bots"]),
        (_request("POST", "/api/auth/signup", agent=""), ["bots"]),
        (_request("GET", "/login", agent=""), []),
    ],
)
def test_what_a_template_stops(request_: Request, stopped_by: list[str]) -> None:
    rules = custom_rules(_waf(admin=OFFICE), PLATFORM, "business")
    found = {rule.ref: Expression.parse(rule.expression).matches(request_) for rule in rules}
    assert [ref for ref, truth in found.items() if truth] == stopped_by
    assert None not in found.values()


def test_joined_templates_stop_what_each_of_them_does() -> None:
    waf = _waf(admin=OFFICE)
    joined = Expression.parse(custom_rules(waf, PLATFORM, "free")[0].expression)
    single = [Expression.parse(rule.expression) for rule in custom_rules(waf, PLATFORM, "pro")[: len(BLOCKING)]]
    for one in (
        _request("GET", "/"),
        _request("GET", "/admin"),
        _request("GET", "/.env"),
        _request("TRACE", "/"),
        _request("POST", UPLOADS, content_type="text/html"),
    ):
        assert joined.matches(one) is any(each.matches(one) for each in single)


def test_a_leaked_login_is_asked_about_as_the_plan_can() -> None:
    def leaked(plan: Plan) -> str:
        (rule,) = (rule for rule in custom_rules(Waf(), PLATFORM, plan) if rule.ref == "leaked-credentials")
        return rule.expression.rpartition(" ")[2]

    assert leaked("free") == "cf.waf.credential_check.password_leaked"
    assert leaked("pro") == "cf.waf.credential_check.username_and_password_leaked"


def test_managed_rulesets_are_those_of_the_plan_with_what_is_changed() -> None:
    (free,) = managed_rules(Waf(), "free")
    assert free.parameters == {"id": RULESETS["free"]}
    category = {"category": "wordpress", "enabled": False}
    rule = {"id": "5de7edfa648c4d6891dc3e7f84534ffa", "action": "log"}
    owasp = {"sensitivity": "low", "paranoia": 3, "action": "managed_challenge", "disabled": [rule["id"]]}
    own, core = managed_rules(_waf(managed={"categories": [category], "rules": [rule]}, owasp=owasp), "pro")
    assert own.parameters == {"id": RULESETS["cloudflare"], "overrides": {"categories": [category], "rules": [rule]}}
    assert core.parameters == {
        "id": RULESETS["owasp"],
        "overrides": {
            "categories": [{"category": "paranoia-level-4", "enabled": False}],
            "rules": [
                {"id": rule["id"], "enabled": False},
                {"id": "6179ae15870a4bb7b2d480d4843b323c", "action": "managed_challenge", "score_threshold": 60},
            ],
        },
    }


def test_an_exception_comes_first_and_says_what_it_skips() -> None:
    more = {"phases": ["http_ratelimit"], "products": ["bic"], "networks": ["198.51.100.0/26"]}
    waf = _waf(skips=[SKIP | more])
    first = custom_rules(waf, PLATFORM, "business")[0]
    assert (first.ref, first.action, first.logged) == ("payments", "skip", True)
    assert first.parameters == {"phases": ["http_ratelimit"], "products": ["bic"]}
    assert first.expression == (
        'lower(http.request.uri.path) eq "/api/webhooks/payments" and http.request.method eq "POST" '
        "and ip.src in {198.51.100.0/26}"
    )
    managed = managed_rules(waf, "business")[0]
    assert managed.parameters == {"rules": {RULESETS["owasp"]: ["6179ae15870a4bb7b2d480d4843b323c"]}}
    assert managed.expression == first.expression


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"expression": 'http.host eq "community.test"'}, "a skip has no expression of its own"),
        ({"expression": "true"}, "a skip has no expression of its own"),
        ({"paths": []}, "at least 1 item"),
        ({"paths": ["/api/*"]}, "a skip takes no \\*"),
        ({"methods": []}, "the skip payments is for anyone"),
        ({"networks": ["0.0.0.0/0"]}, "is for 0.0.0.0/0, which is too many"),
        ({"networks": ["2001::/16"]}, "is for 2001::/16, which is too many"),
        ({"phases": ["http_ratelimit"]}, "takes the rate limits from everybody"),
        ({"phases": ["http_request_dynamic_redirect"]}, "Input should be"),
        ({"managed_rules": []}, "skips nothing"),
        ({"managed_rulesets": ["owasp"]}, "give one of them"),
    ],
)
def test_a_broad_exception_is_refused_with_the_reason(change: dict[str, Any], reason: str) -> None:
    assert _waf(skips=[SKIP])
    with pytest.raises(ValidationError, match=reason):
        _waf(skips=[SKIP | change])


PREFIX = st.integers(0, 32)


@given(st.integers(0, 2**32 - 1), PREFIX)
def test_no_exception_is_for_more_than_a_sixteenth(address: int, prefix: int) -> None:
    network = str(ipaddress.ip_network((address, prefix), strict=False))
    change = {"networks": [network], "methods": []}
    if prefix >= 16:
        assert _waf(skips=[SKIP | change])
    else:
        with pytest.raises(ValidationError, match="too many to be narrow"):
            _waf(skips=[SKIP | change])


@pytest.mark.parametrize(
    ("section", "plan", "place", "reason"),
    [
        ({"owasp": {}}, "free", ("waf", "owasp"), "needs the plan pro"),
        ({"bots": {"score_below": 30}}, "business", ("waf", "bots", "score_below"), "needs the plan enterprise"),
        (
            {"leaked_credentials": {"checked": "pair"}},
            "free",
            ("waf", "leaked_credentials", "checked"),
            "needs the plan pro",
        ),
        ({"skips": [SKIP]}, "free", ("waf", "skips", 0), "owasp does not run on the plan free"),
        ({"methods": {"action": "log"}}, "business", ("waf", "methods"), "rule bad-methods: the action log"),
        (
            {"admin": {"networks": [f"2001:db8:{n:x}::/48" for n in range(400)]}},
            "pro",
            ("waf", "admin"),
            "rule admin-from-outside: its expression is over 4096",
        ),
    ],
)
def test_what_the_plan_cannot_do_is_told_with_the_rules_name(
    section: dict[str, Any], plan: Plan, place: tuple[Any, ...], reason: str
) -> None:
    (finding,) = check_waf(_waf(**section), PLATFORM, plan)
    assert finding.place == place
    assert reason in finding.reason


def test_a_rule_more_than_the_plan_has_is_named() -> None:
    rules = [{"name": f"own-{n}", "description": "x", "expression": "ssl"} for n in range(3)]
    assert list(check_waf(_waf(rules=rules[:2]), PLATFORM, "free")) == []
    (finding,) = check_waf(_waf(rules=rules), PLATFORM, "free")
    assert finding.place == ("waf", "rules", 2)
    assert finding.reason == "rule own-2: the plan free has 5 custom rules, and this is one more"
