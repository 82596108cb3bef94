"""Firewall rules in the platform's own terms: paths by ``launch-ready:platform``; each can be turned off or tuned."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from core.settings.rules import Action, OwnNetwork
from core.settings.section import Section, matching

MediaType = Annotated[
    str, matching(r"[a-z0-9!#$&^_.+-]{1,60}/[a-z0-9!#$&^_.+-]{1,100}", "a media type in lower case, such as image/png")
]
AllMethods = Literal["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND", "REPORT", "MKCOL"]
_AgentPart = Annotated[
    str, matching(r"[a-z0-9 ._/;:()+-]{3,60}", "3 to 60 lower-case letters, digits, spaces and ._/;:()+-")
]


class AdminPaths(Section):
    """The rule `admin-from-outside`: `admin` paths from no other networks than these."""

    enabled: bool = True
    """Whether it is there. Without networks there is none: protect the paths with Access then."""
    networks: tuple[OwnNetwork, ...] = ()
    """Where administrators are."""
    action: Action = "block"
    """What all others get."""


class HiddenFiles(Section):
    """The rule `dotfiles`: nothing is served from hidden files, but what RFC 8615 puts below `/.well-known/`."""

    enabled: bool = True
    """Whether it is there."""
    action: Action = "block"
    """What who asks for one gets."""


class Methods(Section):
    """The rule `bad-methods`: no other methods than the platform uses (TRACE, CONNECT, made-up ones)."""

    enabled: bool = True
    """Whether it is there."""
    allowed: Annotated[tuple[AllMethods, ...], Field(min_length=1)] = (
        *("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"),
    )
    """The methods that pass."""
    action: Action = "block"
    """What the others get."""


class LeakedCredentials(Section):
    """The rule `leaked-credentials`: a login with what is known from a breach. It turns Cloudflare's check on."""

    enabled: bool = True
    """Whether it is there, and the check on."""
    checked: Literal["password", "pair"] | None = None
    """`pair`: name and password leaked together (from Pro up, and the default there); `password`: that one alone."""
    action: Action = "managed_challenge"
    """What such a login gets. A challenge is one that a browser can pass and a script cannot."""


class Uploads(Section):
    """The rule `uploads`: what `upload` paths take, by the headers Content-Length and Content-Type.

    A body that is sent in chunks has no length: the platform itself must stop at its limit. The parts of a
    multipart/form-data are not looked into.
    """

    enabled: bool = True
    """Whether it is there."""
    max_bytes: Annotated[int, Field(ge=1, le=10_000_000_000)] = 16_777_216
    """The longest body."""
    types: Annotated[tuple[MediaType, ...], Field(max_length=60)] = (
        *("application/octet-stream", "application/pdf", "application/zip", "image/avif", "image/gif", "image/heic"),
        *("image/jpeg", "image/png", "image/webp", "multipart/form-data", "text/csv", "text/plain"),
    )
    """The media types that are taken; an empty list takes any. What a browser would run (HTML, SVG, scripts) is not."""
    action: Action = "block"
    """What the others get."""


class Bots(Section):
    """The rule `bots`: scripts at `login` and `signup`, told by their user agent, or by Cloudflare's score."""

    enabled: bool = True
    """Whether it is there."""
    agents: Annotated[tuple[_AgentPart, ...], Field(max_length=40)] = (
        *("acunetix", "dirbuster", "gobuster", "headlesschrome", "hydra", "masscan", "nikto", "nmap", "nuclei"),
        *("phantomjs", "sqlmap", "wpscan", "zgrab"),
    )
    """Parts of user agents, in lower case. A request with none at all counts as one."""
    score_below: Annotated[int, Field(ge=2, le=99)] | None = None
    """Cloudflare's bot score (1 is a bot, 99 a human) under which a client is one. Enterprise with Bot Management."""
    action: Action = "managed_challenge"
    """What they get."""
