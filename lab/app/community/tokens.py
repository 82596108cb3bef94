"""Random tokens, and what is stored of them: never the token, so that who reads the database cannot act as anyone."""

from __future__ import annotations

import hashlib
import hmac
import secrets


def make() -> tuple[str, bytes]:
    """A new token of 256 random bits, in 43 letters, digits, - and _; and its :func:`digest`."""
    token = secrets.token_urlsafe(32)
    return token, digest(token)


def digest(token: str) -> bytes:
    """What is stored for a token of :func:`make`: 256 random bits need no key and no salt."""
    return hashlib.sha256(token.encode()).digest()


def keyed(key: bytes, text: str) -> bytes:
    """What is stored for ``text``: without the key, neither can be told from the other."""
    return hmac.digest(key, text.encode(), hashlib.sha256)
