"""Section ``launch-ready:waf``: the custom rules that a request meets before the rate limits.

Limits by plan: https://developers.cloudflare.com/waf/custom-rules/ (availability).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field, model_validator

from core.settings.base import Section, matching
from core.settings.zone import Plan

LONGEST_EXPRESSION = 4096
MOST_RULES: dict[Plan, int] = {"free": 5, "pro": 20, "business": 100, "enterprise": 1000}
REGEX_PLANS: tuple[Plan, ...] = ("business", "enterprise")

RuleName = Annotated[
    str, matching(r"[a-z0-9][a-z0-9-]{0,49}", "1 to 50 lower-case letters, digits and hyphens, such as admin-pages")
]
"""A rule's name. It is the rule's ``ref`` too, so a rule keeps its identity when others come or go."""

Action = Literal["block", "managed_challenge", "js_challenge", "challenge", "log"]
_STRING = re.compile(r'r?"(?:[^"\\]|\\.)*"', re.DOTALL)


class WafRule(Section):
    """One rule: what it looks for, and what becomes of a request that fits."""

    name: RuleName
    """What it is called in messages, and its lasting reference at Cloudflare: renaming makes another rule."""
    description: Annotated[str, Field(min_length=1, max_length=500)]
    """What it is there for."""
    expression: Annotated[str, Field(min_length=1, max_length=LONGEST_EXPRESSION)]
    """In Cloudflare's rules language."""
    action: Action = "block"
    """`log` needs the Enterprise plan."""
    enabled: bool = True
    """Whether it is in force."""


class Waf(Section):
    """The custom rules, in the order in which they are tried."""

    rules: tuple[WafRule, ...] = ()
    """The first rule that blocks ends the matter."""

    @model_validator(mode="after")
    def _each_name_once(self) -> Waf:
        refuse_twin_rules([rule.name for rule in self.rules])
        return self

    def beyond(self, plan: Plan) -> Iterator[tuple[int, str]]:
        """What ``plan`` cannot do: the rule's index, and why."""
        for index, rule in enumerate(self.rules):
            if index >= MOST_RULES[plan]:
                yield (
                    index,
                    f"rule {rule.name}: the plan {plan} has {MOST_RULES[plan]} custom rules, and this is one more",
                )
            if rule.action == "log" and plan != "enterprise":
                yield index, f"rule {rule.name}: the action log needs the plan enterprise, and the zone's is {plan}"
            if plan not in REGEX_PLANS and uses_regex(rule.expression):
                yield (
                    index,
                    f"rule {rule.name}: matches needs the plan {REGEX_PLANS[0]} or above, and the zone's is {plan}",
                )


def refuse_twin_rules(names: list[str]) -> None:
    """Raise :class:`ValueError` if a name stands twice."""
    for name in names:
        if names.count(name) > 1:
            raise ValueError(f"two rules have the name {name}: each must have its own")


def uses_regex(expression: str) -> bool:
    """Whether an expression uses the operator ``matches`` (or ``~``), outside of its strings."""
    bare = _STRING.sub('""', expression)
    return re.search(r"\bmatches\b|~", bare) is not None
