"""What the edge may keep."""

from __future__ import annotations

import pulumi

from core.rulesets import CACHE
from core.rulesets.cache import cache_rules
from core.settings.cache import Cache
from core.settings.platform import Platform
from stacks.rulesets import RulesetsComponent


class CacheComponent(RulesetsComponent):
    """The cache rules."""

    def __init__(
        self,
        name: str,
        cache: Cache,
        platform: Platform,
        zone_id: pulumi.Input[str],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Declare every rule, the careful ones last."""
        super().__init__("Cache", name, zone_id, opts)
        self.add("cache-rules", "Cache rules", CACHE, cache_rules(cache, platform))
        self.register_outputs({})
