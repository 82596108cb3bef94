"""Section ``launch-ready:tls``: how visitors reach the edge, and how the edge reaches the hosts."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from core.settings.base import Section

ONE_YEAR = 31_536_000


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

    @model_validator(mode="after")
    def _a_version_is_left(self) -> Tls:
        if self.min_version == "1.3" and not self.tls_1_3:
            raise ValueError("min_version 1.3 with tls_1_3 off leaves no version: turn tls_1_3 on")
        return self
