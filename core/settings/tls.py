"""Section ``launch-ready:tls``: how visitors reach the edge, and how the edge reaches the hosts."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from core.settings.base import Section, matching
from core.settings.names import APEX, RelativeName
from core.settings.secrets import ConfigSecret

ONE_YEAR = 31_536_000
_MOST_HOSTS = 50

File = Annotated[
    str,
    matching(
        r"(?!.*\.\.)[A-Za-z0-9_][A-Za-z0-9._/-]{0,199}",
        "a path relative to the project's folder, of letters, digits and ._-/",
    ),
]
"""A file in the repository."""


class Hsts(Section):
    """Strict-Transport-Security (RFC 6797): browsers come by HTTPS alone from then on."""

    max_age: Annotated[int, Field(ge=300, le=2 * ONE_YEAR)] = ONE_YEAR
    """Seconds that a browser remembers it. ASVS 3.4.1 wants a year; begin lower while you try it out."""
    include_subdomains: bool = True
    """Whether it covers every name under the zone: each must then answer by HTTPS."""
    preload: bool = False
    """Whether browsers may ship the domain in their own list: hard to undo."""

    @model_validator(mode="after")
    def _preload_asks_for_more(self) -> Hsts:
        if self.preload and not (self.include_subdomains and self.max_age >= ONE_YEAR):
            raise ValueError(f"preload needs include_subdomains and a max_age of {ONE_YEAR} or more (hstspreload.org)")
        return self


class CertificatePack(Section):
    """An advanced certificate for the edge, beside the one that Cloudflare gives each zone (a paid add-on)."""

    authority: Literal["google", "lets_encrypt", "ssl_com"] = "lets_encrypt"
    """Who signs it. CAA records, where there are any, must let it."""
    hosts: Annotated[tuple[RelativeName, ...], Field(min_length=1, max_length=_MOST_HOSTS)] = (APEX, "*")
    """The names that it is for, relative to the zone; the zone itself is one of them."""
    validity_days: Literal[14, 30, 90, 365] = 90
    """How long it is good for; Cloudflare renews it. Let's Encrypt has 90 days alone, and 365 are SSL.com's alone."""
    validation: Literal["txt", "http", "email"] = "txt"
    """How the authority sees that the zone is yours. With `txt`, Cloudflare sees to it by itself."""

    @model_validator(mode="after")
    def _can_be_had(self) -> CertificatePack:
        if APEX not in self.hosts:
            raise ValueError("one of hosts must be @, the zone itself")
        if len(set(self.hosts)) < len(self.hosts):
            raise ValueError("one of hosts stands twice: keep one")
        if self.validation == "http" and any(host.startswith("*") for host in self.hosts):
            raise ValueError("a wildcard cannot be validated by http: use txt")
        allowed = {"lets_encrypt": (90,), "google": (14, 30, 90), "ssl_com": (14, 30, 90, 365)}[self.authority]
        if self.validity_days not in allowed:
            days = ", ".join(map(str, allowed))
            raise ValueError(f"validity_days of {self.authority} can be {days}, and this is {self.validity_days}")
        return self


class OriginCertificate(Section):
    """A certificate of Cloudflare's Origin CA for the hosts: the edge trusts it, browsers do not."""

    csr_file: File
    """The certificate request (PEM). Its private key stays on the hosts: it is neither here nor in Pulumi's state."""
    names: Annotated[tuple[RelativeName, ...], Field(min_length=1)] = (APEX, "*")
    """The names that it is for, relative to the zone."""
    validity_days: Literal[7, 30, 90, 365, 730, 1095, 5475] = 5475
    """How long it is good for. Nobody renews it: add another one, put that on the hosts, then take this one out."""


class OriginPulls(Section):
    """A certificate of your own that the edge shows to the hosts, so that they answer to nobody else."""

    certificate_file: File
    """The certificate (PEM), which the hosts trust, or its issuer."""
    config_secret: ConfigSecret
    """The config secret that has its private key (PEM), set by `pulumi config set --secret`."""


class Tls(Section):
    """The zone's settings for encryption. The defaults are what a launch wants."""

    ssl: Literal["strict"] = "strict"
    """Full (strict): the edge checks the hosts' certificates. Nothing weaker is allowed."""
    min_version: Literal["1.2", "1.3"] = "1.2"
    """The oldest TLS version that the edge speaks."""
    tls_1_3: bool = True
    """Whether the edge speaks TLS 1.3."""
    always_https: bool = True
    """Whether a request by HTTP is redirected to HTTPS."""
    automatic_rewrites: bool = True
    """Whether links to `http:` in a page are rewritten where `https:` works."""
    zero_rtt: bool = False
    """Whether TLS 1.3 early data is taken: it can be replayed (RFC 8446 §8), so a POST could count twice."""
    hsts: Hsts = Hsts()
    """Strict-Transport-Security."""
    certificate_pack: CertificatePack | None = None
    """An advanced certificate for the edge. Without it, the zone has Universal SSL alone."""
    origin_certificates: tuple[OriginCertificate, ...] = ()
    """The hosts' certificates, by Cloudflare's Origin CA. One that is taken out is revoked."""
    origin_pulls: OriginPulls | None = None
    """Authenticated origin pulls. Without it, they are off."""

    @model_validator(mode="after")
    def _each_request_once(self) -> Tls:
        files = [origin.csr_file for origin in self.origin_certificates]
        if len(set(files)) < len(files):
            raise ValueError("two of origin_certificates have the same csr_file: a new certificate takes a new key")
        return self

    @model_validator(mode="after")
    def _preload_asks_for_the_redirect(self) -> Tls:
        if self.hsts.preload and not self.always_https:
            raise ValueError(
                "hsts.preload needs always_https: http must lead to https on the same name (hstspreload.org)"
            )
        return self

    @model_validator(mode="after")
    def _a_version_is_left(self) -> Tls:
        if self.min_version == "1.3" and not self.tls_1_3:
            raise ValueError("min_version 1.3 with tls_1_3 off leaves no version: turn tls_1_3 on")
        return self
