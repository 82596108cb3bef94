"""Whether one kind of request takes longer than another, told from pairs of times, some of them far too long."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

Pair: TypeAlias = tuple[float, float]
"""Seconds of two requests that differ in one thing alone."""
FEWEST = 12
"""Pairs, below which nothing is said."""
CONFIDENCE = 0.99
"""That the true median difference is inside of the interval. Two rounds have to agree, in sign too: noise alone is told
as a difference less than once in 10,000 runs."""
LEAST_SECONDS = 0.005
"""A smaller difference is not told: across the internet it takes thousands of requests to see it, and limits stop
that."""
LEAST_SHARE = 0.1
"""Nor is one below this share of what such a request takes."""


@dataclass(frozen=True)
class Difference:
    """In seconds: how much longer the first of each pair took, by the median, and where the true median lies.

    ``low`` and ``high`` are the distribution-free interval for a median, of order statistics, by the sign test
    (W. J. Conover, Practical Nonparametric Statistics, 3.2); ``usual`` is the median of all times.
    """

    pairs: int
    median: float
    low: float
    high: float
    usual: float

    @property
    def tells(self) -> bool:
        """Whether it is there, and large enough for somebody far away to see."""
        least = max(LEAST_SECONDS, LEAST_SHARE * self.usual)
        return (self.low > 0 or self.high < 0) and abs(self.median) >= least

    @property
    def blurred(self) -> bool:
        """Whether times vary so much that not even half of what such a request takes would have been seen."""
        return max(abs(self.low), abs(self.high)) > max(4 * LEAST_SECONDS, self.usual / 2)

    def __str__(self) -> str:
        low, high = 1000 * self.low, 1000 * self.high
        return f"{1000 * self.median:+.1f} ms (between {low:+.1f} and {high:+.1f}) over {self.pairs} pairs"


def difference(pairs: Sequence[Pair]) -> Difference:
    """Compare the first times of ``pairs`` with the second ones, at least :data:`FEWEST` of them."""
    steps = sorted(first - second for first, second in pairs)
    count = len(steps)
    cut = _cut(count)
    usual = statistics.median([time for pair in pairs for time in pair])
    return Difference(count, statistics.median(steps), steps[cut], steps[count - 1 - cut], usual)


def _cut(count: int) -> int:
    """How many of ``count`` sorted differences to leave out at each end for :data:`CONFIDENCE`."""
    tail, cut = 0.0, 0
    while cut < count // 2:
        tail += math.comb(count, cut) / 2**count
        if 2 * tail > 1 - CONFIDENCE:
            break
        cut += 1
    # With none left out the interval is from the least to the greatest, whatever confidence that is.
    return max(0, cut - 1)
