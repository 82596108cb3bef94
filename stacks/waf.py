"""The firewall: custom rules, managed rulesets, and the check that looks logins up among leaked credentials."""

from __future__ import annotations

import pulumi
import pulumi_cloudflare as cloudflare

from core.rulesets import CUSTOM, MANAGED
from core.rulesets.waf import custom_rules, managed_rules
from core.settings.platform import Platform
from core.settings.waf import Waf
from core.settings.zone import Plan
from stacks.rulesets import RulesetsComponent


class WafComponent(RulesetsComponent):
    """A ruleset for the phase of custom rules, one for managed rules, and the leaked-credential check."""

    def __init__(
        self,
        name: str,
        waf: Waf,
        platform: Platform,
        plan: Plan,
        zone_id: pulumi.Input[str],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Declare everything of ``waf`` that ``plan`` has."""
        super().__init__("Waf", name, zone_id, opts)
        # Deleting it would reset nothing: that it is off must be said.
        check = cloudflare.LeakedCredentialCheck(
            "leaked-credentials", zone_id=zone_id, enabled=waf.leaked_credentials.enabled, opts=self.child()
        )
        self.add("custom-rules", "Custom rules", CUSTOM, custom_rules(waf, platform, plan), after=[check])
        self.add("managed-rules", "Managed rules", MANAGED, managed_rules(waf, plan))
        self.register_outputs({})
