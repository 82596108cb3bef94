"""The load as it runs, in one line of a terminal, and at its end in a few."""

from __future__ import annotations

from collections import Counter
from typing import TextIO

from core.terminal import clean
from lab.load.records import Record, Stored, is_lost
from lab.load.summary import Summary


class Progress:
    """Counts records as they come; :meth:`show` rewrites one line of a terminal, or does nothing elsewhere."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._releases: Counter[str] = Counter()
        self._lost = self._shown = 0

    def count(self, record: Record) -> None:
        """Take a record into account."""
        self._releases[record.release] += 1
        self._lost += is_lost(record)

    def text(self, seconds: float, each: float) -> str:
        """The line, ``seconds`` into the load and ``each`` seconds after the one before."""
        total = self._releases.total()
        rate, self._shown = (total - self._shown) / each, total
        releases = "  ".join(f"{clean(name)}: {count}" for name, count in self._releases.items() if name)
        return f"{seconds:6.1f} s  {total} requests  {rate:4.0f}/s  {self._lost} lost  {releases}"

    def show(self, seconds: float, each: float) -> None:
        """Rewrite the line."""
        if self._stream.isatty():
            self._stream.write(f"\r\x1b[K{self.text(seconds, each)}")
            self._stream.flush()

    def end(self) -> None:
        """Leave the line behind."""
        if self._stream.isatty():
            self._stream.write("\n")


def report(found: Summary, stored: Stored) -> list[str]:
    """The closing lines."""
    lines = [
        f"{found.requests} requests in {found.seconds:.1f} s, {found.lost} lost, {found.errors} errors of the app",
        f"{stored.accepted} posts accepted, {stored.missing} missing, {stored.doubled} stored more than once",
    ]
    for release in found.releases:
        latency = release.latency
        lines.append(
            f"  {clean(release.release)} ({clean(', '.join(release.colours))}): {release.requests} answers,"
            f" {release.errors} errors, p50 {latency.p50 * 1000:.0f} ms, p95 {latency.p95 * 1000:.0f} ms,"
            f" p99 {latency.p99 * 1000:.0f} ms"
        )
    lines += [f"  lost: {count} by {clean(reason)}" for reason, count in found.reasons.items()]
    lines += [f"  answered by a proxy alone: {count} with {status}" for status, count in found.by_proxy.items()]
    return lines
