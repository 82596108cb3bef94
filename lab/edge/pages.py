"""The answers that the edge gives by itself, in the form of Cloudflare's."""

from __future__ import annotations

from html import escape
from typing import Final

# Cloudflare, "Cloudflare 5xx errors" and "Cloudflare 1xxx errors".
WEB_SERVER_UNKNOWN_ERROR: Final = 520
WEB_SERVER_IS_DOWN: Final = 521
CONNECTION_TIMED_OUT: Final = 522
ORIGIN_IS_UNREACHABLE: Final = 523
A_TIMEOUT_OCCURRED: Final = 524
SSL_HANDSHAKE_FAILED: Final = 525
INVALID_SSL_CERTIFICATE: Final = 526
NO_ORIGIN: Final = 530
DNS_RESOLUTION_ERROR: Final = 1001
RATE_LIMITED: Final = 1015
ORIGIN_DNS_ERROR: Final = 1016

_REASONS: Final = {
    WEB_SERVER_UNKNOWN_ERROR: "Web server is returning an unknown error",
    WEB_SERVER_IS_DOWN: "Web server is down",
    CONNECTION_TIMED_OUT: "Connection timed out",
    ORIGIN_IS_UNREACHABLE: "Origin is unreachable",
    A_TIMEOUT_OCCURRED: "A timeout occurred",
    SSL_HANDSHAKE_FAILED: "SSL handshake failed",
    INVALID_SSL_CERTIFICATE: "Invalid SSL certificate",
    NO_ORIGIN: "Origin DNS Error",
}


def reason(status: int) -> str | None:
    """The reason phrase of Cloudflare's own statuses, None for others."""
    return _REASONS.get(status)


def error_text(code: int) -> str:
    """The body that Cloudflare gives to clients that are no browsers."""
    return f"error code: {code}\n"


def blocked(host: str, ray: str) -> str:
    """The page of a request that a WAF rule blocked."""
    return _page(
        "Attention Required! | Cloudflare",
        "Sorry, you have been blocked",
        f"You are unable to access {escape(host)}. A security rule of this site refused the request.",
        ray,
    )


def challenged(host: str, ray: str) -> str:
    """The page of a request that a rule challenged. The lab has no challenge that can be passed."""
    return _page("Just a moment...", escape(host), "Verifying that you are human is not possible in the lab.", ray)


def forbidden(host: str, ray: str) -> str:
    """The page of a request that Access lets nobody make."""
    return _page("Forbidden", "Forbidden", f"You have no permission to view this at {escape(host)}.", ray)


EMAIL_FORM: Final = (
    '<form method="post"><label>Email <input type="email" name="email" required autofocus></label>'
    "<button>Send me a code</button></form>"
)


def code_form(nonce: str) -> str:
    """The form for the code that was sent for the login ``nonce``."""
    return (
        f'<form method="post"><input type="hidden" name="nonce" value="{escape(nonce)}"><label>Code <input name="code" '
        'inputmode="numeric" autocomplete="one-time-code" required autofocus></label><button>Log in</button></form>'
    )


def login(heading: str, form: str) -> str:
    """A page of the team's login."""
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><title>Log in</title></head>\n'
        f"<body><h1>{escape(heading)}</h1>{form}</body></html>\n"
    )


def trace(host: str, facts: dict[str, str]) -> str:
    """``/cdn-cgi/trace``: a line each."""
    return "".join(f"{name}={value}\n" for name, value in {"h": host, **facts}.items())


def _page(title: str, heading: str, text: str, ray: str) -> str:
    return (
        f'<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><title>{title}</title></head>\n'
        f"<body><h1>{heading}</h1><p>{text}</p><p>Cloudflare Ray ID: <strong>{ray}</strong></p></body></html>\n"
    )
