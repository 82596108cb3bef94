"""Which rules of the edge count a request, on each plan."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from core.settings.rate_limits import RateLimit, RateLimits
from readiness.rows.limits.declared import budgets
from tests.unit.readiness.fakes import lab_stack


def _found(method: str, path: str, plan: str = "business", **limits: Any) -> list[tuple[str, int, int]]:
    stack = lab_stack()
    zone = stack.zone.model_copy(update={"plan": plan})
    changed = replace(stack, zone=zone, rate_limits=RateLimits(**limits))
    return [(each.rule, each.requests, each.period) for each in budgets(changed, method, f"https://app.test{path}")]


@pytest.mark.parametrize(
    ("method", "path", "found"),
    [
        ("POST", "/api/auth/login", [("login", 10, 60)]),
        ("POST", "/API/Auth/Login", [("login", 10, 60)]),
        ("GET", "/api/auth/login", []),
        ("POST", "/api/auth/reset/confirm", [("password-reset", 5, 60)]),
        ("POST", "/api/orgs/1/invites", [("invite", 20, 60)]),
        ("POST", "/api/orgs/1/spaces/2/posts", [("post", 60, 60)]),
        ("POST", "/api/auth/logout", [("other-writes", 120, 60)]),
        ("POST", "/elsewhere", []),
    ],
)
def test_the_rule_that_counts_a_request(method: str, path: str, found: list[tuple[str, int, int]]) -> None:
    assert _found(method, path) == found


def test_on_the_plan_free_one_rule_counts_all_that_is_most_precious() -> None:
    assert _found("POST", "/api/auth/login", "free") == [("login+password-reset+invite", 3, 10)]
    assert _found("POST", "/api/orgs/1/spaces/2/posts", "free") == []


def test_the_rule_that_is_spent_first_comes_first() -> None:
    rule = RateLimit(name="mine", requests=4, paths=("/api/auth/*",))
    assert [name for name, *_ in _found("POST", "/api/auth/login", "enterprise", rules=(rule,))] == ["mine", "login"]
    assert _found("POST", "/api/auth/login", login=None)[:1] == [("other-writes", 120, 60)]
