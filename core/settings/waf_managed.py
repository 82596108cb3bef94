"""The rulesets that Cloudflare keeps, and what of them is changed.

Sources: https://developers.cloudflare.com/waf/managed-rules/ and
https://developers.cloudflare.com/waf/managed-rules/reference/owasp-core-ruleset/
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from core.settings.rules import Action, Identifier
from core.settings.section import Section, matching

Category = Annotated[
    str, matching(r"[a-z0-9][a-z0-9_.:-]{0,99}", "a category's name as Cloudflare has it, such as wordpress")
]


class CategoryOverride(Section):
    """Another action for the rules of a category (Cloudflare calls it a tag too), or none of them."""

    category: Category
    """Its name, such as `wordpress`."""
    action: Action | None = None
    """What its rules do, in place of what Cloudflare set."""
    enabled: bool | None = None
    """Whether its rules are in force."""

    @model_validator(mode="after")
    def _changes_something(self) -> CategoryOverride:
        if self.action is None and self.enabled is None:
            raise ValueError(f"nothing is changed of {self.category}: give action or enabled")
        return self


class RuleOverride(Section):
    """Another action for one rule, or none."""

    id: Identifier
    """The rule's id, as the dashboard and the security events show it."""
    action: Action | None = None
    """What it does, in place of what Cloudflare set."""
    enabled: bool | None = None
    """Whether it is in force."""

    @model_validator(mode="after")
    def _changes_something(self) -> RuleOverride:
        if self.action is None and self.enabled is None:
            raise ValueError(f"nothing is changed of the rule {self.id}: give action or enabled")
        return self


class Managed(Section):
    """Cloudflare's own ruleset: the Managed Ruleset from Pro up, the Free Managed Ruleset on Free."""

    enabled: bool = True
    """Whether it runs."""
    action: Action | None = None
    """What all its rules do, in place of what Cloudflare set for each: `log` (Enterprise) to try it out."""
    categories: tuple[CategoryOverride, ...] = ()
    """Changes of whole categories."""
    rules: tuple[RuleOverride, ...] = ()
    """Changes of single rules."""


class Owasp(Section):
    """The OWASP Core Ruleset: its rules add up to a score, and a request over the threshold gets the action."""

    enabled: bool = True
    """Whether it runs. It needs Pro."""
    action: Action = "block"
    """What a request over the threshold gets."""
    sensitivity: Literal["low", "medium", "high"] = "medium"
    """The threshold: a score of 60, 40 or 25 and over."""
    paranoia: Annotated[int, Field(ge=1, le=4)] = 1
    """The paranoia level: each one has more rules, and more false alarms."""
    disabled: tuple[Identifier, ...] = ()
    """Ids of rules that do not count."""
