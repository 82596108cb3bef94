"""The custom firewall rules: one ruleset, for a zone has one entry point a phase."""

from __future__ import annotations

import pulumi
import pulumi_cloudflare as cloudflare

from core.settings.waf import Waf, WafRule
from stacks.component import Component

PHASE = "http_request_firewall_custom"


class WafComponent(Component):
    """The zone's ruleset of the phase :data:`PHASE`."""

    def __init__(
        self, name: str, waf: Waf, zone_id: pulumi.Input[str], opts: pulumi.ResourceOptions | None = None
    ) -> None:
        """Declare every rule of ``waf``, in its order."""
        super().__init__("Waf", name, opts)
        self.ruleset = cloudflare.Ruleset(
            "custom-rules",
            zone_id=zone_id,
            name="Custom rules",
            description="launch-ready:waf",
            kind="zone",
            phase=PHASE,
            rules=[_rule(rule) for rule in waf.rules],
            opts=self.child(),
        )
        self.register_outputs({"ruleset_id": self.ruleset.id})


def _rule(rule: WafRule) -> cloudflare.RulesetRuleArgs:
    # Without a ref of its own, a rule is known by its position, and removing one makes all that follow anew.
    return cloudflare.RulesetRuleArgs(
        ref=rule.name,
        description=rule.description,
        expression=rule.expression,
        action=rule.action,
        enabled=rule.enabled,
    )
