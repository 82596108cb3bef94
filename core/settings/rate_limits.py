"""Section ``launch-ready:rate_limits``: how often one client may ask, written once in the platform's own terms.

A rule says paths, methods, how many requests in how many seconds, and for how long a client that goes over is kept
out. Clients are told apart by address, and counted in each of Cloudflare's data centres by itself. Limits by plan:
https://developers.cloudflare.com/waf/rate-limiting-rules/ (availability).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Annotated, Literal

from pydantic import Field, model_validator

from core.settings.base import Section
from core.settings.platform import Path
from core.settings.waf import LONGEST_EXPRESSION, Action, RuleName, refuse_twin_rules
from core.settings.zone import Plan

PATH = "lower(http.request.uri.path)"
MOST_RULES: dict[Plan, int] = {"free": 1, "pro": 2, "business": 5, "enterprise": 100}
LONGEST_PERIOD: dict[Plan, int] = {"free": 10, "pro": 60, "business": 600, "enterprise": 3600}
LONGEST_MITIGATION: dict[Plan, int] = {"free": 10, "pro": 3600, "business": 86400, "enterprise": 86400}
METHOD_PLANS: tuple[Plan, ...] = ("business", "enterprise")

Method = Literal["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]


class RateLimit(Section):
    """One rule."""

    name: RuleName
    """What it is called in messages, and its lasting reference at Cloudflare."""
    paths: Annotated[tuple[Path, ...], Field(min_length=1)]
    """Paths, in lower case: a request's path is compared in lower case. `*` stands for any text, slashes included."""
    methods: tuple[Method, ...] = ()
    """The methods that count; none means all. Needs the Business plan."""
    excluding: tuple[RuleName, ...] = ()
    """Names of other rules: what they count, this one does not."""
    requests: Annotated[int, Field(ge=1, le=1_000_000)]
    """How many requests of one client are let through in a period."""
    period: Literal[10, 60, 120, 300, 600, 3600] = 60
    """Seconds over which they are counted. Free: 10; Pro: up to 60; Business: up to 600."""
    mitigation: Literal[0, 10, 60, 120, 300, 600, 3600, 86400] = 60
    """Seconds for which a client that went over is kept out. Free: 10; 0 only with a challenge, or on Enterprise."""
    action: Action = "block"
    """What a client that went over gets."""


class RateLimits(Section):
    """The rules, in the order in which they are tried."""

    rules: tuple[RateLimit, ...] = ()
    """Each rule counts by itself: a request can count in several."""

    @model_validator(mode="after")
    def _consistent(self) -> RateLimits:
        names = [rule.name for rule in self.rules]
        refuse_twin_rules(names)
        for rule in self.rules:
            for other in rule.excluding:
                if other not in names or other == rule.name:
                    raise ValueError(f"rule {rule.name} excludes {other}, which is no other rule's name")
            if len(self.expression(rule)) > LONGEST_EXPRESSION:
                raise ValueError(f"rule {rule.name} has an expression over {LONGEST_EXPRESSION} characters: split it")
        return self

    def expression(self, rule: RateLimit) -> str:
        """The rule in Cloudflare's rules language."""
        left_out = [_matching(other) for other in self.rules if other.name in rule.excluding]
        return " and ".join([_matching(rule), *(f"not ({expression})" for expression in left_out)])

    def beyond(self, plan: Plan) -> Iterator[tuple[int, str]]:
        """What ``plan`` cannot do: the rule's index, and why."""
        for index, rule in enumerate(self.rules):
            for reason in _beyond(rule, index, plan):
                yield index, f"rule {rule.name}: {reason}"


def _beyond(rule: RateLimit, index: int, plan: Plan) -> Iterator[str]:
    if index >= MOST_RULES[plan]:
        yield f"the plan {plan} has {MOST_RULES[plan]} rate limits, and this is one more: join paths into one rule"
    if rule.methods and plan not in METHOD_PLANS:
        yield f"methods need the plan {METHOD_PLANS[0]} or above, and the zone's is {plan}: leave them out"
    if rule.period > LONGEST_PERIOD[plan]:
        yield f"a period of {rule.period} s is over the {LONGEST_PERIOD[plan]} s of the plan {plan}"
    if rule.mitigation > LONGEST_MITIGATION[plan]:
        yield f"a mitigation of {rule.mitigation} s is over the {LONGEST_MITIGATION[plan]} s of the plan {plan}"
    if rule.action == "log" and plan != "enterprise":
        yield f"the action log needs the plan enterprise, and the zone's is {plan}"
    elif "challenge" in rule.action and plan != "enterprise" and rule.mitigation:
        yield f"the action {rule.action} on the plan {plan} needs a mitigation of 0"
    elif "challenge" not in rule.action and plan != "enterprise" and not rule.mitigation:
        yield f"a mitigation of 0 with the action {rule.action} needs the plan enterprise"


def _matching(rule: RateLimit) -> str:
    exact = [path for path in rule.paths if "*" not in path]
    parts = [f"{PATH} {_equals(exact)}"] if exact else []
    parts += [f'{PATH} wildcard r"{path}"' for path in rule.paths if "*" in path]
    paths = parts[0] if len(parts) == 1 else f"({' or '.join(parts)})"
    return f"{paths} and http.request.method {_equals(rule.methods)}" if rule.methods else paths


def _equals(values: Sequence[str]) -> str:
    return f'eq "{values[0]}"' if len(values) == 1 else "in {" + " ".join(f'"{value}"' for value in values) + "}"
