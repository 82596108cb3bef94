"""Rate limits in the platform's terms become expressions that Cloudflare's own parser takes."""

from __future__ import annotations

from typing import Any

import octorules_wirefilter as wirefilter
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.settings.rate_limits import RateLimit, RateLimits

PATH = "lower(http.request.uri.path)"


def _limit(name: str = "rule", *paths: str, **more: Any) -> RateLimit:
    return RateLimit(name=name, paths=paths, requests=5, **more)


@pytest.mark.parametrize(
    ("rule", "expression"),
    [
        (_limit("a", "/login"), f'{PATH} eq "/login"'),
        (_limit("a", "/login", "/api/login"), f'{PATH} in {{"/login" "/api/login"}}'),
        (_limit("a", "/api/*/posts"), f'{PATH} wildcard r"/api/*/posts"'),
        (_limit("a", "/x", "/y/*", "/z"), f'({PATH} in {{"/x" "/z"}} or {PATH} wildcard r"/y/*")'),
        (_limit("a", "/x", methods=("POST",)), f'{PATH} eq "/x" and http.request.method eq "POST"'),
        (_limit("a", "/x", methods=("PUT", "POST")), f'{PATH} eq "/x" and http.request.method in {{"PUT" "POST"}}'),
    ],
)
def test_a_rule_compiles_to(rule: RateLimit, expression: str) -> None:
    assert RateLimits(rules=(rule,)).expression(rule) == expression


def test_what_another_rule_counts_is_left_out_by_its_name() -> None:
    login = _limit("login", "/login", "/api/login", methods=("POST",))
    rest = _limit("rest", "/api/*", excluding=("login",))
    assert RateLimits(rules=(login, rest)).expression(rest) == (
        f'{PATH} wildcard r"/api/*" and not ({PATH} in {{"/login" "/api/login"}} and http.request.method eq "POST")'
    )


A_PATH = st.from_regex(r"/[a-z0-9._~/*-]{0,30}", fullmatch=True).filter(lambda path: "**" not in path)
PATHS = st.lists(A_PATH, min_size=1, max_size=5, unique=True)
METHODS = st.lists(st.sampled_from(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]), unique=True)


@given(PATHS, METHODS, PATHS, METHODS)
def test_any_rule_is_one_that_cloudflares_own_parser_takes(
    paths: list[str], methods: list[Any], other_paths: list[str], other_methods: list[Any]
) -> None:
    other = _limit("other", *other_paths, methods=tuple(other_methods))
    rule = _limit("rule", *paths, methods=tuple(methods), excluding=("other",))
    parsed = wirefilter.parse_expression(RateLimits(rules=(other, rule)).expression(rule))
    assert "error" not in parsed
    assert set(parsed["fields"]) <= {"http.request.uri.path", "http.request.method"}
    # The parser sees each path and method as it was written: nothing in them ended a string early.
    assert {*paths, *other_paths, *methods, *other_methods} == set(parsed["string_literals"])


def test_two_stars_in_a_row_are_refused() -> None:
    with pytest.raises(ValueError, match="never two in a row"):
        _limit("a", "/api/**")
