"""Section ``launch-ready:headers``: what the edge adds to every answer for browsers, and what it takes away.

An answer that has a header of these already keeps its own, unless ``overwrite`` says otherwise. CORS is the platform's:
it alone knows which origin may read what. HSTS stands in ``launch-ready:tls``.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from core.settings.base import Section, matching

_DIRECTIVES = frozenset(
    {
        *("base-uri", "child-src", "connect-src", "default-src", "fenced-frame-src", "font-src", "form-action"),
        *("frame-src", "img-src", "manifest-src", "media-src", "object-src", "report-to", "report-uri"),
        *("require-trusted-types-for", "sandbox", "script-src", "script-src-attr", "script-src-elem", "style-src"),
        *("style-src-attr", "style-src-elem", "trusted-types", "upgrade-insecure-requests", "worker-src"),
    }
)
_NOT_HERE = {
    "server": "Cloudflare answers with its own Server and lets nobody change it",
    "set-cookie": "a cookie is the platform's",
    "strict-transport-security": "it is set by hsts in launch-ready:tls",
    "content-security-policy": "it has a key of its own here, csp",
    "x-frame-options": "it is made from frames",
    "cache-control": "what may be kept stands in launch-ready:cache",
    "content-length": "it is made from the answer",
    "transfer-encoding": "it is made from the answer",
    "connection": "it is made from the answer",
}


def _policy(text: str) -> str:
    """A Content-Security-Policy (CSP Level 3 §2.2.1), without ``frame-ancestors``."""
    directives = [part.split() for part in text.split(";") if part.strip()]
    names = [directive[0].lower() for directive in directives]
    for name in names:
        if name == "frame-ancestors":
            raise ValueError("frame-ancestors is made from frames: leave it out")
        if name not in _DIRECTIVES:
            raise ValueError(f"{name[:40]} is not a directive of a Content-Security-Policy")
        if names.count(name) > 1:
            raise ValueError(f"{name} stands twice, and browsers read the first alone")
    return "; ".join(" ".join(directive) for directive in directives)


Line = Annotated[str, matching(r"[\x21-\x7e]([\x20-\x7e]{0,1998}[\x21-\x7e])?", "one line of visible ASCII")]
Policy = Annotated[Line, AfterValidator(_policy)]
HeaderName = Annotated[str, matching(r"[A-Za-z0-9-]{1,100}", "a header's name: letters, digits and -")]


class ExtraHeader(Section):
    """One more header."""

    name: HeaderName
    """Its name."""
    value: Line
    """Its value."""

    @model_validator(mode="after")
    def _ours(self) -> ExtraHeader:
        refuse_header(self.name)
        return self


def refuse_header(name: str) -> None:
    """Raise :class:`ValueError` with the reason for a header that is not this section's to change."""
    lowered = name.lower()
    if lowered.startswith("access-control-"):
        raise ValueError(
            f"{name} is CORS, which is the platform's: at the edge it would open every answer to the same origins, "
            "signed-in ones too"
        )
    if lowered.startswith(("cf-", "x-cf-")):
        raise ValueError(f"{name} is Cloudflare's, which lets nobody change it")
    if lowered in _NOT_HERE:
        raise ValueError(f"{name} does not stand here: {_NOT_HERE[lowered]}")


class Headers(Section):
    """The defaults fit pages that load everything from their own origin and run no inline script."""

    csp: Policy | None = (
        "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'self'; "
        "upgrade-insecure-requests"
    )
    """Content-Security-Policy, without frame-ancestors; `null` for none. Try another one out as
    Content-Security-Policy-Report-Only among extra."""
    frames: Literal["none", "self"] = "none"
    """Who may show the pages in a frame: nobody, or the platform itself (frame-ancestors, X-Frame-Options)."""
    referrer_policy: Literal[
        "no-referrer", "same-origin", "strict-origin", "strict-origin-when-cross-origin", "no-referrer-when-downgrade"
    ] = "strict-origin-when-cross-origin"
    """What other sites learn of where a visitor came from."""
    permissions_policy: Line | None = (
        "accelerometer=(), camera=(), geolocation=(), gyroscope=(), magnetometer=(), microphone=(), payment=(), usb=()"
    )
    """What pages may ask a browser for (Permissions-Policy); `null` for none."""
    opener_policy: Literal["same-origin", "same-origin-allow-popups"] | None = "same-origin"
    """Cross-Origin-Opener-Policy; a login by a popup of another site needs same-origin-allow-popups."""
    overwrite: bool = False
    """Whether the edge's value replaces one that the answer has."""
    extra: Annotated[tuple[ExtraHeader, ...], Field(max_length=20)] = ()
    """More headers, set on every answer."""
    removed: Annotated[tuple[HeaderName, ...], Field(max_length=20)] = (
        *("X-Powered-By", "X-AspNet-Version", "X-AspNetMvc-Version", "X-Generator", "X-Runtime"),
    )
    """Headers that tell what the platform is made of, and go."""

    @model_validator(mode="after")
    def _each_once(self) -> Headers:
        for name in self.removed:
            refuse_header(name)
        names = [name.lower() for name in (*(item.name for item in self.extra), *self.removed)]
        for name in names:
            if names.count(name) > 1:
                raise ValueError(f"{name} stands twice in extra and removed: each has one fate")
            if name in _OWN:
                raise ValueError(f"{name} has a key of its own here: {_OWN[name]}")
        return self


_OWN = {
    "x-content-type-options": "it is always nosniff",
    "referrer-policy": "referrer_policy",
    "permissions-policy": "permissions_policy",
    "cross-origin-opener-policy": "opener_policy",
}
