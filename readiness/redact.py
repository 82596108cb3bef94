"""Keeps secrets out of evidence: what a run learns of, and what looks like a secret whoever's it is."""

from __future__ import annotations

import base64
import re
import threading
from urllib.parse import quote

REDACTED = "[redacted]"
_SHORTEST = 6

# Shapes that are secret wherever they stand: JSON web tokens (RFC 7519), PEM keys, authorization and cookie values.
_SHAPES = (
    re.compile(r"eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{4,}\.[A-Za-z0-9_-]*"),
    re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.DOTALL),
    re.compile(r"(?i)(?<=authorization: )(?:(?:basic|bearer) )?\S+"),
    re.compile(r"(?i)(?<=://)[^/\s:@]+:[^/\s@]+(?=@)"),
)
_COOKIE = re.compile(r"(?i)((?:set-)?cookie: *)([^\r\n]*)")
_PAIR = re.compile(r"([^=;\s]+)=([^;\s]*)")
_ATTRIBUTES = {"path", "domain", "expires", "max-age", "samesite"}


class Redactor:
    """Every text of evidence goes through one of these; threads may share it."""

    def __init__(self) -> None:
        self._known: set[str] = set()
        self._lock = threading.Lock()

    def learn(self, *values: str) -> None:
        """Have ``values`` struck out from now on, as they are and URL-, Base64- and hex-encoded."""
        with self._lock:
            for value in values:
                if len(value) >= _SHORTEST:
                    self._known |= _spellings(value)

    def strike(self, text: str) -> str:
        """``text`` with all that is secret replaced by ``[redacted]``."""
        with self._lock:
            known = sorted(self._known, key=len, reverse=True)
        for value in known:
            text = text.replace(value, REDACTED)
        for shape in _SHAPES:
            text = shape.sub(REDACTED, text)
        return _COOKIE.sub(lambda found: found[1] + _PAIR.sub(_pair, found[2]), text)


def _pair(found: re.Match[str]) -> str:
    return found[0] if found[1].lower() in _ATTRIBUTES else f"{found[1]}={REDACTED}"


def _spellings(value: str) -> set[str]:
    raw = value.encode()
    encoded = base64.b64encode(raw).decode()
    return {
        value,
        quote(value, safe=""),
        encoded,
        encoded.rstrip("="),
        base64.urlsafe_b64encode(raw).decode(),
        raw.hex(),
    }
