"""The zone's settings for encryption.

Each is declared even where it has Cloudflare's default: deleting a setting from a program resets nothing at
Cloudflare, so what is not declared keeps whatever value somebody gave it.
Settings and their values: https://developers.cloudflare.com/api/resources/zones/subresources/settings/
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import pulumi
import pulumi_cloudflare as cloudflare

from core.settings.certificates import Certificates, Request
from core.settings.names import full_name
from core.settings.stack import Stack
from core.settings.tls import CertificatePack, Hsts, OriginCertificate, Tls
from stacks.component import Component


class TlsComponent(Component):
    """One ``ZoneSetting`` a setting, named as Cloudflare names it, and the certificates on both sides of the edge."""

    def __init__(
        self,
        name: str,
        stack: Stack,
        zone: cloudflare.Zone,
        secret_values: Mapping[str, pulumi.Output[str]],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Declare every setting of :func:`zone_settings`, and what ``launch-ready:tls`` has of certificates."""
        super().__init__("Tls", name, opts)
        tls, domain, zone_id, left = stack.tls, stack.zone.name, zone.id, stack.unmanaged.settings
        self.settings: list[pulumi.Resource] = [
            cloudflare.ZoneSetting(setting, zone_id=zone_id, setting_id=setting, value=value, opts=self.child())
            for setting, value in zone_settings(tls).items()
            if setting not in left and "tls" not in stack.unmanaged.concerns
        ]
        if tls.certificate_pack:
            self._pack(tls.certificate_pack, domain, zone_id)
        self.origin_certificates = {
            origin.csr_file: self._origin_certificate(origin, request, domain, zone)
            for origin, request in zip(tls.origin_certificates, stack.certificates.requests, strict=True)
        }
        """The certificates (PEM) that the Origin CA made, by the file of their request."""
        self._pulls(tls, stack.certificates, zone_id, secret_values)
        self.register_outputs({})

    def _pack(self, pack: CertificatePack, domain: str, zone_id: pulumi.Input[str]) -> None:
        cloudflare.CertificatePack(
            "certificate-pack",
            zone_id=zone_id,
            type="advanced",
            certificate_authority=pack.authority,
            hosts=sorted(full_name(host, domain) for host in pack.hosts),
            validation_method=pack.validation,
            validity_days=pack.validity_days,
            cloudflare_branding=False,
            opts=self.child(),
        )

    def _origin_certificate(
        self, origin: OriginCertificate, request: Request, domain: str, zone: pulumi.Resource
    ) -> pulumi.Output[str]:
        hostnames = sorted(full_name(name, domain) for name in origin.names)
        digest = hashlib.sha256("\n".join([request.pem, *hostnames]).encode()).hexdigest()[:8]
        # Cloudflare answers without the request, and with the days that are left or none: after a `refresh`, each `up`
        # would revoke the certificate and make another. A change of either is a resource of another name instead.
        opts = pulumi.ResourceOptions(ignore_changes=["csr", "requestedValidity"])
        return cloudflare.OriginCaCertificate(
            f"origin-certificate/{digest}/{origin.validity_days}",
            csr=request.pem,
            hostnames=hostnames,
            request_type=request.type,
            requested_validity=float(origin.validity_days),
            # The names must be those of a zone of the account, and nothing else here says which.
            opts=pulumi.ResourceOptions.merge(self.child(after=[zone]), opts),
        ).certificate

    def _pulls(
        self,
        tls: Tls,
        certificates: Certificates,
        zone_id: pulumi.Input[str],
        secret_values: Mapping[str, pulumi.Output[str]],
    ) -> None:
        """Zone-level authenticated origin pulls: the certificate first, then the switch, which is declared off too."""
        before: list[pulumi.Resource] = []
        if tls.origin_pulls:
            before.append(
                cloudflare.AuthenticatedOriginPullsCertificate(
                    "origin-pulls",
                    zone_id=zone_id,
                    certificate=certificates.pulls or "",
                    private_key=secret_values[tls.origin_pulls.config_secret],
                    opts=self.child(),
                )
            )
        cloudflare.AuthenticatedOriginPullsSettings(
            "origin-pulls",
            zone_id=zone_id,
            enabled=tls.origin_pulls is not None,
            opts=self.child(after=before),
        )


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
