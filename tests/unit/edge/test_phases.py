"""The way of a request through redirect, WAF and rate limits."""

from __future__ import annotations

from typing import Any

import pytest

from edge.decision import Decision, Opaque, Undecided
from edge.phases import CUSTOM, RATE_LIMIT, Policy
from edge.rate_limit import Counters
from edge.request import Request


def request(path: str = "/", *headers: tuple[str, str], scheme: str = "https", address: str = "192.0.2.7") -> Request:
    return Request("GET", f"{scheme}://app.community.test{path}", headers, fields={"ip.src": address})


REQUEST = request()


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def rule(ref: str, expression: str, action: str = "block", **more: Any) -> dict[str, Any]:
    return {"id": f"id-{ref}", "ref": ref, "expression": expression, "action": action, "enabled": True, **more}


def limit(requests: int = 1, **more: Any) -> dict[str, Any]:
    return {
        "characteristics": ["cf.colo.id", "ip.src"],
        "period": 60,
        "requests_per_period": requests,
        "mitigation_timeout": 60,
        **more,
    }


def decide(request: Request = REQUEST, custom: Any = (), limits: Any = (), **settings: str) -> Decision:
    return Policy(settings, {CUSTOM: custom, RATE_LIMIT: limits}).decide(request, Counters(Clock()))


def test_http_is_redirected_before_anything_else() -> None:
    http = request("/a?b=c", scheme="http")
    decision = decide(http, [rule("all", 'http.host contains ""')], always_use_https="on")
    assert (decision.action, decision.status) == ("redirect", 301)
    assert decision.location == "https://app.community.test/a?b=c"
    assert decide(http, [rule("all", 'http.host contains ""')], always_use_https="off").action == "block"


def test_the_first_rule_that_ends_a_request_names_itself() -> None:
    custom = [rule("log", "ssl", "log"), rule("first", "ssl"), rule("second", "ssl")]
    decision = decide(custom=custom, limits=[rule("limit", "ssl", ratelimit=limit())])
    assert (decision.action, decision.status, decision.phase, decision.rule) == ("block", 403, CUSTOM, "first")
    assert decision.logged == ("log",)


def test_a_block_may_have_an_answer_of_its_own() -> None:
    response = {"status_code": 404, "content": "{}", "content_type": "application/json"}
    decision = decide(custom=[rule("a", "ssl", action_parameters={"response": response})])
    assert (decision.status, decision.body, decision.content_type) == (404, "{}", "application/json")


@pytest.mark.parametrize("action", ["challenge", "js_challenge", "managed_challenge"])
def test_challenges_end_a_request(action: str) -> None:
    decision = decide(custom=[rule("a", "ssl", action)])
    assert (decision.action, decision.status) == (action, 403)


@pytest.mark.parametrize(
    ("parameters", "outcome"),
    [
        ({"ruleset": "current"}, "pass"),
        ({"phases": [RATE_LIMIT]}, "block"),
        ({}, "block"),
    ],
)
def test_skip_leaves_out_the_rest_of_its_ruleset(parameters: dict[str, Any], outcome: str) -> None:
    custom = [rule("skip", "ssl", "skip", action_parameters=parameters), rule("block", "ssl")]
    assert decide(custom=custom).action == outcome


def test_skip_leaves_out_a_phase() -> None:
    skip = rule("skip", "ssl", "skip", action_parameters={"phases": [RATE_LIMIT]})
    limits = [rule("a", "ssl", ratelimit=limit())]
    for custom, last in (([skip], "pass"), ([], "block")):
        policy, counters = Policy({}, {CUSTOM: custom, RATE_LIMIT: limits}), Counters(Clock())
        assert [policy.decide(REQUEST, counters).action for _ in range(2)] == ["pass", last]


def test_a_disabled_rule_does_nothing() -> None:
    assert decide(custom=[rule("a", "ssl") | {"enabled": False}]).action == "pass"


@pytest.mark.parametrize(
    ("broken", "reason"),
    [
        (rule("a", 'ip.src.country eq "DE"'), "ip.src.country"),
        (rule("a", "no.such.field"), "its expression (column 1: there is no field or function 'no.such.field')"),
        (rule("a", "ssl", "score"), "the action 'score', which is not evaluated here"),
        (rule("a", "ssl", ratelimit={"score_per_period": 9}), "its rate limit, which is not one of requests"),
        (rule("a", "ssl", ratelimit=limit(characteristics=["cf.unique_visitor_id"])), "its characteristic"),
        (rule("a", "ssl", ratelimit=limit(characteristics=["ip.src.country"])), "ip.src.country"),
    ],
)
def test_what_cannot_be_decided_passes_and_is_reported(broken: dict[str, Any], reason: str) -> None:
    phase = RATE_LIMIT if "ratelimit" in broken else CUSTOM
    policy = Policy({}, {phase: [broken]})
    decision = policy.decide(REQUEST, Counters(Clock()))
    assert decision.action == "pass"
    (undecided,) = decision.undecided
    assert isinstance(undecided, Undecided)
    assert (undecided.phase, undecided.rule) == (phase, "a")
    assert undecided.reasons.startswith(reason)


def test_phases_that_are_not_evaluated_are_named() -> None:
    policy = Policy({}, {"http_request_snippets": [rule("a", "ssl")], "http_request_cloud_connector": [], CUSTOM: []})
    assert policy.not_evaluated == ("http_request_snippets",)


def test_a_rate_limit_counts_by_its_characteristics() -> None:
    characteristics = ["cf.colo.id", "ip.src", 'http.request.headers["x-key"]']
    policy = Policy({}, {RATE_LIMIT: [rule("a", "ssl", ratelimit=limit(1, characteristics=characteristics))]})
    counters = Counters(Clock())
    requests = [
        REQUEST,
        request("/", ("X-Key", "")),
        request("/", ("X-Key", "a")),
        request(address="192.0.2.8"),
    ]
    assert {policy.decide(one, counters).action for one in requests} == {"pass"}
    again = [policy.decide(one, counters) for one in requests]
    assert [(decision.action, decision.status, decision.retry_after) for decision in again] == [("block", 429, 60)] * 4


def test_a_counting_expression_may_count_more_than_what_is_refused() -> None:
    counting = limit(2, counting_expression='http.request.uri.path contains "/a"')
    policy = Policy({}, {RATE_LIMIT: [rule("a", 'http.request.uri.path eq "/a/login"', ratelimit=counting)]})
    counters = Counters(Clock())
    targets = ["/b", "/a/1", "/a/2", "/a/3", "/a/login", "/a/4"]
    outcomes = [policy.decide(request(target), counters).action for target in targets]
    assert outcomes == ["pass", "pass", "pass", "pass", "block", "pass"]


def test_a_counting_expression_may_ask_about_the_answer() -> None:
    counting = limit(1, counting_expression="http.response.code eq 401")
    policy = Policy({}, {RATE_LIMIT: [rule("a", "ssl", ratelimit=counting)]})
    counters = Counters(Clock())
    assert policy.counts_answers()
    for code in (200, 401, 200, 401):
        decision = policy.decide(REQUEST, counters)
        assert (decision.action, decision.undecided) == ("pass", ())
        assert policy.answered(REQUEST.knowing({"http.response.code": code}), counters) == ()
    assert policy.decide(REQUEST, counters).action == "block"


def test_a_limit_of_what_reaches_the_origin_cannot_be_told_where_the_cache_may_answer() -> None:
    limits = {RATE_LIMIT: [rule("a", "ssl", ratelimit=limit(1, requests_to_origin=True))]}
    counters = Counters(Clock())
    read = [Policy({}, limits).decide(REQUEST, counters) for _ in range(3)]
    assert [(one.action, one.certain) for one in read] == [("pass", False)] * 3
    assert "requests_to_origin" in str(read[0].undecided[0])
    write = Request("POST", "https://app.community.test/", fields={"ip.src": "192.0.2.7"})
    assert [Policy({}, limits).decide(write, counters).action for _ in range(2)] == ["pass", "block"]


def test_counters_outlive_a_change_of_other_rules() -> None:
    counters = Counters(Clock())
    limited = rule("a", "ssl", ratelimit=limit())
    assert Policy({}, {RATE_LIMIT: [limited]}).decide(REQUEST, counters).action == "pass"
    changed = Policy({}, {CUSTOM: [rule("b", "not ssl")], RATE_LIMIT: [limited]})
    assert changed.decide(REQUEST, counters).action == "block"
    looser = rule("a", "ssl", ratelimit=limit(2))
    assert Policy({}, {RATE_LIMIT: [looser]}).decide(REQUEST, counters).action == "pass"


@pytest.mark.parametrize(
    "parameters", [{"phases": True}, {"rulesets": 3}, {"phases": "http_ratelimit"}, {"ruleset": []}]
)
def test_a_skip_that_is_none_of_cloudflares_skips_nothing(parameters: dict[str, Any]) -> None:
    skip = rule("skip", "ssl", "skip", action_parameters=parameters)
    assert decide(custom=[skip, rule("block", "ssl")]).rule == "block"


def test_a_skip_leaves_out_managed_rulesets_and_phases_of_them() -> None:
    managed = [rule("owasp", "true", "execute", action_parameters={"id": "o"})]
    phase = "http_request_firewall_managed"
    assert Policy({}, {phase: managed}).decide(REQUEST, Counters(Clock())).opaque == (Opaque(phase, "owasp", "o"),)
    by_ruleset = [rule("skip", "ssl", "skip", action_parameters={"rulesets": ["o"]}), *managed]
    assert Policy({}, {phase: by_ruleset}).decide(REQUEST, Counters(Clock())).opaque == ()
    by_phase = [rule("skip", "ssl", "skip", action_parameters={"phases": [phase]})]
    decision = Policy({}, {CUSTOM: by_phase, phase: managed}).decide(REQUEST, Counters(Clock()))
    assert (decision.opaque, decision.skipped_by) == ((), ("skip",))


def test_a_decision_is_certain_if_no_open_rule_could_change_it() -> None:
    unknown = 'ip.src.country eq "AQ"'
    for open_rule, action, certain in (
        (rule("a", unknown), "block", True),
        (rule("a", unknown, "log"), "block", True),
        (rule("a", unknown, "skip", action_parameters={"ruleset": "current"}), "block", False),
    ):
        decision = decide(custom=[open_rule, rule("b", "ssl")])
        assert (decision.action, decision.certain) == (action, certain)
    assert not decide(custom=[rule("a", unknown)]).certain
    assert decide(custom=[rule("a", unknown, "log")]).certain


def test_a_rewrite_is_what_later_phases_see_and_no_rule_of_its_own() -> None:
    rewrite = rule("a", "true", "rewrite", action_parameters={"uri": {"path": {"value": "/new"}}})
    again = rule(
        "b", 'http.request.uri.path eq "/new"', "rewrite", action_parameters={"uri": {"query": {"value": "x"}}}
    )
    custom = [
        rule("raw", 'raw.http.request.uri.path eq "/new"'),
        rule("new", 'http.request.uri.path eq "/new"', "log"),
    ]
    policy = Policy({}, {"http_request_transform": [rewrite, again], CUSTOM: custom})
    decision = policy.decide(request("/old?q=1"), Counters(Clock()))
    assert (decision.action, decision.target, decision.logged) == ("pass", "/new?q=1", ("new",))


def test_redirects_come_before_rewrites_and_the_firewall() -> None:
    to = {
        "from_value": {
            "target_url": {"expression": 'concat("https://b.test", http.request.uri.path)'},
            "status_code": 308,
        }
    }
    redirect = rule("a", 'http.request.uri.path eq "/old"', "redirect", action_parameters=to)
    policy = Policy({}, {CUSTOM: [rule("all", "true")], "http_request_dynamic_redirect": [redirect]})
    decision = policy.decide(request("/old?q=1"), Counters(Clock()))
    assert (decision.action, decision.status, decision.location) == ("redirect", 308, "https://b.test/old")
    assert policy.decide(request("/new"), Counters(Clock())).rule == "all"
