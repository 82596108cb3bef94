"""What a secret may look like in text, and what stands for one that must not be told. Standard library alone.

It runs on hosts too: :mod:`readiness.rows.secrets.on_host` is sent with it.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import re
from collections.abc import Iterator
from urllib.parse import unquote

_ENOUGH = 12
RUNS = (re.compile(r"[A-Za-z0-9_-]{8,}"), re.compile(r"[A-Za-z0-9+/=]{8,}"), re.compile(r"[A-Za-z0-9_~.+/=-]{8,}"))
LOGIN = re.compile(r"://[^/\s:@]*:([^@/\s]{4,})@")
SHAPES = {
    "a JSON web token": re.compile(r"\beyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{16,}"),
    "a private key": re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY"),
    "a key of AWS": re.compile(r"\bAKIA[0-9A-Z]{16}\b"),
    "a token of GitHub": re.compile(r"\bgh[opsur]_[A-Za-z0-9]{36}\b"),
    "a token of Cloudflare": re.compile(r"\bcf(?:k|ut|at)_[A-Za-z0-9]{40}"),
    "an authorization header": re.compile(
        r"(?i)authorization[\"']?\s*[:=]\s*[\"']?(?:bearer|basic)\s+[A-Za-z0-9+/=._~-]{8,}"
    ),
    "a token in a URL": re.compile(r"(?i)[?&](?:token|secret|password|api_?key|access_token)=[A-Za-z0-9%+/=._~-]{8,}"),
    "a password in a URL": LOGIN,
}


def runs(text: str) -> set[str]:
    """Every run of characters that a secret could be, in three alphabets."""
    found: set[str] = set()
    for alphabet in RUNS:
        found.update(alphabet.findall(text))
    return found


def mark_of(value: str) -> str:
    """The part of a value that is looked for: its longest run, of letters and digits if that will do, for ``=`` and the
    like may be its neighbours' too. "" where it has none.
    """
    plain = max(RUNS[0].findall(value), key=len, default="")
    return plain if len(plain) >= _ENOUGH else max(runs(value), key=lambda run: (len(run), run), default="")


def digest(key: str, run: str) -> str:
    """What stands for a run here and there."""
    return hmac.digest(bytes.fromhex(key), run.encode("utf-8", "replace"), "sha256").hex()


def readings(text: str) -> Iterator[tuple[str, str]]:
    """``text`` and what it says when it is decoded: URL, Base64 at any of its beginnings, hex, backwards."""
    yield "as it is", text
    yield "URL", unquote(text) if "%" in text else ""
    yield "escaped", text.replace("\\", "") if "\\" in text else ""
    yield "reversed", text[::-1]
    for run in runs(text):
        for how, raw in decoded(run):
            yield how, raw.decode("latin-1")


def decoded(run: str) -> Iterator[tuple[str, bytes]]:
    """The bytes that a run may stand for."""
    if len(run) < 12:
        return
    if not len(run) % 2 and re.fullmatch(r"[0-9a-fA-F]+", run):
        yield "hex", binascii.unhexlify(run)
    plain = run.replace("-", "+").replace("_", "/").split("=")[0]
    for skipped in range(4):
        part = plain[skipped:]
        part = part[:-1] if len(part) % 4 == 1 else part
        try:
            yield "Base64", base64.b64decode(part + "=" * (-len(part) % 4), validate=True)
        except ValueError:
            continue
