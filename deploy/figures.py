"""What a release's users got, in numbers: requests, 5xx, and how long answers took, by nginx's own log."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

_EXACT_MS = 20
_GROWTH = 1.05


@dataclass(frozen=True)
class Figures:
    """``times`` counts answers by how long they took, in buckets: a millisecond each, then growing by a twentieth.

    So a quantile is right to about 3 %, and figures of several hosts and looks can be added up.
    """

    requests: int = 0
    errors: int = 0
    times: Mapping[int, int] = field(default_factory=dict)

    @staticmethod
    def total(parts: Iterable[Figures]) -> Figures:
        """All of them together."""
        requests = errors = 0
        times: Counter[int] = Counter()
        for part in parts:
            requests, errors = requests + part.requests, errors + part.errors
            times.update(part.times)
        return Figures(requests, errors, dict(times))

    @property
    def error_ratio(self) -> float:
        """5xx to all, 0 without any."""
        return self.errors / self.requests if self.requests else 0.0

    def quantile(self, part: float) -> float | None:
        """How many milliseconds ``part`` (0 to 1) of the answers took at most; none where no time is known."""
        left = math.ceil(part * sum(self.times.values()))
        for bucket in sorted(self.times):
            left -= self.times[bucket]
            if left <= 0:
                return _milliseconds(bucket)
        return None

    def document(self) -> dict[str, int | float | None]:
        """As it stands in the journal and in ``--json``: milliseconds."""
        quantiles = {f"p{part}_ms": self.quantile(part / 100) for part in (50, 95, 99)}
        return {"requests": self.requests, "errors": self.errors, **quantiles}


NONE = Figures()


def read_figures(words: str) -> Figures:
    """``REQUESTS ERRORS BUCKET:COUNT …``, as the script ``watch`` says it."""
    requests, errors, *buckets = words.split()
    pairs = (pair.split(":") for pair in buckets)
    return Figures(int(requests), int(errors), {int(bucket): int(count) for bucket, count in pairs})


def table(rows: Mapping[str, Figures]) -> str:
    """The figures of releases, a line each, below a head."""
    width = max(10, *(len(name) for name in rows))
    lines = [f"{'':<{width}} {'requests':>9} {'5xx':>6} {'p50':>9} {'p95':>9} {'p99':>9}"]
    for name, figures in rows.items():
        times = " ".join(f"{_told(figures.quantile(part)):>9}" for part in (0.5, 0.95, 0.99))
        lines.append(f"{name:<{width}} {figures.requests:>9} {figures.errors:>6} {times}")
    return "\n".join(lines)


def _milliseconds(bucket: int) -> float:
    """The middle of a bucket."""
    if bucket < _EXACT_MS:
        return float(bucket)
    return round(_EXACT_MS * math.pow(_GROWTH, bucket - _EXACT_MS + 0.5), 1)


def _told(milliseconds: float | None) -> str:
    return "-" if milliseconds is None else f"{milliseconds:.0f} ms"
