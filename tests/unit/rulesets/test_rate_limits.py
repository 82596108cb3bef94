"""Limits in the platform's terms become rules that each plan can have, never looser than what is said of them."""

from __future__ import annotations

from fractions import Fraction
from typing import Any, get_args

import octorules_wirefilter as wirefilter
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.rulesets.limits import limits_of
from core.rulesets.rate_limits import FEWEST_WITH_READS, MOST_STRICTER, compile_limits
from core.settings.plans import LIMITS
from core.settings.platform import Platform
from core.settings.rate_limits import KINDS, Mitigation, Period, RateLimit, RateLimits
from core.settings.rules import Action
from core.settings.zone import Plan
from lab.cloudflare.errors import ApiError
from lab.cloudflare.plans import plan_named
from lab.cloudflare.rule import make_rule

PATH = "lower(http.request.uri.path)"
PLATFORM = Platform()
NONE: dict[str, Any] = dict.fromkeys(KINDS)


def _limit(name: str = "rule", *paths: str, **more: Any) -> RateLimit:
    return RateLimit(name=name, paths=paths, **{"requests": 5, **more})


def _own(*rules: RateLimit) -> RateLimits:
    """These rules, and no kinds."""
    return RateLimits(**NONE, rules=rules)


def _rows(limits: RateLimits, plan: Plan) -> list[tuple[str, int, int, int]]:
    """Ref, requests, period and mitigation of each rule."""
    rows = []
    for rule in compile_limits(limits, PLATFORM, plan).rules:
        numbers = rule.rate_limit or {}
        assert numbers["characteristics"] == ["cf.colo.id", "ip.src"]
        rows.append((rule.ref, numbers["requests_per_period"], numbers["period"], numbers["mitigation_timeout"]))
    return rows


@pytest.mark.parametrize(
    ("plan", "rows"),
    [
        (
            "enterprise",
            [
                ("login", 10, 60, 600),
                ("password-reset", 5, 60, 600),
                ("invite", 20, 60, 600),
                ("post", 60, 60, 60),
                ("other-writes", 120, 60, 60),
            ],
        ),
        (
            "business",
            [
                ("login", 10, 60, 600),
                ("password-reset", 5, 60, 600),
                ("invite", 20, 60, 600),
                ("post", 60, 60, 60),
                ("other-writes", 120, 60, 60),
            ],
        ),
        ("pro", [("login+password-reset+invite", 10, 60, 600), ("post+other-writes", 600, 60, 60)]),
        ("free", [("login+password-reset+invite", 3, 10, 10)]),
    ],
)
def test_what_nobody_wrote_down_is_limited_on_every_plan(plan: Plan, rows: list[tuple[str, int, int, int]]) -> None:
    compiled = compile_limits(RateLimits(), PLATFORM, plan)
    assert (_rows(RateLimits(), plan), compiled.findings) == (rows, ())


def test_what_a_plan_made_of_it_is_said_and_nothing_where_it_made_nothing() -> None:
    assert compile_limits(RateLimits(), PLATFORM, "business").notes == ()
    assert compile_limits(RateLimits(), PLATFORM, "pro").notes[0] == (
        "login+password-reset+invite: 10 requests in 60 s, out for 600 s. Compiled for the plan: login asks 10 POST "
        "in 60 s and gets 10 with reads; password-reset asks 5 POST in 60 s and gets 10 with reads; invite asks 20 "
        "POST in 60 s and gets 10 with reads"
    )
    joined, left_out = compile_limits(RateLimits(), PLATFORM, "free").notes
    assert "password-reset asks 5 POST in 60 s and gets 18 with reads" in joined
    assert left_out == "Not limited on the plan free, which has one rate limit: post, other-writes"


def test_what_was_asked_for_by_name_is_refused_where_it_cannot_be() -> None:
    limits = RateLimits.model_validate_json('{"post": {"requests": 60}, "other_writes": null}')
    (finding,) = compile_limits(limits, PLATFORM, "free").findings
    assert finding.place == ("rate_limits", "post")
    assert finding.reason == (
        "rule post: the plan free has one rate limit, and joined with login it would be over 8 times stricter than "
        "asked: leave it out (post: null), bring the two nearer to each other, or take a plan with more"
    )


@pytest.mark.parametrize(
    ("rule", "expression"),
    [
        (_limit("a", "/login"), f'{PATH} eq "/login"'),
        (_limit("a", "/login", "/api/login"), f'{PATH} in {{"/login" "/api/login"}}'),
        (_limit("a", "/api/*/posts"), f'{PATH} wildcard r"/api/*/posts"'),
        (_limit("a", "/x", "/y/*", "/z"), f'({PATH} in {{"/x" "/z"}} or {PATH} wildcard r"/y/*")'),
        (_limit("a", "/y/*", "/y/z", "/y/*/posts"), f'{PATH} wildcard r"/y/*"'),
        (_limit("a", "/x", methods=("POST",)), f'{PATH} eq "/x" and http.request.method eq "POST"'),
        (_limit("a", "/x", methods=("PUT", "POST")), f'{PATH} eq "/x" and http.request.method in {{"PUT" "POST"}}'),
    ],
)
def test_a_rule_compiles_to(rule: RateLimit, expression: str) -> None:
    (made,) = compile_limits(_own(rule), PLATFORM, "business").rules
    assert (made.ref, made.expression, made.description) == ("a", expression, "a: 5 requests in 60 s")


def test_what_another_rule_counts_is_left_out_by_its_name() -> None:
    login = _limit("sign-in", "/login", "/api/login", methods=("POST",))
    rest = _limit("rest", "/api/*", excluding=("sign-in",))
    _, made = compile_limits(_own(login, rest), PLATFORM, "business").rules
    assert made.expression == (
        f'{PATH} wildcard r"/api/*" and not ({PATH} in {{"/login" "/api/login"}} and http.request.method eq "POST")'
    )
    # Where the plan cannot ask for the method, all that the other rule counts is left out.
    _, made = compile_limits(_own(login, rest), PLATFORM, "pro").rules
    assert made.expression == f'{PATH} wildcard r"/api/*" and not ({PATH} in {{"/login" "/api/login"}})'


@pytest.mark.parametrize(
    ("rule", "plan", "row"),
    [
        # Periods: over the plan's they are cut, and the number goes down with them; never to nothing.
        (_limit("a", "/x", requests=60, period=3600), "business", ("a", 10, 600, 60)),
        (_limit("a", "/x", requests=60, period=300), "pro", ("a", 12, 60, 60)),
        (_limit("a", "/x", requests=4, period=3600), "pro", ("a", 1, 60, 60)),
        # Methods: where the plan has none, reads count, and the number goes up with them.
        (_limit("a", "/x", requests=60, methods=("POST",), reads=4), "pro", ("a", 300, 60, 60)),
        (_limit("a", "/x", requests=60, methods=("POST",), reads=4), "business", ("a", 60, 60, 60)),
        (_limit("a", "/x", requests=1, methods=("POST",)), "free", ("a", FEWEST_WITH_READS, 10, 10)),
        # The plan's mitigation.
        (_limit("a", "/x", requests=60, mitigation=86400), "pro", ("a", 60, 60, 3600)),
        (_limit("a", "/x", requests=60, mitigation=86400), "free", ("a", 10, 10, 10)),
    ],
)
def test_numbers_that_a_plan_has_not_become_those_it_has(
    rule: RateLimit, plan: Plan, row: tuple[str, int, int, int]
) -> None:
    assert _rows(_own(rule), plan) == [row]


def test_those_nearest_in_rate_are_joined_at_the_strictest_of_them() -> None:
    near = [_limit(f"n{number}", f"/n{number}", requests=100 + number, methods=("POST",)) for number in range(3)]
    far = [_limit(f"f{number}", f"/f{number}", requests=10 ** (4 + number)) for number in range(3)]
    six = _own(*near[:2], *far, near[2])
    assert [row[:2] for row in _rows(six, "business")] == [
        ("n0", 100),
        ("n1+n2", 101),
        ("f0", 10_000),
        ("f1", 100_000),
        ("f2", 1_000_000),
    ]
    joined = compile_limits(six, PLATFORM, "business").rules[1]
    assert joined.expression == f'{PATH} in {{"/n1" "/n2"}} and http.request.method eq "POST"'


def test_joined_limits_with_unlike_methods_keep_them() -> None:
    far = (_limit(f"b{n}", f"/b{n}", requests=5 * 20**n) for n in range(5))
    rules = [_limit("a", "/a", methods=("POST",)), *far]
    first = compile_limits(_own(*rules), PLATFORM, "business").rules[0]
    assert first.expression == f'({PATH} eq "/a" and http.request.method eq "POST") or ({PATH} eq "/b0")'
    wirefilter_takes(first.expression)


def wirefilter_takes(expression: str) -> dict[str, Any]:
    parsed: dict[str, Any] = wirefilter.parse_expression(expression)
    assert "error" not in parsed, parsed
    return parsed


A_PATH = st.from_regex(r"/[a-z0-9._~/*-]{0,30}", fullmatch=True).filter(lambda path: "**" not in path)
PLANS = st.sampled_from(get_args(Plan))


@st.composite
def any_limits(draw: st.DrawFn) -> RateLimits:
    """Any section that is valid, with up to twelve rules of its own."""
    names = [f"rule-{number}" for number in range(draw(st.integers(0, 12)))]
    rules = [
        RateLimit(
            name=name,
            paths=tuple(draw(st.lists(A_PATH, min_size=1, max_size=4, unique=True))),
            methods=tuple(draw(st.lists(st.sampled_from(["GET", "POST", "PUT"]), unique=True))),
            excluding=tuple(draw(st.lists(st.sampled_from([n for n in (*names, "login") if n != name]), max_size=2))),
            requests=draw(st.integers(1, 1_000_000)),
            period=draw(st.sampled_from(get_args(Period))),
            mitigation=draw(st.sampled_from(get_args(Mitigation))),
            action=draw(st.sampled_from(get_args(Action))),
            reads=draw(st.integers(0, 20)),
        )
        for name in names
    ]
    left_out = draw(st.lists(st.sampled_from(KINDS), unique=True))
    return RateLimits(**dict.fromkeys(left_out), rules=tuple(rules))


@settings(max_examples=60, deadline=None)
@given(any_limits(), PLANS)
def test_any_limits_on_any_plan_fit_or_are_refused_at_their_place(limits: RateLimits, plan: Plan) -> None:
    compiled = compile_limits(limits, PLATFORM, plan)
    assert len(compiled.rules) <= LIMITS[plan].rate_limits
    for finding in compiled.findings:
        section, key, *index = finding.place
        assert section == "rate_limits"
        assert key in KINDS or (key == "rules" and index)
    for rule in compiled.rules:
        wirefilter_takes(rule.expression)
        try:
            make_rule(rule.as_api(), "http_ratelimit", plan_named(plan), "/rules/0")
        except ApiError:
            # The API refuses nothing that was not refused here.
            assert compiled.findings
    refs = [rule.ref for rule in compiled.rules]
    assert len(set(refs)) == len(refs)
    assert max(map(len, refs), default=0) <= 64


@settings(max_examples=60, deadline=None)
@given(any_limits(), PLANS)
def test_no_limit_gets_more_than_its_number_with_its_reads_or_the_fewest(limits: RateLimits, plan: Plan) -> None:
    asked = {each.name: each for each in limits_of(limits, PLATFORM)}
    compiled = compile_limits(limits, PLATFORM, plan)
    for rule in compiled.rules:
        numbers = rule.rate_limit or {}
        rate = Fraction(numbers["requests_per_period"], numbers["period"])
        for name in rule.ref.split("+"):
            if name not in asked:
                # A ref that was cut ends in a digest.
                continue
            limit = asked[name].limit
            with_reads = limit.requests * (1 + limit.reads if asked[name].methods and not LIMITS[plan].methods else 1)
            fewest = Fraction(FEWEST_WITH_READS, numbers["period"])
            assert rate <= max(Fraction(with_reads, limit.period), fewest)


@given(st.lists(st.integers(1, 10**6), min_size=2, max_size=9))
def test_no_joined_limit_is_much_stricter_than_asked(numbers: list[int]) -> None:
    rules = [_limit(f"r{index}", f"/r{index}", requests=number) for index, number in enumerate(numbers)]
    compiled = compile_limits(_own(*rules), PLATFORM, "pro")
    for rule in compiled.rules:
        got = (rule.rate_limit or {})["requests_per_period"]
        for name in rule.ref.split("+"):
            assert numbers[int(name[1:])] <= got * MOST_STRICTER


def test_two_stars_in_a_row_are_refused() -> None:
    with pytest.raises(ValueError, match="never two in a row"):
        _limit("a", "/api/**")
