"""How hard tokens are to guess, told from a number of them in the order in which they were given out.

What is seen from outside: whether one comes twice, which positions change and how much, whether a part counts up or
tells the time, whether it is a digest of what is known. A weak generator with an even look is not seen so.
"""

from __future__ import annotations

import base64
import hashlib
import itertools
import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

FEWEST = 20
"""Tokens, below which nothing is said."""
MAIL_BITS = 112
"""What a link's token must hold: from there on a plain digest of it may be stored (ASVS 5.0.0 6.5.2)."""
SESSION_BITS = 128
"""What a session's token must hold (ASVS 5.0.0 7.2.3)."""

# The estimate is below the truth for few tokens, by chance too: 20 of 128 bits give 110 and more.
_SLACK = 0.75
_ALPHABETS = (
    (10, re.compile(r"[0-9]*")),
    (16, re.compile(r"[0-9a-f-]*|[0-9A-F-]*")),
    (32, re.compile(r"[A-Z2-7=]*|[a-z2-7=]*")),
    (36, re.compile(r"[a-z0-9]*|[A-Z0-9]*")),
    (64, re.compile(r"[A-Za-z0-9_=-]*|[A-Za-z0-9+/=]*")),
)
_TIMED_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[1267][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", re.IGNORECASE)
# A part that has so many different values and yet is in order: of 20 random tokens hardly one in 10^11 runs has one.
_ORDERED = 7


@dataclass(frozen=True)
class Strength:
    """``bits`` as estimated, ``room`` what the changing positions could hold at most, ``lengths`` shortest and longest.

    ``positions`` has the estimated bits of each position, ``flaws`` what is wrong beside too few bits, as sentences.
    """

    count: int
    lengths: tuple[int, int]
    alphabet: int
    bits: float
    room: float
    positions: tuple[float, ...]
    flaws: tuple[str, ...]

    def wrong(self, least: int) -> list[str]:
        """Every reason why these tokens do not hold ``least`` bits."""
        few = self.room < least or self.bits < _SLACK * least
        short = f"about {self.bits:.0f} bits (at most {self.room:.0f}) where {least} are wanted"
        return [*([short] if few else []), *self.flaws]

    def __str__(self) -> str:
        low, high = self.lengths
        length = f"{low}" if low == high else f"{low} to {high}"
        weakest = min(self.positions, default=0.0)
        return (
            f"{self.count} tokens of {length} characters out of {self.alphabet}: about {self.bits:.0f} bits, "
            f"{self.bits / max(1, len(self.positions)):.1f} a position, {weakest:.1f} at the weakest"
        )


def examine(tokens: Sequence[str], known: Iterable[str] = ()) -> Strength:
    """Look at ``tokens``, oldest first; ``known`` are texts that others know, such as addresses and ids."""
    columns = _columns(tokens)
    alphabet = _alphabet(tokens)
    seen: set[tuple[str, ...]] = set()
    positions = []
    for column in columns:
        positions.append(0.0 if column in seen else _bits(column, alphabet))
        seen.add(column)
    room = math.log2(alphabet) * sum(bits > 0 for bits in positions) if alphabet > 1 else 0.0
    lengths = (min(map(len, tokens), default=0), max(map(len, tokens), default=0))
    flaws = tuple(_flaws(tokens, known))
    return Strength(len(tokens), lengths, alphabet, sum(positions), room, tuple(positions), flaws)


def _columns(tokens: Sequence[str]) -> list[tuple[str, ...]]:
    longest = max(map(len, tokens), default=0)
    return [tuple(token[place : place + 1] for token in tokens) for place in range(longest)]


def _alphabet(tokens: Sequence[str]) -> int:
    """How many characters there are to choose from: the smallest usual alphabet that holds all that were seen."""
    joined = "".join(tokens)
    usual = (size for size, shape in _ALPHABETS if shape.fullmatch(joined))
    return next(usual, max(len(set(joined)), 64 if joined else 0))


def _bits(column: tuple[str, ...], alphabet: int) -> float:
    """Bits at one position by how often two tokens agree there (collision entropy, Rényi's of order 2)."""
    counts = Counter(column)
    if len(counts) < 2:
        return 0.0
    pairs = math.comb(len(column), 2)
    agree = sum(math.comb(count, 2) for count in counts.values())
    return min(math.log2(alphabet), -math.log2((agree + 1) / (pairs + 1)))


def _flaws(tokens: Sequence[str], known: Iterable[str]) -> Iterator[str]:
    if twice := len(tokens) - len(set(tokens)):
        yield f"{twice} of {len(tokens)} came before"
    if timed := sum(bool(_TIMED_UUID.fullmatch(token)) for token in tokens):
        yield f"{timed} of {len(tokens)} are UUIDs made of the time (RFC 9562, versions 1, 2, 6 and 7)"
    elif counting := _ordered(tokens):
        yield f"characters {counting[0] + 1} to {counting[1]} only ever {counting[2]}: a counter or a clock"
    digests = {digest: text for text in known if text for digest in _digests(text)}
    if derived := sum(token.rstrip("=").lower() in digests for token in tokens):
        yield f"{derived} of {len(tokens)} are digests of what others know of the account"


def _ordered(tokens: Sequence[str]) -> tuple[int, int, str] | None:
    """The first part of all tokens that goes one way from each to the next; None without one."""
    if len(set(tokens)) < _ORDERED or len(set(map(len, tokens))) > 1:
        return _ordered_numbers(tokens)
    length = len(tokens[0])
    for start in range(length):
        # What is in order is so by its first character too.
        if not _way([token[start] for token in tokens], fewest=1):
            continue
        for end in range(start + 1, min(length, start + 20) + 1):
            if way := _way([token[start:end] for token in tokens]):
                return start, end, way
    return None


def _ordered_numbers(tokens: Sequence[str]) -> tuple[int, int, str] | None:
    if len(set(tokens)) >= _ORDERED and all(token.isdecimal() and len(token) < 40 for token in tokens):
        width = max(map(len, tokens))
        way = _way([token.zfill(width) for token in tokens])
        return (0, width, way) if way else None
    return None


def _way(values: Sequence[str], fewest: int = _ORDERED) -> str:
    """``grow`` or ``shrink`` where none of ``values`` is below, or above, the one before, and ``fewest`` differ.

    Base64's own order is that of the bytes it stands for, unlike ASCII's: both are tried.
    """
    if len(set(values)) < fewest:
        return ""
    for keys in (values, [value.translate(_BASE64_ORDER) for value in values]):
        steps = list(itertools.pairwise(keys))
        if all(old <= new for old, new in steps):
            return "grow"
        if all(old >= new for old, new in steps):
            return "shrink"
    return ""


_BASE64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
_BASE64_ORDER = {ord(letter): chr(33 + place) for place, letter in enumerate(_BASE64)} | {
    ord(letter): chr(33 + 62 + place // 2) for place, letter in enumerate("+-/_")
}


def _digests(text: str) -> Iterator[str]:
    """The text's digests as they are written: hexadecimal and Base64, in lower case."""
    for name in ("md5", "sha1", "sha256"):
        raw = hashlib.new(name, text.encode(), usedforsecurity=False).digest()
        yield raw.hex()
        yield base64.urlsafe_b64encode(raw).decode().rstrip("=").lower()
        yield base64.b64encode(raw).decode().rstrip("=").lower()
    yield base64.urlsafe_b64encode(text.encode()).decode().rstrip("=").lower()
