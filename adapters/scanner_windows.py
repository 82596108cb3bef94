"""What the scanner is given of a piece: parts that it takes as a whole."""

from __future__ import annotations

from collections.abc import Iterator

from core.leaks import Piece

LONGEST = 24_000
"""Bytes of a part. The scanner reads on for 25,000 at most to find a blank line, and cuts where it finds none: through
a long line, or a key in a long file.
"""
OVERLAP = 8_000
"""Bytes that two parts share where no blank line is between them: a private key of 8,192 bits fits."""
BREAK = b"\n\n"
_KEY = b"PRIVATE KEY"
# What ends a key that does not end where its part does, as the scanner's rule has it: 64 characters and a last line.
_END_OF_KEY = BREAK + b"." * 64 + b"\nKEY-----" + BREAK
_BETWEEN = b" \t\n\r\"',;&<>(){}[]"
_WITHIN = 500


def after(part: bytes) -> bytes:
    """What stands between a part and the next. A key's first line would take another key's for its last one."""
    return _END_OF_KEY if _KEY in part else BREAK


def windows(piece: Piece) -> Iterator[tuple[bytes, int]]:
    """The parts of ``piece``, and the number of each one's first line (0: not known)."""
    data, line, at = piece.data, piece.line, 0
    while len(data) - at > LONGEST:
        end, after = _cut(data, at)
        yield data[at:end], line
        line += data.count(b"\n", at, after) if line else 0
        at = after
    yield (data[at:] if at else data), line


def _cut(data: bytes, start: int) -> tuple[int, int]:
    """Where the part from ``start`` ends, and where the next begins."""
    blank = data.rfind(BREAK, start + LONGEST // 2, start + LONGEST)
    if blank >= 0:
        return blank, blank + len(BREAK)
    end = _between(data, start + LONGEST)
    return end, _between(data, end - OVERLAP)


def _between(data: bytes, at: int) -> int:
    """The last place up to ``at`` that is in no word: half of a value would be a value of its own."""
    return next((place for place in range(at, at - _WITHIN, -1) if data[place - 1] in _BETWEEN), at)
