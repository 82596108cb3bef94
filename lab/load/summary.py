"""What the records say, by release."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from lab.load.records import SLOW_PATH, Record, is_lost


@dataclass(frozen=True)
class Latency:
    """Percentiles (nearest rank) in seconds; the deliberately slow request is not counted."""

    p50: float
    p95: float
    p99: float


@dataclass(frozen=True)
class ReleaseSummary:
    """What one release answered. ``first`` and ``last`` are when its first and last request were sent."""

    release: str
    colours: tuple[str, ...]
    requests: int
    errors: int
    latency: Latency
    first: float
    last: float


@dataclass(frozen=True)
class Summary:
    """All of a load.

    ``errors`` of a release are the 5xx that the app itself made; ``lost`` are those of :func:`lab.load.is_lost`, by
    reason in ``reasons``; ``by_proxy`` counts other answers that never came from the app, by status.
    """

    requests: int
    seconds: float
    lost: int
    reasons: dict[str, int]
    by_proxy: dict[int, int]
    latency: Latency
    releases: tuple[ReleaseSummary, ...]

    @property
    def errors(self) -> int:
        """The 5xx that the app itself made, of all releases."""
        return sum(release.errors for release in self.releases)


def summary(records: Iterable[Record]) -> Summary:
    """Sum up ``records``, in any order; releases come in the order in which they first answered."""
    everything = sorted(records, key=lambda record: record.at)
    lost = [record for record in everything if is_lost(record)]
    by_release: dict[str, list[Record]] = {}
    for record in everything:
        if record.release:
            by_release.setdefault(record.release, []).append(record)
    proxied = [record.status for record in everything if record.status and not record.release and not is_lost(record)]
    return Summary(
        requests=len(everything),
        seconds=max((r.at + r.seconds for r in everything), default=0.0) - (everything[0].at if everything else 0.0),
        lost=len(lost),
        reasons=dict(Counter(record.error or str(record.status) for record in lost)),
        by_proxy=dict(Counter(proxied)),
        latency=latency(everything),
        releases=tuple(_of_release(name, answered) for name, answered in by_release.items()),
    )


def _of_release(name: str, answered: Sequence[Record]) -> ReleaseSummary:
    return ReleaseSummary(
        release=name,
        colours=tuple(sorted({record.colour for record in answered})),
        requests=len(answered),
        errors=sum(1 for record in answered if record.status is not None and record.status >= 500),
        latency=latency(answered),
        first=answered[0].at,
        last=answered[-1].at,
    )


def latency(records: Iterable[Record]) -> Latency:
    """The percentiles of whole answers; NaN where there is none."""
    times = sorted(record.seconds for record in records if record.status is not None and record.path != SLOW_PATH)
    return Latency(*(percentile(times, share) for share in (0.50, 0.95, 0.99)))


def percentile(ordered: Sequence[float], share: float) -> float:
    """The smallest of ``ordered`` that at least ``share`` of them do not exceed; NaN of none."""
    return ordered[math.ceil(share * len(ordered)) - 1] if ordered else math.nan
