"""What a value looks like inside of text that was Base64-encoded with other bytes around it."""

from __future__ import annotations

import base64
from collections.abc import Iterator


def in_base64(raw: bytes) -> Iterator[str]:
    """The characters that stand for ``raw`` alone, whichever of the three ways it falls on groups of three bytes.

    In both alphabets: RFC 4648 §4 and §5.
    """
    for before in range(3):
        encoded = base64.b64encode(b"\0" * before + raw).decode()
        part = encoded[-(-before * 8 // 6) : (before + len(raw)) * 8 // 6]
        yield part
        yield part.replace("+", "-").replace("/", "_")
