"""Redirects, cache and headers: what they do to requests, and what they never touch."""

from __future__ import annotations

import json
from typing import Any, get_args

import octorules_wirefilter as wirefilter
import pytest
from pydantic import ValidationError

from core.rulesets.cache import cache_rules, check_cache
from core.rulesets.headers import check_headers, header_rules
from core.rulesets.redirects import check_redirects, redirect_rules
from core.rulesets.rule import Rule
from core.settings.cache import Cache
from core.settings.dns import Dns
from core.settings.headers import Headers
from core.settings.platform import Platform
from core.settings.redirects import Redirects
from core.settings.section import Section
from core.settings.zone import Plan, Zone
from edge import Expression, Request, decide
from lab.cloudflare.plans import plan_named
from lab.cloudflare.rule import make_rule

PLATFORM = Platform()
ZONE = Zone(name="community.test", account_id="1" * 32, plan="business")
DNS = Dns(web=("@", "www", "app"))
REDIRECT = "http_request_dynamic_redirect"
MOVED: list[dict[str, Any]] = [
    {"name": "pricing", "old": "/pricing.html", "new": "/pricing"},
    {"name": "help", "old": "/help/*", "new": "https://docs.other.test/*"},
    {"name": "first-api", "old": "/v1/*", "new": "/api/*", "at": "app", "keep_method": True},
    {"name": "shop", "old": "/shop", "new": "/", "permanent": False, "keep_query": False},
]


def _read(model: type[Section], section: dict[str, Any]) -> Any:
    return model.model_validate_json(json.dumps(section))


def _redirects(**section: Any) -> tuple[Rule, ...]:
    return redirect_rules(_read(Redirects, section), ZONE)


def _ask(url: str, rules: tuple[Rule, ...], **more: Any) -> tuple[str, int, str]:
    """Action, status and location of a request."""
    (decision,) = decide({REDIRECT: [rule.as_api() for rule in rules]}, [Request(url=url, **{"method": "GET", **more})])
    return decision.action, decision.status, decision.location


@pytest.mark.parametrize(
    ("url", "status", "location"),
    [
        ("https://www.community.test/a?b=c", 301, "https://community.test/a?b=c"),
        ("http://www.community.test/", 301, "https://community.test/"),
        ("https://community.test/pricing.html?x=1", 301, "https://community.test/pricing?x=1"),
        ("https://community.test/Pricing.HTML", 301, "https://community.test/pricing"),
        # One hop from the old path at the other name.
        ("https://www.community.test/pricing.html", 301, "https://community.test/pricing"),
        ("https://community.test/help/a/b?c=d", 301, "https://docs.other.test/a/b?c=d"),
        ("https://app.community.test/v1/orgs", 308, "https://app.community.test/api/orgs"),
        ("https://community.test/shop?x=1", 302, "https://community.test/"),
    ],
)
def test_a_request_is_led_in_one_hop(url: str, status: int, location: str) -> None:
    rules = _redirects(canonical="@", moved=MOVED)
    assert _ask(url, rules) == ("redirect", status, location)
    assert _ask(location, rules)[0] == "pass"


@pytest.mark.parametrize(
    "url",
    [
        "https://community.test/",
        "https://app.community.test/pricing.html",
        "https://community.test/v1/orgs",
        "https://mta-sts.community.test/.well-known/mta-sts.txt",
        "https://www.community.test/.well-known/acme-challenge/token",
        "http://community.test/.well-known/acme-challenge/token",
    ],
)
def test_what_no_redirect_touches(url: str) -> None:
    rules = _redirects(canonical="@", moved=[*MOVED, {"name": "all", "old": "/.well-known/*", "new": "/wk/*"}])
    assert _ask(url, rules)[0] == "pass"


def test_a_policy_host_stays_untouched_whatever_a_rule_is_about() -> None:
    moved = {"name": "all", "old": "/*", "new": "https://new.test/*", "at": "mta-sts"}
    assert _ask("https://mta-sts.community.test/.well-known/mta-sts.txt", _redirects(moved=[moved]))[0] == "pass"


def test_the_apex_can_lead_to_www() -> None:
    assert _ask("https://community.test/a", _redirects(canonical="www"))[2] == "https://www.community.test/a"


@pytest.mark.parametrize(
    ("moved", "reason"),
    [
        ([{"name": "a", "old": "/a", "new": "/b/*"}], "old has none that it could stand for"),
        ([{"name": "a", "old": "/.well-known/acme-challenge/*", "new": "/b"}], "no redirect may touch it"),
        ([{"name": "a", "old": "/a/*", "new": "/a/b"}], "redirected for ever"),
        ([{"name": "a", "old": "/a", "new": "/b"}, {"name": "b", "old": "/B", "new": "/c"}], "which b moves on"),
        ([{"name": "a", "old": "/a", "new": "/b/c"}, {"name": "b", "old": "/b/*", "new": "/c/*"}], "which b moves on"),
        ([{"name": "canonical", "old": "/a", "new": "/b"}], "choose another"),
        ([{"name": "a", "old": "/a", "new": "http://b.test/"}], "https://HOST/PATH"),
        ([{"name": "a", "old": '/a"', "new": "/b"}], "a path of letters"),
    ],
)
def test_a_redirect_that_loops_or_leads_on_is_refused(moved: list[dict[str, Any]], reason: str) -> None:
    with pytest.raises(ValidationError, match=reason):
        _read(Redirects, {"moved": moved})


def test_more_redirects_than_the_plan_has_are_named() -> None:
    moved = [{"name": f"r{n}", "old": f"/o{n}", "new": f"/n{n}"} for n in range(11)]
    zone = ZONE.model_copy(update={"plan": "free"})
    (finding,) = check_redirects(_read(Redirects, {"moved": moved}), DNS, zone)
    assert finding.place == ("redirects", "moved", 10)
    assert finding.reason == "rule r10: the plan free has 10 redirects, and this is one more"


def _kept(url: str, cache: Cache, headers: tuple[tuple[str, str], ...]) -> bool | None:
    """Whether the edge may keep the answer: the last rule that fits decides, None where none does."""
    found = None
    for rule in cache_rules(cache, PLATFORM):
        request = Request(method="GET", url=f"https://community.test{url}", headers=headers, fields={})
        truth = Expression.parse(rule.expression).matches(request)
        assert truth is not None
        if truth:
            found = (rule.parameters or {})["cache"]
    return found


SESSION = (("Cookie", "a=b; __Host-session=1"),)
TOKEN = (("Authorization", "Bearer x"),)


@pytest.mark.parametrize(
    ("url", "headers", "kept"),
    [
        ("/static/site.css", (), True),
        ("/static/site.css", SESSION, True),
        ("/", (), None),
        ("/", SESSION, False),
        ("/anything", TOKEN, False),
        ("/about", (), True),
        ("/about", SESSION, False),
        *((path, (), False) for path in ("/api/orgs", "/API/orgs", "/admin", "/orgs/1", "/me", "/login", "/healthz")),
    ],
)
def test_what_the_edge_may_keep(url: str, headers: tuple[tuple[str, str], ...], kept: bool | None) -> None:
    assert _kept(url, Cache(public=("/about",)), headers) is kept


def test_a_static_path_that_is_private_too_is_not_kept() -> None:
    platform = Platform(static=("/api/files/*",))
    *_, last = cache_rules(Cache(), platform)
    request = Request(method="GET", url="https://community.test/api/files/a.css", fields={})
    assert Expression.parse(last.expression).matches(request) is True
    assert last.parameters == {"cache": False}


@pytest.mark.parametrize(("plan", "least"), [("free", 7200), ("pro", 3600)])
def test_a_time_under_the_plans_is_told(plan: Plan, least: int) -> None:
    (finding,) = check_cache(_read(Cache, {"static": {"edge_seconds": 60}}), PLATFORM, plan)
    assert (finding.place, finding.reason) == (
        ("cache", "static", "edge_seconds"),
        f"rule static: 60 s is under the {least} s that the plan {plan} has at least",
    )


@pytest.mark.parametrize("plan", get_args(Plan))
@pytest.mark.parametrize("overwrite", [False, True])
def test_every_rule_is_one_that_the_parser_and_the_api_take(plan: Plan, overwrite: bool) -> None:
    assert list(check_headers(Headers(), plan)) == []
    for phase, rules in (
        (REDIRECT, _redirects(canonical="www", moved=MOVED)),
        ("http_request_cache_settings", cache_rules(Cache(public=("/about",)), PLATFORM)),
        ("http_response_headers_transform", header_rules(Headers(overwrite=overwrite))),
    ):
        assert len({rule.ref for rule in rules}) == len(rules) > 0
        for rule in rules:
            make_rule(rule.as_api(), phase, plan_named(plan), "/rules/0")
            assert rule.expression == "true" or "error" not in wirefilter.parse_expression(rule.expression)


def test_an_answer_keeps_its_own_headers_unless_they_are_to_be_overwritten() -> None:
    first, *gaps = header_rules(Headers())
    assert first.expression == "true"
    assert gaps[0].expression == ('not any(lower(http.response.headers.names[*])[*] eq "content-security-policy")')
    names = [name for rule in gaps for name in (rule.parameters or {})["headers"]]
    (whole,) = header_rules(Headers(overwrite=True))
    changed = (whole.parameters or {})["headers"]
    assert set(names) < set(changed)
    assert changed["Content-Security-Policy"]["value"].endswith("; frame-ancestors 'none'")
    assert (changed["X-Frame-Options"], changed["X-Powered-By"]) == (
        {"operation": "set", "value": "DENY"},
        {"operation": "remove"},
    )


@pytest.mark.parametrize(
    ("section", "reason"),
    [
        ({"extra": [{"name": "Access-Control-Allow-Origin", "value": "*"}]}, "is CORS, which is the platform's"),
        ({"removed": ["access-control-allow-origin"]}, "is CORS, which is the platform's"),
        ({"extra": [{"name": "Set-Cookie", "value": "a=b"}]}, "a cookie is the platform's"),
        ({"removed": ["Server"]}, "Cloudflare answers with its own Server"),
        ({"removed": ["CF-Ray"]}, "is Cloudflare's"),
        ({"extra": [{"name": "Strict-Transport-Security", "value": "x"}]}, "hsts in launch-ready:tls"),
        ({"extra": [{"name": "Referrer-Policy", "value": "x"}]}, "has a key of its own here: referrer_policy"),
        ({"extra": [{"name": "X-A", "value": "a\r\nX-B: c"}]}, "one line of visible ASCII"),
        ({"csp": "default-src 'self'; frame-ancestors *"}, "frame-ancestors is made from frames"),
        ({"csp": "defualt-src 'self'"}, "defualt-src is not a directive"),
        ({"csp": "img-src a; img-src b"}, "browsers read the first alone"),
    ],
)
def test_headers_that_are_not_the_edges_are_refused_with_the_reason(section: dict[str, Any], reason: str) -> None:
    with pytest.raises(ValidationError, match=reason):
        _read(Headers, section)
