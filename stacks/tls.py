"""The zone's settings for encryption.

Each is declared even where it has Cloudflare's default: deleting a setting from a program resets nothing at
Cloudflare, so what is not declared keeps whatever value somebody gave it.
Settings and their values: https://developers.cloudflare.com/api/resources/zones/subresources/settings/
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pulumi
import pulumi_cloudflare as cloudflare

from core.settings.tls import Hsts, Tls
from stacks.component import Component


class TlsComponent(Component):
    """One ``ZoneSetting`` a setting, named as Cloudflare names it."""

    def __init__(
        self, name: str, tls: Tls, zone_id: pulumi.Input[str], opts: pulumi.ResourceOptions | None = None
    ) -> None:
        """Declare every setting of :func:`zone_settings`."""
        super().__init__("Tls", name, opts)
        self.settings = [
            cloudflare.ZoneSetting(setting, zone_id=zone_id, setting_id=setting, value=value, opts=self.child())
            for setting, value in zone_settings(tls).items()
        ]
        self.register_outputs({})


def zone_settings(tls: Tls) -> Mapping[str, Any]:
    """Setting id → value, as the API takes them."""
    return {
        "ssl": tls.ssl,
        "min_tls_version": tls.min_version,
        "tls_1_3": _switch(tls.tls_1_3),
        "always_use_https": _switch(tls.always_https),
        "automatic_https_rewrites": _switch(tls.automatic_rewrites),
        "0rtt": _switch(tls.zero_rtt),
        "security_header": _security_header(tls.hsts),
    }


def _switch(on: bool) -> str:
    return "on" if on else "off"


def _security_header(hsts: Hsts) -> Mapping[str, Any]:
    return {
        "strict_transport_security": {
            "enabled": True,
            "max_age": hsts.max_age,
            "include_subdomains": hsts.include_subdomains,
            "preload": hsts.preload,
            "nosniff": True,
        }
    }
