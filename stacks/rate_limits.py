"""The rate limits."""

from __future__ import annotations

import pulumi

from core.rulesets import RATE_LIMITS
from core.rulesets.rate_limits import compile_limits
from core.settings.platform import Platform
from core.settings.rate_limits import RateLimits
from core.settings.zone import Plan
from stacks.rulesets import RulesetsComponent


class RateLimitsComponent(RulesetsComponent):
    """The limits, compiled for the zone's plan; what the compiling changed is said as the program runs."""

    def __init__(
        self,
        name: str,
        limits: RateLimits,
        platform: Platform,
        plan: Plan,
        zone_id: pulumi.Input[str],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Declare every rule."""
        super().__init__("RateLimits", name, zone_id, opts)
        compiled = compile_limits(limits, platform, plan)
        for note in compiled.notes:
            pulumi.log.warn(f"launch-ready:rate_limits: {note}", resource=self)
        self.add("rate-limits", "Rate limits", RATE_LIMITS, compiled.rules)
        self.register_outputs({})
