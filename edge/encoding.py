"""Functions that read an encoding: Base64, JSON, a timed HMAC (Cloudflare, "Functions"). None: there is no value."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import re
from functools import lru_cache
from typing import Any, Final, NoReturn
from urllib.parse import unquote_to_bytes

_INT64: Final = 1 << 63
# A MessageMAC as Cloudflare's documentation has it: what is signed, as long as can be, ten digits of seconds, a hyphen
# and the Base64 of 32 octets.
_MESSAGE_MAC: Final = re.compile(rb"(.+)([0-9]{10})-(.{43,})", re.DOTALL)


def decode_base64(text: bytes) -> bytes | None:
    """What standard Base64 stands for, padded or not; None for what is none."""
    try:
        return base64.b64decode(text.rstrip(b"=") + b"=" * (-len(text.rstrip(b"=")) % 4), validate=True)
    except binascii.Error:
        return None


def encode_base64(text: bytes, flags: bytes = b"") -> bytes:
    """Base64 without padding; with ``p`` padded, with ``u`` of the URL-safe alphabet."""
    encoded = base64.urlsafe_b64encode(text) if b"u" in flags else base64.b64encode(text)
    return encoded if b"p" in flags else encoded.rstrip(b"=")


def lookup_json_string(document: bytes, *keys: bytes | int) -> bytes | None:
    """The text at the end of the keys, attribute names and positions from 0."""
    found = _looked_up(document, keys)
    return found.encode("utf-8", "surrogatepass") if isinstance(found, str) else None


def lookup_json_integer(document: bytes, *keys: bytes | int) -> int | None:
    """The number at the end of the keys, if it is a plain integer."""
    found = _looked_up(document, keys)
    plain = isinstance(found, int) and not isinstance(found, bool)
    return found if plain and -_INT64 <= found < _INT64 else None


def is_timed_hmac_valid(
    key: bytes, message_mac: bytes, ttl: int, now: int, separator: int = 0, flags: bytes = b""
) -> bool:
    """Whether the MessageMAC was made with ``key`` at most ``ttl`` seconds before ``now``.

    ``separator`` octets stand between the message and the time. With the flag ``s`` the MAC is URL-safe Base64 without
    padding, else percent-encoded Base64.
    """
    found = _MESSAGE_MAC.fullmatch(message_mac)
    if not found or not 0 <= separator < len(found[1]):
        return False
    message = found[1][: len(found[1]) - separator]
    alphabet = b"-_" if flags == b"s" else None
    text = found[3] if alphabet else unquote_to_bytes(found[3])
    try:
        mac = base64.b64decode(text + b"=" * (-len(text) % 4), altchars=alphabet, validate=True)
    except binascii.Error:
        return False
    expected = hmac.digest(key, message + found[2], hashlib.sha256)
    return hmac.compare_digest(mac, expected) and now - int(found[2]) <= ttl


def _looked_up(document: bytes, keys: tuple[bytes | int, ...]) -> Any:
    found = _parsed(document)
    for key in keys:
        if isinstance(key, bytes):
            found = found.get(key.decode("utf-8", "replace")) if isinstance(found, dict) else None
        else:
            found = found[key] if isinstance(found, list) and 0 <= key < len(found) else None
    return found


@lru_cache(maxsize=64)
def _parsed(document: bytes) -> Any:
    """The document, None for what is no JSON (RFC 8259)."""
    try:
        return json.loads(document.decode(), parse_constant=_refuse)
    except (ValueError, RecursionError):
        return None


def _refuse(constant: str) -> NoReturn:
    raise ValueError(constant)
