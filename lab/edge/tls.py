"""TLS on both sides of the edge: contexts for clients by server name, and for origins by the zone's SSL mode."""

from __future__ import annotations

import ssl
import tempfile
import warnings
from typing import Final

from core.errors import LabError
from lab.cloudflare.snapshot import PullCertificate
from lab.edge.sites import Sites, SslMode, ZonePolicy
from lab.pki import Pki
from lab.place import TEAM

VERSIONS: Final = {
    "1.0": ssl.TLSVersion.TLSv1,
    "1.1": ssl.TLSVersion.TLSv1_1,
    "1.2": ssl.TLSVersion.TLSv1_2,
    "1.3": ssl.TLSVersion.TLSv1_3,
}

# For TLS 1.2, Mozilla's "intermediate" (https://wiki.mozilla.org/Security/Server_Side_TLS, version 5.7): forward
# secrecy and authenticated encryption alone. Those of TLS 1.3 are not chosen by this.
MODERN_CIPHERS: Final = ":".join(
    f"ECDHE-{key}-{cipher}"
    for cipher in ("AES128-GCM-SHA256", "AES256-GCM-SHA384", "CHACHA20-POLY1305")
    for key in ("ECDSA", "RSA")
)


class ClientSide:
    """The listener's TLS context, which follows the sites.

    OpenSSL settles the version before it hears the server name: the listener allows what any zone allows. A zone that
    wants more refuses the request (:meth:`lab.edge.sites.ZonePolicy.refuses`).
    """

    def __init__(self, pki: Pki, default_zone: str) -> None:
        """``default_zone``: its certificate is for clients that name no host, or one of no zone."""
        self._pki = pki
        self._default_zone = default_zone
        self._contexts: dict[str, ssl.SSLContext] = {}
        self._sites = Sites({}, ())
        self._team = self._certified(TEAM)
        self.context = self._certified(default_zone)
        self.context.sni_callback = self._choose

    def follow(self, sites: Sites) -> None:
        """Serve these sites to connections from now on.

        Raises :class:`core.errors.LabError` for a bad zone name, and for ciphers that OpenSSL does not know.
        """
        contexts = {zone.name: self._contexts.get(zone.name) or self._certified(zone.name) for zone in sites.zones}
        # A zone without a name at the edge answers to nobody, whatever it allows.
        answering = {site.zone.name for site in sites.by_host.values()}
        versions = [VERSIONS[zone.min_tls_version] for zone in sites.zones if zone.name in answering]
        lowest = min(versions, default=ssl.TLSVersion.TLSv1_2)
        allows_1_3 = any(zone.tls_1_3 for zone in sites.zones) or not sites.zones
        highest = ssl.TLSVersion.TLSv1_3 if allows_1_3 else ssl.TLSVersion.TLSv1_2
        for context in (self.context, self._team):
            _limit(context, lowest, highest)
        for zone in sites.zones:
            _limit(contexts[zone.name], lowest, highest)
            if zone.ciphers:
                _choose_ciphers(contexts[zone.name], zone)
        self._contexts, self._sites = contexts, sites

    def _certified(self, zone: str) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*self._pki.edge_certificate(zone))
        context.set_alpn_protocols(["http/1.1"])
        return context

    def _choose(self, connection: ssl.SSLObject, name: str | None, _: ssl.SSLContext) -> None:
        zone = self._sites.zone_of((name or "").lower())
        if (name or "").lower() == TEAM:
            connection.context = self._team
        elif zone is not None:
            connection.context = self._contexts[zone.name]


def _limit(context: ssl.SSLContext, lowest: ssl.TLSVersion, highest: ssl.TLSVersion) -> None:
    with warnings.catch_warnings():
        # A zone may still allow TLS 1.0 and 1.1, which Python deprecates: the lab shows that it does.
        warnings.simplefilter("ignore", DeprecationWarning)
        context.maximum_version = ssl.TLSVersion.MAXIMUM_SUPPORTED
        context.minimum_version = lowest
        context.maximum_version = highest
    old = lowest < ssl.TLSVersion.TLSv1_2
    # OpenSSL 3 has no signature for TLS 1.0 and 1.1 above security level 0.
    context.set_ciphers("DEFAULT:@SECLEVEL=0" if old else MODERN_CIPHERS)


def _choose_ciphers(context: ssl.SSLContext, zone: ZonePolicy) -> None:
    """Those of TLS 1.2 are the zone's, by OpenSSL's names, which are Cloudflare's."""
    try:
        context.set_ciphers(":".join(zone.ciphers))
    except ssl.SSLError:
        known = ", ".join(zone.ciphers)
        raise LabError(f"zone {zone.name}: OpenSSL knows none of the ciphers {known}") from None


def origin_context(mode: SslMode, pki: Pki, shown: PullCertificate | None = None) -> ssl.SSLContext | None:
    """How to speak to an origin: None for plain HTTP, unverified for ``full``, verified for ``strict``.

    ``shown`` is the certificate to show to an origin that asks for one.
    """
    if mode in ("off", "flexible"):
        return None
    if mode == "strict":
        context = ssl.create_default_context(cafile=str(pki.origin_ca_file))
    else:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if shown is not None:
        _show(context, shown)
    return context


def _show(context: ssl.SSLContext, shown: PullCertificate) -> None:
    # The module takes files alone; this one is the process's own and gone at once.
    with tempfile.NamedTemporaryFile("w", prefix="origin-pulls-", suffix=".pem") as file:
        file.write(f"{shown.certificate}\n{shown.private_key}\n")
        file.flush()
        context.load_cert_chain(file.name)
