"""A secret's value in every spelling that it may stand in: encoded once or twice, escaped, reversed, over lines.

What is looked through loses its white space, quotes, backslashes and plus signs first, and so do the spellings: a value
that is wrapped, quoted in pieces or escaped stands there like any other.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, quote_plus

import re2

from core.base64_parts import in_base64
from core.leaks import Piece
from core.secret import Secret

SHORTEST = 8
"""Bytes of a value that is looked for: a shorter one stands everywhere by chance."""
_CORE = 20
_DROPPED = b" \t\r\n\"'\\+"
_MEMORY = 1 << 26
_MOST_HITS = 1000


@dataclass(frozen=True)
class Spot:
    """One of the stack's own values, by its name, in a spelling, at a place."""

    secret: str
    spelling: str
    place: str
    path: str


def spellings(value: str) -> dict[bytes, str]:
    """Spelling → what it is called. Each is as long as the value allows, without what its neighbours would change."""
    raw = value.encode("utf-8", "surrogateescape")
    found: dict[bytes, str] = {}
    for name, text in _all(value, raw):
        bare = text.translate(None, _DROPPED)
        if len(bare) >= SHORTEST:
            found.setdefault(bare, name)
            found.setdefault(bare[::-1], "reversed" if name == "as it is" else f"{name}, reversed")
    for name, text in _twice(value, raw):
        if len(bare := text.translate(None, _DROPPED)) >= SHORTEST:
            found.setdefault(bare, name)
    return found


def _twice(value: str, raw: bytes) -> Iterator[tuple[str, bytes]]:
    """An encoding in an encoding, as a Kubernetes Secret in a variable of CI is; and Base64 of UTF-16, PowerShell's."""
    wide = [("UTF-16", value.encode(f"utf-16-{order}", "surrogatepass")) for order in ("le", "be")]
    once = {text: name for name, text in _once(value, raw) if text != raw}
    for name, text in [*((name, text) for text, name in once.items()), *wide]:
        for outer, encoded in _encoded(text):
            yield f"{name} in {outer}", encoded


def _once(value: str, raw: bytes) -> Iterator[tuple[str, bytes]]:
    yield "JSON", json.dumps(value.encode("utf-8", "replace").decode())[1:-1].encode()
    yield from _encoded(raw)


def _encoded(raw: bytes) -> Iterator[tuple[str, bytes]]:
    yield "URL", quote(raw, safe="").encode()
    yield "hex", raw.hex().encode()
    yield "hex", raw.hex().upper().encode()
    yield from (("Base64", part.encode()) for part in in_base64(raw))


def _all(value: str, raw: bytes) -> Iterator[tuple[str, bytes]]:
    yield "as it is", raw
    yield "reversed", value[::-1].encode("utf-8", "surrogateescape")
    for safe in ("", "/"):
        yield "URL", quote(value, safe=safe, errors="surrogateescape").encode()
        yield "URL", quote_plus(value, safe=safe, errors="surrogateescape").encode()
    yield "URL", b"".join(b"%%%02x" % byte for byte in raw)
    yield "URL", b"".join(b"%%%02X" % byte for byte in raw)
    yield "hex", raw.hex().encode()
    yield "hex", raw.hex().upper().encode()
    text = value.encode("utf-8", "replace").decode()
    yield "JSON or YAML", json.dumps(text)[1:-1].encode()
    yield "JSON or YAML", json.dumps(text, ensure_ascii=False)[1:-1].encode()
    yield "JSON or YAML", json.dumps(text)[1:-1].replace("/", "\\/").encode()
    yield from (("Base64", part.encode()) for part in in_base64(raw))


class Spotter:
    """Looks for ``values`` in all that passes through it. ``short`` are the names of those that are too short."""

    def __init__(self, values: Mapping[str, Secret]) -> None:
        self.short = [
            name for name, value in values.items() if len(value.reveal().encode("utf-8", "replace")) < SHORTEST
        ]
        self.names = [name for name in values if name not in self.short]
        self.spots: list[Spot] = []
        self._known: dict[bytes, list[tuple[bytes, str, str]]] = {}
        for name in self.names:
            for spelt, how in spellings(values[name].reveal()).items():
                self._known.setdefault(_core(spelt), []).append((spelt, name, how))
        self._pattern = _pattern(self._known) if self._known else None

    def watch(self, pieces: Iterable[Piece]) -> Iterator[Piece]:
        """The same pieces, each looked through as it passes."""
        for piece in pieces:
            self.look(piece)
            yield piece

    def look(self, piece: Piece) -> None:
        """Note every value that ``piece`` has, once for each spelling."""
        if self._pattern is None:
            return
        bare = piece.data.translate(None, _DROPPED)
        seen: set[tuple[str, str]] = set()
        at = 0
        # Bounded: a hostile file may have the middle of a spelling a million times. Two of them may overlap.
        for _ in range(_MOST_HITS):
            if (found := self._pattern.search(bare, at)) is None:
                break
            at = found.start() + 1
            for spelt, name, how in self._known.get(found[0], ()):
                if (name, how) not in seen and spelt in bare:
                    seen.add((name, how))
                    self.spots.append(Spot(name, how, piece.place, piece.path))


def _core(spelt: bytes) -> bytes:
    """The middle of a spelling: short, so that the automaton for all of them is, and not what keys begin with."""
    start = max(0, (len(spelt) - _CORE) // 2)
    return spelt[start : start + _CORE]


def _pattern(known: Iterable[bytes]) -> Any:
    options = re2.Options()
    options.encoding = re2.Options.Encoding.LATIN1
    options.max_mem = _MEMORY
    # The longest first: where one core begins another, the longer is the one that is there.
    return re2.compile(b"|".join(re2.escape(core) for core in sorted(known, key=len, reverse=True)), options)
