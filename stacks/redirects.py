"""The redirects of the zone."""

from __future__ import annotations

import pulumi

from core.rulesets import REDIRECTS
from core.rulesets.redirects import redirect_rules
from core.settings.redirects import Redirects
from core.settings.zone import Zone
from stacks.rulesets import RulesetsComponent


class RedirectsComponent(RulesetsComponent):
    """Old paths and the canonical name."""

    def __init__(
        self,
        name: str,
        redirects: Redirects,
        zone: Zone,
        zone_id: pulumi.Input[str],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Declare every redirect, old paths first."""
        super().__init__("Redirects", name, zone_id, opts)
        self.add("redirects", "Redirects", REDIRECTS, redirect_rules(redirects, zone))
        self.register_outputs({})
