"""Percentiles of a sample, with what can be said about all requests from it. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

ENOUGH = 59
"""The least sample whose largest value is, with 95 % confidence, no less than the 95th percentile: 0.95^59 < 0.05."""
_CONFIDENCE = 0.95


@dataclass(frozen=True)
class Quantile:
    """``value`` with the ends of its 95 % confidence interval, in the unit of the sample. ``high`` is infinite where
    the sample is too small to bound it.
    """

    share: float
    value: float
    low: float
    high: float


def quantile(sample: Sequence[float], share: float) -> Quantile:
    """The smallest value that ``share`` of ``sample`` does not exceed (nearest rank), and an interval that needs no
    shape of the distribution: the order statistics that the binomial distribution allows (Hahn and Meeker, "Statistical
    Intervals", chapter 5). Raises :class:`ValueError` for an empty sample.
    """
    if not sample:
        raise ValueError("a sample needs a value")
    ordered = sorted(sample)
    count = len(ordered)
    rank = max(1, math.ceil(share * count))
    tail = (1 - _CONFIDENCE) / 2
    below = [_at_most(count, share, rank_) for rank_ in range(count + 1)]
    # The k-th value is below the quantile with the chance that k or more values are.
    lower = max((k for k in range(1, count + 1) if below[k - 1] <= tail), default=1)
    upper = next((k for k in range(1, count + 1) if below[k - 1] >= 1 - tail), None)
    high = ordered[upper - 1] if upper else (ordered[-1] if 1 - share**count >= _CONFIDENCE else math.inf)
    return Quantile(share, ordered[rank - 1], ordered[lower - 1], high)


@cache
def _at_most(count: int, chance: float, successes: int) -> float:
    """P(X ≤ successes) for X binomial with ``count`` tries."""
    return sum(math.comb(count, k) * chance**k * (1 - chance) ** (count - k) for k in range(successes + 1))
