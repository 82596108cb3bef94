"""What the stack's file says that the edge lets through of a kind of request."""

from __future__ import annotations

from dataclasses import dataclass

from core.rulesets.rate_limits import compile_limits
from core.settings.stack import Stack
from edge.expression import Expression
from edge.request import Request


@dataclass(frozen=True)
class Budget:
    """One rule's: more than ``requests`` in ``period`` seconds are kept out for ``mitigation`` seconds."""

    rule: str
    requests: int
    period: int
    mitigation: int
    action: str


def budgets(settings: Stack, method: str, url: str) -> list[Budget]:
    """The budgets of every rule that counts such a request, the one that is spent first before the others."""
    asked = Request(method, url)
    compiled = compile_limits(settings.rate_limits, settings.platform, settings.zone.plan)
    found = []
    for rule in compiled.rules:
        # A rule of which it cannot be told counts as one that is not there: what is not sure protects nobody.
        if rule.rate_limit and Expression.parse(rule.expression).matches(asked):
            numbers = rule.rate_limit
            times = (numbers["requests_per_period"], numbers["period"], numbers["mitigation_timeout"])
            found.append(Budget(rule.ref, *times, rule.action))
    return sorted(found, key=lambda each: each.requests)
