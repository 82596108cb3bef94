"""The domains beside the platform's own: redirected to it, or parked.

Their resources carry the domain in their names: Pulumi tells resources apart by type and name alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import pulumi
import pulumi_cloudflare as cloudflare

from core.rulesets.expressions import every
from core.rulesets.redirects import UNTOUCHED, to_host
from core.settings.authorities import UNIVERSAL
from core.settings.names import APEX, full_name
from core.settings.other_zones import ParkedZone, RedirectZone
from stacks.component import Component
from stacks.records import Declared, declare, quoted
from stacks.zone import signed

REDIRECTS = "http_request_dynamic_redirect"
NOWHERE = "100::"
"""The discard prefix (RFC 6666), behind the proxy: Cloudflare's way for names that need no origin.

https://developers.cloudflare.com/dns/troubleshooting/faq/ ("originless setups")
"""


class OtherZoneComponent(Component):
    """A domain with its mail parked and, where it redirects, its names, settings and the one rule."""

    def __init__(
        self,
        zone: RedirectZone | ParkedZone,
        *,
        account_id: str,
        primary: str,
        settings: Mapping[str, Any],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Declare ``zone``; ``primary`` is the platform's domain, ``settings`` those of its zone by their ids."""
        super().__init__("OtherZone", zone.name, opts)
        resource = cloudflare.Zone(
            zone.name,
            account=cloudflare.ZoneAccountArgs(id=account_id),
            name=zone.name,
            type="full",
            opts=self.child(protect=zone.protect),
        )
        dnssec = signed(self, zone.name, resource.id, active=zone.dnssec)
        before = self._redirect(zone, primary, resource.id, settings) if isinstance(zone, RedirectZone) else []
        for record in other_records(zone):
            declare(record, resource.id, self.child(after=before if record.proxied else ()))
        self.zone_id, self.name_servers, self.ds = resource.id, resource.name_servers, dnssec.ds
        self.register_outputs({"zone_id": self.zone_id, "name_servers": self.name_servers})

    def _redirect(
        self, zone: RedirectZone, primary: str, zone_id: pulumi.Input[str], settings: Mapping[str, Any]
    ) -> list[pulumi.Resource]:
        """What must stand before a name answers: encryption, and the rule."""
        target = full_name(zone.to, primary)
        ruleset = cloudflare.Ruleset(
            f"{zone.name}/redirect",
            zone_id=zone_id,
            name="Redirects",
            description="launch-ready:other_zones",
            kind="zone",
            phase=REDIRECTS,
            rules=[_everything_to(target)],
            opts=self.child(),
        )
        encryption = [
            cloudflare.ZoneSetting(
                f"{zone.name}/{setting}", zone_id=zone_id, setting_id=setting, value=value, opts=self.child()
            )
            for setting, value in settings.items()
        ]
        return [ruleset, *encryption]


def other_records(zone: RedirectZone | ParkedZone) -> Iterator[Declared]:
    """The records of such a domain, their keys with the domain before them."""
    records = [*_no_mail(zone.name), *_authorities(zone)]
    if isinstance(zone, RedirectZone):
        records += [_placeholder(name, zone.name) for name in zone.names]
    for record in records:
        yield replace(record, key=f"{zone.name}/{record.key}")


def _no_mail(domain: str) -> Iterator[Declared]:
    """RFC 7505 §3 (null MX), RFC 7208 §10.1.2, RFC 9989, and RFC 6376 §3.6.1: an empty key revokes any selector's."""
    yield Declared(key=f"{APEX}/MX/null", name=domain, type="MX", content=".", priority=0)
    texts = {
        APEX: "v=spf1 -all",
        "_dmarc": "v=DMARC1; p=reject; sp=reject; np=reject; adkim=s; aspf=s",
        "*._domainkey": "v=DKIM1; p=",
    }
    for name, text in texts.items():
        yield Declared(key=f"{name}/TXT", name=full_name(name, domain), type="TXT", content=quoted(text))


def _authorities(zone: RedirectZone | ParkedZone) -> Iterator[Declared]:
    """Who may sign certificates: those of the edge where names answer, else nobody (RFC 8659 §4.2, an empty issuer)."""
    for issuer in UNIVERSAL if isinstance(zone, RedirectZone) else (";",):
        key = f"{APEX}/CAA/issue/{'nobody' if issuer == ';' else issuer}"
        data = {"flags": 0, "tag": "issue", "value": issuer}
        yield Declared(key=key, name=zone.name, type="CAA", data=data)


def _placeholder(name: str, domain: str) -> Declared:
    key = f"{name}/AAAA/originless"
    return Declared(key=key, name=full_name(name, domain), type="AAAA", content=NOWHERE, proxied=True)


def _everything_to(target: str) -> cloudflare.RulesetRuleArgs:
    return cloudflare.RulesetRuleArgs(
        ref="everything",
        description=f"All of it is at {target} now",
        expression=every(UNTOUCHED),
        action="redirect",
        enabled=True,
        action_parameters=cloudflare.RulesetRuleActionParametersArgs(
            from_value=cloudflare.RulesetRuleActionParametersFromValueArgs(
                status_code=301,
                preserve_query_string=True,
                target_url=cloudflare.RulesetRuleActionParametersFromValueTargetUrlArgs(expression=to_host(target)),
            )
        ),
    )
