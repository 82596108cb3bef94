"""What rounds of measurements come to: medians, and ratios taken round by round, for the machine is noisy."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from lab.bench.timed import Took

_MEGABYTE = 1_000_000


@dataclass(frozen=True)
class Round:
    """One of each, one after the other: ours, raw OpenSSH and pyinfra (seconds)."""

    ours: Took
    raw: float
    pyinfra: float


@dataclass(frozen=True)
class Figure:
    """Medians over the rounds, in seconds, and the medians of each round's ratios; the most memory of any round."""

    what: str
    hosts: int
    rounds: int
    ours: float
    raw: float
    pyinfra: float
    to_raw: float
    to_pyinfra: float
    peak_megabytes: float

    def row(self) -> str:
        """A line of the table."""
        seconds = "".join(f"{value:>8.2f} s" for value in (self.ours, self.raw, self.pyinfra))
        ratios = f"{self.to_raw:>8.2f}{self.to_pyinfra:>9.2f}"
        return f"{self.what:<14}{self.hosts:>5}{seconds}{ratios}{self.peak_megabytes:>8.0f} MB"


def heading() -> str:
    """The table's first line."""
    return f"{'what':<14}{'hosts':>5}{'ours':>10}{'raw':>10}{'pyinfra':>10}{'/raw':>8}{'/pyinfra':>9}{'memory':>11}"


def figure(what: str, hosts: int, rounds: Sequence[Round]) -> Figure:
    """The figure that these rounds make."""
    return Figure(
        what=what,
        hosts=hosts,
        rounds=len(rounds),
        ours=statistics.median(one.ours.seconds for one in rounds),
        raw=statistics.median(one.raw for one in rounds),
        pyinfra=statistics.median(one.pyinfra for one in rounds),
        to_raw=statistics.median(one.ours.seconds / one.raw for one in rounds),
        to_pyinfra=statistics.median(one.ours.seconds / one.pyinfra for one in rounds),
        peak_megabytes=max(one.ours.peak_bytes for one in rounds) / _MEGABYTE,
    )
