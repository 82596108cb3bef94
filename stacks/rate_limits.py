"""The rate limits: one ruleset, for a zone has one entry point a phase."""

from __future__ import annotations

import pulumi
import pulumi_cloudflare as cloudflare

from core.settings.rate_limits import RateLimit, RateLimits
from stacks.component import Component

PHASE = "http_ratelimit"

# The data centre is mandatory in the API: counters are not shared between data centres.
CLIENT = ("cf.colo.id", "ip.src")


class RateLimitsComponent(Component):
    """The zone's ruleset of the phase :data:`PHASE`."""

    def __init__(
        self, name: str, limits: RateLimits, zone_id: pulumi.Input[str], opts: pulumi.ResourceOptions | None = None
    ) -> None:
        """Declare every rule of ``limits``, in its order."""
        super().__init__("RateLimits", name, opts)
        self.ruleset = cloudflare.Ruleset(
            "rate-limits",
            zone_id=zone_id,
            name="Rate limits",
            description="launch-ready:rate_limits",
            kind="zone",
            phase=PHASE,
            rules=[_rule(rule, limits.expression(rule)) for rule in limits.rules],
            opts=self.child(),
        )
        self.register_outputs({"ruleset_id": self.ruleset.id})


def _rule(rule: RateLimit, expression: str) -> cloudflare.RulesetRuleArgs:
    return cloudflare.RulesetRuleArgs(
        ref=rule.name,
        description=f"{rule.name}: {rule.requests} requests in {rule.period} s",
        expression=expression,
        action=rule.action,
        enabled=True,
        ratelimit=cloudflare.RulesetRuleRatelimitArgs(
            characteristics=list(CLIENT),
            period=rule.period,
            requests_per_period=rule.requests,
            mitigation_timeout=rule.mitigation,
        ),
    )
