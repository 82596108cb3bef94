"""Secrets that are none: each is made for one run, looks like the real thing, and can be found in any of its spellings.

A canary's ``cores`` are the parts of it that are random: whoever logs a piece of it, or the whole in another encoding,
has logged one of them.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
from dataclasses import dataclass, field
from urllib.parse import quote

from core.base64_parts import in_base64

_SHORTEST_CORE = 12


@dataclass(frozen=True)
class Canary:
    """``value`` is what is sent, ``kind`` what it stands for."""

    kind: str
    value: str = field(repr=False)
    cores: tuple[str, ...] = field(repr=False)


def make() -> tuple[Canary, ...]:
    """One of each kind that must never be in a log."""
    return (
        _jwt(),
        _prefixed("API key", "sk_live_", secrets.token_hex(16)),
        _prefixed("Authorization header", "", secrets.token_urlsafe(30)),
        _basic(),
        _prefixed("reset link", "", secrets.token_urlsafe(32)),
        _prefixed("webhook payload", "whpay_", secrets.token_hex(14)),
        _prefixed("session cookie", "", secrets.token_urlsafe(32)),
        _prefixed("password", "Pw!", secrets.token_hex(12)),
        _prefixed("query string", "", secrets.token_urlsafe(24)),
        _card(),
    )


def _prefixed(kind: str, prefix: str, core: str) -> Canary:
    return Canary(kind, prefix + core, (core,))


def _basic() -> Canary:
    password = secrets.token_hex(14)
    value = base64.b64encode(f"check:{password}".encode()).decode()
    return Canary("Basic credentials", value, (password, value))


def _jwt() -> Canary:
    """RFC 7519, HS256; the last two parts are random enough to be looked for by themselves."""

    def part(data: bytes) -> str:
        return base64.urlsafe_b64encode(data).rstrip(b"=").decode()

    head = part(json.dumps({"alg": "HS256", "typ": "JWT"}, separators=(",", ":")).encode())
    body = part(json.dumps({"jti": secrets.token_hex(12), "sub": "check"}, separators=(",", ":")).encode())
    signature = part(hmac.digest(secrets.token_bytes(32), f"{head}.{body}".encode(), hashlib.sha256))
    return Canary("JWT", f"{head}.{body}.{signature}", (body, signature))


def _card() -> Canary:
    """A number that Luhn's check lets through, of a range that is for tests (411111), in the spellings of people."""
    digits = "411111" + "".join(str(secrets.randbelow(10)) for _ in range(9))
    number = digits + _luhn(digits)
    groups = [number[at : at + 4] for at in range(0, 16, 4)]
    return Canary("card number", number, (number, " ".join(groups), "-".join(groups)))


def _luhn(digits: str) -> str:
    """The check digit of ``digits`` (ISO/IEC 7812-1)."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        doubled = int(digit) * 2 if place % 2 == 0 else int(digit)
        total += doubled - 9 if doubled > 9 else doubled
    return str(-total % 10)


def spellings(canary: Canary) -> set[str]:
    """What to look for: each core plain, URL-encoded, in hexadecimal, and Base64-encoded at any place of a longer text.

    Case is not for this to vary: whoever looks does so whatever the case.
    """
    found: set[str] = set()
    for core in canary.cores:
        raw = core.encode()
        found |= {core, quote(core, safe=""), json.dumps(core)[1:-1], raw.hex(), *in_base64(raw)}
    return {each for each in found if len(each) >= _SHORTEST_CORE}
