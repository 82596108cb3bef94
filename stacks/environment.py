"""The environment: every concern of a stack, put together."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pulumi

from core.mail import STS_HOST
from core.settings.names import full_name
from core.settings.stack import Stack
from stacks.access import AccessComponent
from stacks.cache import CacheComponent
from stacks.component import Component
from stacks.dns import DnsComponent, dns_records
from stacks.email import EmailComponent, tell
from stacks.headers import HeadersComponent
from stacks.load_balancer import LoadBalancerComponent
from stacks.monitoring import MonitoringComponent
from stacks.other_zones import OtherZoneComponent
from stacks.rate_limits import RateLimitsComponent
from stacks.redirects import RedirectsComponent
from stacks.rulesets import RulesetsComponent
from stacks.secrets import SecretsComponent
from stacks.tls import TlsComponent, zone_settings
from stacks.waf import WafComponent
from stacks.zone import ZoneComponent


class Environment(Component):
    """What a stack provisions. No name leads to a host before the zone's encryption and rules stand."""

    def __init__(
        self,
        name: str,
        stack: Stack,
        secret_values: Mapping[str, pulumi.Output[str]],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Declare everything; ``secret_values`` has a secret output for each ``config_secret`` of the stack."""
        super().__init__("Environment", name, opts)
        within, domain = self.child(), stack.zone.name
        left = stack.unmanaged.concerns
        zone = ZoneComponent("zone", stack.zone, within, leave_dnssec="dnssec" in left)
        tls = TlsComponent("tls", stack, zone.resource, secret_values, within)
        access = AccessComponent("access", stack.access, stack.zone, stack.platform, stack.dns.web, within)
        protection = [*tls.settings, *_rulesets(stack, zone.zone_id, within), *access.applications]
        more = (STS_HOST,) if stack.email.mta_sts and "email" not in left else ()
        without = stack.dns.web if "web" in left else stack.load_balancer.names
        records = dns_records(stack.dns, stack.fleet, domain, more, without=without)
        DnsComponent("dns", records, zone.zone_id, after=protection, opts=within)
        balancer = LoadBalancerComponent(
            "load-balancer",
            stack.load_balancer,
            stack.zone,
            stack.platform,
            stack.fleet,
            zone.zone_id,
            after=protection,
            opts=within,
        )
        others = self._other_zones(stack)
        if "email" not in left:
            EmailComponent("email", stack.email, domain, zone.zone_id, within)
            tell(stack.email, domain)
        store_id: pulumi.Input[str] | None = stack.secrets.store_id
        if "secrets" not in left:
            secrets = SecretsComponent("secrets", stack.secrets, stack.zone.account_id, secret_values, within)
            store_id = secrets.store_id
        MonitoringComponent(
            "monitoring",
            stack.monitoring,
            stack.zone,
            stack.platform,
            zone.zone_id,
            pool_ids=balancer.pool_ids,
            secret_values=secret_values,
            opts=within,
        )
        self.outputs: Mapping[str, Any] = {
            "zone": domain,
            "zone_id": zone.zone_id,
            "name_servers": zone.name_servers,
            "names": [full_name(label, domain) for label in stack.dns.web],
            "secrets_store_id": store_id,
            "origin_certificates": tls.origin_certificates,
            "ds_records": {domain: zone.ds, **{name: other.ds for name, other in others.items()}},
            "other_name_servers": {name: other.name_servers for name, other in others.items()},
        }
        self.register_outputs(dict(self.outputs))

    def _other_zones(self, stack: Stack) -> dict[str, OtherZoneComponent]:
        """A component for each zone beside the platform's own, by its name."""
        return {
            zone.name: OtherZoneComponent(
                zone,
                account_id=stack.zone.account_id,
                primary=stack.zone.name,
                settings=zone_settings(stack.tls),
                opts=self.child(),
            )
            for zone in stack.other_zones.zones
        }


def _rulesets(stack: Stack, zone_id: pulumi.Input[str], within: pulumi.ResourceOptions) -> list[pulumi.Resource]:
    """The rules of every phase but those that are left alone."""
    platform, plan = stack.platform, stack.zone.plan
    made: dict[str, Callable[[], RulesetsComponent]] = {
        "redirects": lambda: RedirectsComponent("redirects", stack.redirects, stack.zone, zone_id, within),
        "waf": lambda: WafComponent("waf", stack.waf, platform, plan, zone_id, within),
        "rate_limits": lambda: RateLimitsComponent("rate-limits", stack.rate_limits, platform, plan, zone_id, within),
        "cache": lambda: CacheComponent("cache", stack.cache, platform, zone_id, within),
        "headers": lambda: HeadersComponent("headers", stack.headers, zone_id, within),
    }
    components = [make() for concern, make in made.items() if concern not in stack.unmanaged.concerns]
    return [ruleset for component in components for ruleset in component.rulesets]
