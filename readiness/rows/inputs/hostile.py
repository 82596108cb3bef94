"""Hostile JSON bodies and texts, as values. ``field`` is the name of a text that the call wants. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterator

LARGE = 1024 * 1024
DEPTH = 100_000
KEYS = 5_000
DIGITS = 20_000


def oversized(field: str) -> Iterator[tuple[str, bytes]]:
    """Bodies of 1 MiB: what they are, and their bytes."""
    yield "1 MiB of text", json.dumps({field: "A" * LARGE}).encode()
    yield "1 MiB of spaces", b'{"' + field.encode() + b'": "A"' + b" " * LARGE + b"}"


def outsized(field: str) -> Iterator[tuple[str, bytes]]:
    """Bodies that are small and hard to parse."""
    name = field.encode()
    yield f"{DEPTH} arrays, one in the other", b"[" * DEPTH + b"]" * DEPTH
    yield f"{DEPTH} arrays that never end", b"[" * DEPTH
    # Below the 64 KiB that many servers take, and far beyond the depth that a parser's stack bears.
    yield "30000 arrays in a field", b'{"' + name + b'":' + b"[" * 30_000 + b"]" * 30_000 + b"}"
    yield "10000 objects, one in the other", b'{"a":' * 10_000 + b"1" + b"}" * 10_000
    yield f"{KEYS} keys", json.dumps({f"k{number}": 0 for number in range(KEYS)}).encode()
    yield f"a number of {DIGITS} digits", b'{"' + name + b'":' + b"9" * DIGITS + b"}"
    yield "1e999999999", b'{"' + name + b'":1e999999999}'
    yield "NaN", b'{"' + name + b'":NaN}'
    yield "-Infinity", b'{"' + name + b'":-Infinity}'


def broken(field: str) -> Iterator[tuple[str, bytes]]:
    """Bodies that are no JSON in UTF-8 (RFC 8259 section 8.1): they must be refused."""
    name = field.encode()
    yield "nothing", b""
    yield "JSON that ends too early", b'{"' + name + b'": "x'
    yield "overlong UTF-8 (C0 AF)", b'{"' + name + b'": "\xc0\xaf"}'
    yield "a surrogate in UTF-8 (ED A0 80)", b'{"' + name + b'": "\xed\xa0\x80"}'
    yield "bytes that are no UTF-8 (FF FE)", b'{"' + name + b'": "\xff\xfe"}'
    yield "NUL bytes", b"\x00" * 64


def wrong_values() -> Iterator[tuple[str, object]]:
    """Values in the place of a text: they must be refused."""
    yield "null", None
    yield "a number", 7
    yield "an object", {"$ne": ""}


def odd_texts(mark: str) -> Iterator[tuple[str, str]]:
    """Texts that may be taken, if they can be read again; ``mark`` is in each. JSON escapes, so that they get there."""
    yield "NUL", f"{mark}\\u0000x"
    yield "a lone high surrogate", f"{mark}\\ud800x"
    yield "a lone low surrogate", f"{mark}\\udfffx"
    yield "surrogates in the wrong order", f"{mark}\\udc00\\ud800"
    yield "a noncharacter", f"{mark}\\uffff"
    yield "1000 combining marks", mark + "\\u0301" * 1000
    yield "an emoji of seven code points", f"{mark}\\ud83d\\udc68\\u200d\\ud83d\\udc69\\u200d\\ud83d\\udc67"


def overrides(mark: str) -> Iterator[tuple[str, str]]:
    """Names that show themselves as something else (Unicode TR 36, bidirectional text): to be refused or cleaned."""
    yield "a right-to-left override", f"{mark}\u202egnp.exe"
    yield "an isolate that never ends", f"{mark}\u2067nimda"


BIDIRECTIONAL = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def look_alikes(address: str) -> Iterator[tuple[str, str]]:
    """Addresses that some comparisons take for ``address``, which has letters of ASCII only."""
    user, _, domain = address.partition("@")
    yield "capitals", f"{user.upper()}@{domain}"
    yield "space around it", f" {address} "
    if "k" in user:
        yield "a Kelvin sign (lower case: k)", f"{user.replace('k', chr(0x212A), 1)}@{domain}"
    if "i" in user:
        yield "a dotless i (upper case: I)", f"{user.replace('i', chr(0x131), 1)}@{domain}"
    if "s" in user:
        yield "a long s (NFKC: s)", f"{user.replace('s', chr(0x17F), 1)}@{domain}"
    yield "a full-width letter (NFKC: ASCII)", f"{chr(ord(user[0]) + 0xFEE0)}{user[1:]}@{domain}"
    yield "a zero-width space", f"{user}{chr(0x200B)}@{domain}"
