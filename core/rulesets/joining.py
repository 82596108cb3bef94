"""Rules joined where a plan has room for fewer than are asked for."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from fractions import Fraction
from typing import TypeVar

# Cloudflare's longest ref that was seen taken.
_LONGEST_REF = 64
T = TypeVar("T")


def join(names: Iterable[str]) -> str:
    """The ref of several rules in one: their names, or the beginning of them and a digest of all."""
    name = "+".join(names)
    if len(name) <= _LONGEST_REF:
        return name
    digest = hashlib.sha256(name.encode()).hexdigest()[:8]
    return f"{name[: _LONGEST_REF - 9]}+{digest}"


def partition(items: Sequence[T], room: int, size: Callable[[T], Fraction]) -> list[list[T]]:
    """``items`` in at most ``room`` groups of neighbours by size, so that the widest ratio in a group is smallest.

    Of what is as good, fewer are joined. Each item stands alone where there is room for all.
    """
    ordered = sorted(items, key=size)
    if len(ordered) <= room:
        return [[item] for item in ordered]
    sizes = [size(item) for item in ordered]
    # best[n]: for the first n items, in as many groups as the round, the widest ratio and where the last group begins.
    best: list[tuple[Fraction, tuple[int, ...]]] = [(Fraction(0), ())] + [
        (sizes[count - 1] / sizes[0], (0,)) for count in range(1, len(sizes) + 1)
    ]
    for _ in range(room - 1):
        best = [best[0], *(_split(best, sizes, count) for count in range(1, len(sizes) + 1))]
    starts = best[-1][1]
    return [list(ordered[start:end]) for start, end in zip(starts, (*starts[1:], len(ordered)), strict=True)]


def _split(
    best: Sequence[tuple[Fraction, tuple[int, ...]]], sizes: Sequence[Fraction], count: int
) -> tuple[Fraction, tuple[int, ...]]:
    """The best of the first ``count`` with one group more, or as it was."""
    options = [best[count]]
    for start in range(1, count):
        widest, starts = best[start]
        options.append((max(widest, sizes[count - 1] / sizes[start]), (*starts, start)))
    return min(options, key=lambda option: (option[0], -len(option[1]), option[1]))
