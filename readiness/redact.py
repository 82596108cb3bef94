"""Keeps secrets out of evidence: what a run learns of, and what looks like a secret whoever's it is."""

from __future__ import annotations

import base64
import html
import json
import re
import threading
from collections.abc import Iterator
from itertools import pairwise
from urllib.parse import quote, quote_plus

from core.base64_parts import in_base64

REDACTED = "[redacted]"
_SHORTEST = 6
_SHORTEST_BASE64 = 8
_LONGEST = 4096
_CUT = "…"

# Shapes that are secret wherever they stand: PEM keys, authorization values, passwords in URLs. Each is linear: a text
# may be a hostile site's, and Python's engine lets no other thread run meanwhile.
_SHAPES = (
    re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.DOTALL),
    re.compile(r"(?i)(?<=authorization: )(?:(?:basic|bearer) )?\S+"),
    re.compile(r"(?i)(?<=://)[^/\s:@]+:[^/\s@]+(?=@)"),
)
_DOTTED = re.compile(r"[A-Za-z0-9_.-]{16,}")
_COOKIE = re.compile(r"(?i)((?:set-)?cookie: *)([^\r\n]*)")
_ATTRIBUTES = {"path", "domain", "expires", "max-age", "samesite"}


class Redactor:
    """Every text of evidence goes through one of these; threads may share it."""

    def __init__(self) -> None:
        self._known: set[str] = set()
        self._begins: dict[str, list[str]] = {}
        self._lock = threading.Lock()

    def learn(self, *values: str) -> None:
        """Have ``values`` struck out from now on, as they are, escaped, and URL-, Base64- and hex-encoded."""
        with self._lock:
            for value in values:
                if len(value) >= _SHORTEST:
                    new = set(_spellings(value)) - self._known
                    self._known |= new
                    for each in new:
                        self._begins.setdefault(each[:_SHORTEST], []).append(each)

    def strike(self, text: str) -> str:
        """``text`` with all that is secret replaced by ``[redacted]``, what was cut in its middle too."""
        with self._lock:
            known = sorted(self._known, key=len, reverse=True)
        for value in known:
            text = text.replace(value, REDACTED)
        text = _CUT.join(map(self._without_begun, text.split(_CUT)))
        for shape in _SHAPES:
            text = shape.sub(REDACTED, text)
        text = _DOTTED.sub(_web_token, text)
        return _COOKIE.sub(lambda found: found[1] + ";".join(map(_cookie, found[2].split(";"))), text)

    def _without_begun(self, text: str) -> str:
        """``text`` without the value that it breaks off in: evidence is cut before it comes here."""
        with self._lock:
            for at in range(max(0, len(text) - _LONGEST), len(text) - _SHORTEST + 1):
                begun = self._begins.get(text[at : at + _SHORTEST], ())
                if any(value.startswith(text[at:]) for value in begun):
                    return text[:at] + REDACTED
        return text


def _web_token(found: re.Match[str]) -> str:
    """A JSON web token (RFC 7519) struck out: its first part, an object in Base64, begins with ``eyJ``."""
    parts, at = found[0].split("."), 0
    for part, payload in pairwise(parts[:-1]):
        start = part.find("eyJ")
        if 0 <= start <= len(part) - 11 and len(payload) >= 4:
            return found[0][: at + start] + REDACTED
        at += len(part) + 1
    return found[0]


def _cookie(part: str) -> str:
    name, equals, _value = part.partition("=")
    return part if not equals or name.strip().lower() in _ATTRIBUTES else f"{name}={REDACTED}"


def _spellings(value: str) -> Iterator[str]:
    raw = value.encode("utf-8", "surrogateescape")
    yield value
    for safe in ("", "/"):
        for spelt in (quote(value, safe, errors="surrogateescape"), quote_plus(value, safe, errors="surrogateescape")):
            yield spelt
            yield re.sub("%[0-9A-F]{2}", lambda found: found[0].lower(), spelt)
            yield quote(spelt, safe="")
    yield from (json.dumps(value)[1:-1], json.dumps(value, ensure_ascii=False)[1:-1])
    yield json.dumps(value)[1:-1].replace("/", "\\/")
    yield from (html.escape(value), html.escape(value, quote=False), html.escape(value).replace("&#x27;", "&#39;"))
    yield from (raw.hex(), raw.hex().upper())
    whole = (base64.b64encode(raw).decode(), base64.urlsafe_b64encode(raw).decode())
    yield from (spelt for spelt in (*whole, *in_base64(raw)) if len(spelt) >= _SHORTEST_BASE64)
