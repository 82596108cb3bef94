"""The zone itself."""

from __future__ import annotations

import pulumi
import pulumi_cloudflare as cloudflare

from core.settings.zone import Zone
from stacks.component import Component


class ZoneComponent(Component):
    """The domain in its account. Its plan is bought, not declared: it only bounds what the rules may ask for."""

    def __init__(
        self, name: str, zone: Zone, opts: pulumi.ResourceOptions | None = None, *, leave_dnssec: bool = False
    ) -> None:
        """Declare the zone; with ``zone.protect``, Pulumi refuses to delete it."""
        super().__init__("Zone", name, opts)
        self.resource = cloudflare.Zone(
            zone.name,
            account=cloudflare.ZoneAccountArgs(id=zone.account_id),
            name=zone.name,
            type="full",
            opts=self.child(protect=zone.protect),
        )
        self.ds: pulumi.Output[str] | None = None
        if not leave_dnssec:
            self.ds = signed(self, zone.name, self.resource.id, active=zone.dnssec).ds
        self.zone_id: pulumi.Output[str] = self.resource.id
        self.name_servers = self.resource.name_servers
        self.register_outputs({"zone_id": self.zone_id, "name_servers": self.name_servers})


def signed(component: Component, domain: str, zone_id: pulumi.Input[str], *, active: bool) -> cloudflare.ZoneDnssec:
    """A zone's DNSSEC, on or off: what is not declared keeps whatever somebody set."""
    status = "active" if active else "disabled"
    return cloudflare.ZoneDnssec(f"{domain}/dnssec", zone_id=zone_id, status=status, opts=component.child())
