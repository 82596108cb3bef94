"""Records turned into what is drawn: rates by release, latencies, marks. Pure; times are seconds from the first."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from lab.load.records import SLOW_PATH, Record, is_lost
from lab.load.summary import percentile

BIN_SECONDS = 0.1
MOST_BINS = 1200
MOST_DOTS = 3000
LATENCY_BINS = 5
SILENT_BINS = 5


@dataclass(frozen=True)
class Band:
    """One release on one colour: its rate (requests a second) in each bin."""

    release: str
    colour: str
    rates: tuple[float, ...]

    def runs(self) -> list[tuple[int, int]]:
        """Where the release answered: first bin and the one after the last; short silences do not end a run."""
        runs: list[tuple[int, int]] = []
        for index, rate in enumerate(self.rates):
            if rate and runs and index - runs[-1][1] <= SILENT_BINS:
                runs[-1] = (runs[-1][0], index + 1)
            elif rate:
                runs.append((index, index + 1))
        return runs


@dataclass(frozen=True)
class Series:
    """Everything in the plot. ``start`` is the first request's time since the epoch, ``width`` a bin's in seconds."""

    start: float
    span: float
    width: float
    bands: tuple[Band, ...]
    dots: tuple[tuple[float, float], ...]
    p95: tuple[tuple[float, float], ...]
    errors: tuple[float, ...]
    lost: tuple[float, ...]


def series(records: Sequence[Record]) -> Series:
    """The series of ``records``, in any order; at least one record is needed."""
    ordered = sorted(records, key=lambda record: record.at)
    start = ordered[0].at
    span = max(ordered[-1].at - start, BIN_SECONDS)
    width = max(BIN_SECONDS, span / MOST_BINS)
    answered = [(r.at - start, r.seconds) for r in ordered if r.status is not None and r.path != SLOW_PATH]
    return Series(
        start=start,
        span=span,
        width=width,
        bands=_bands(ordered, start, width, int(span / width) + 1),
        dots=tuple(answered[:: math.ceil(len(answered) / MOST_DOTS) or 1]),
        p95=_p95(answered, width * LATENCY_BINS),
        errors=tuple(r.at - start for r in ordered if r.release and r.status is not None and r.status >= 500),
        lost=tuple(r.at - start for r in ordered if is_lost(r)),
    )


def _bands(ordered: Sequence[Record], start: float, width: float, bins: int) -> tuple[Band, ...]:
    counts: dict[tuple[str, str], list[int]] = {}
    for record in ordered:
        if record.release:
            counted = counts.setdefault((record.release, record.colour), [0] * bins)
            counted[int((record.at - start) / width)] += 1
    return tuple(Band(*names, tuple(count / width for count in counted)) for names, counted in counts.items())


def _p95(answered: Sequence[tuple[float, float]], width: float) -> tuple[tuple[float, float], ...]:
    groups: dict[int, list[float]] = {}
    for at, seconds in answered:
        groups.setdefault(int(at / width), []).append(seconds)
    # The last one is cut short by the end of the load, so it says little; alone, it is all there is.
    whole = sorted(groups.items())[: max(len(groups) - 1, 1)]
    return tuple(((index + 0.5) * width, percentile(sorted(times), 0.95)) for index, times in whole)
