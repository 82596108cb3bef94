"""Cloudflare Access before the administrators' routes."""

from __future__ import annotations

from collections.abc import Sequence

import pulumi
import pulumi_cloudflare as cloudflare

from core.settings.access import Access, protected_paths
from core.settings.names import full_name
from core.settings.platform import Platform
from core.settings.zone import Zone
from stacks.component import Component

Include = cloudflare.ZeroTrustAccessPolicyIncludeArgs


class AccessComponent(Component):
    """Reusable policies, and an application for each name that the routes are at; nothing if nobody is named."""

    def __init__(
        self,
        name: str,
        access: Access,
        zone: Zone,
        platform: Platform,
        web: Sequence[str],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Declare it before ``web``, the names relative to the zone, or before those that the settings choose."""
        super().__init__("Access", name, opts)
        self.applications: list[pulumi.Resource] = []
        if access.on:
            policies = [*self._people(access, zone), *self._programs(access, zone)]
            for label in access.names or web:
                self.applications.append(self._application(label, access, zone, platform, policies))
        self.register_outputs({})

    def _people(self, access: Access, zone: Zone) -> list[cloudflare.ZeroTrustAccessPolicy]:
        if not access.has_people:
            return []
        # Sorted, for Cloudflare gives them back in an order of its own.
        includes = [
            *(Include(email=cloudflare.ZeroTrustAccessPolicyIncludeEmailArgs(email=e)) for e in sorted(access.emails)),
            *(
                Include(email_domain=cloudflare.ZeroTrustAccessPolicyIncludeEmailDomainArgs(domain=domain))
                for domain in sorted(access.email_domains)
            ),
            *(Include(group=cloudflare.ZeroTrustAccessPolicyIncludeGroupArgs(id=g)) for g in sorted(access.groups)),
        ]
        return [self._policy("administrators", "allow", includes, access, zone)]

    def _programs(self, access: Access, zone: Zone) -> list[cloudflare.ZeroTrustAccessPolicy]:
        tokens = [
            cloudflare.ZeroTrustAccessServiceToken(
                f"token/{token.name}",
                account_id=zone.account_id,
                name=f"{zone.name}: {token.name} ({token.owner})",
                duration=f"{token.days * 24}h",
                opts=self.child(),
            )
            for token in access.service_tokens
        ]
        if not tokens:
            return []
        includes = [
            Include(service_token=cloudflare.ZeroTrustAccessPolicyIncludeServiceTokenArgs(token_id=token.id))
            for token in tokens
        ]
        return [self._policy("programs", "non_identity", includes, access, zone)]

    def _policy(
        self, name: str, decision: str, includes: Sequence[Include], access: Access, zone: Zone
    ) -> cloudflare.ZeroTrustAccessPolicy:
        return cloudflare.ZeroTrustAccessPolicy(
            name,
            account_id=zone.account_id,
            name=f"{zone.name}: {name}",
            decision=decision,
            includes=list(includes),
            session_duration=access.session,
            opts=self.child(),
        )

    def _application(
        self,
        label: str,
        access: Access,
        zone: Zone,
        platform: Platform,
        policies: Sequence[cloudflare.ZeroTrustAccessPolicy],
    ) -> cloudflare.ZeroTrustAccessApplication:
        uris = [full_name(label, zone.name) + path for path in protected_paths(platform.admin)]
        return cloudflare.ZeroTrustAccessApplication(
            f"admin/{label}",
            account_id=zone.account_id,
            name=f"{full_name(label, zone.name)}: admin",
            type="self_hosted",
            domain=uris[0],
            destinations=[cloudflare.ZeroTrustAccessApplicationDestinationArgs(type="public", uri=uri) for uri in uris],
            policies=[
                cloudflare.ZeroTrustAccessApplicationPolicyArgs(id=policy.id, precedence=precedence)
                for precedence, policy in enumerate(policies, 1)
            ],
            session_duration=access.session,
            app_launcher_visible=False,
            auto_redirect_to_identity=False,
            enable_binding_cookie=False,
            http_only_cookie_attribute=True,
            same_site_cookie_attribute="lax",
            options_preflight_bypass=False,
            opts=self.child(),
        )
