"""At most so many requests a second to one name, whoever sends them."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping

from readiness.halt import Halt


class Pace:
    """Spaces out requests evenly: each waits for its turn. Threads may share it.

    A name gets ``per_second``, times the hosts that stand behind it: ``behind`` has those of more than one. Once the
    run is halted, nobody is asked any more.
    """

    def __init__(self, per_second: float, behind: Mapping[str, int] | None = None, halt: Halt | None = None) -> None:
        self._gap = 1.0 / per_second
        self._behind = dict(behind or {})
        self._next: dict[str, float] = {}
        self._lock = threading.Lock()
        self._counts: dict[str, int] = {}
        self._halt = halt or Halt()

    def wait(self, host: str) -> None:
        """Come back when it is the caller's turn to ask ``host``. Raises :class:`CheckError` once halted."""
        with self._lock:
            now = time.monotonic()
            turn = max(now, self._next.get(host, now))
            self._next[host] = turn + self._gap / self._behind.get(host, 1)
            self._counts[host] = self._counts.get(host, 0) + 1
        self._halt.wait(turn - now)

    @property
    def counts(self) -> dict[str, int]:
        """How many requests each host was sent."""
        with self._lock:
            return dict(self._counts)
