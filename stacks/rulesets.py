"""A zone's rulesets: one entry point a phase, and all rules of a phase in it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pulumi
import pulumi_cloudflare as cloudflare

from core.rulesets import Rule
from stacks.component import Component


class RulesetsComponent(Component):
    """A concern whose resources are rulesets. :attr:`rulesets` are those that there are."""

    def __init__(
        self, concern: str, name: str, zone_id: pulumi.Input[str], opts: pulumi.ResourceOptions | None = None
    ) -> None:
        """Declare the component, to which :meth:`add` adds a phase."""
        super().__init__(concern, name, opts)
        self.zone_id = zone_id
        self.rulesets: list[cloudflare.Ruleset] = []

    def add(
        self, name: str, title: str, phase: str, rules: Sequence[Rule], after: Sequence[pulumi.Resource] = ()
    ) -> None:
        """Declare the entry point of ``phase`` with ``rules`` in their order; a phase without any has none."""
        if not rules:
            return
        ruleset = cloudflare.Ruleset(
            name,
            zone_id=self.zone_id,
            name=title,
            description=f"launch-ready: {title.lower()}",
            kind="zone",
            phase=phase,
            rules=[_arguments(rule) for rule in rules],
            # One that was adopted keeps what the dashboard called it: no request notices.
            opts=self.child(after=after, free=["name", "description"]),
        )
        self.rulesets.append(ruleset)


def _arguments(rule: Rule) -> Any:
    """The rule in the form of Pulumi's SDK: the API's own names are those of its dictionaries."""
    return rule.as_api()
