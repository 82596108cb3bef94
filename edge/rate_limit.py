"""Rate-limit counters (Cloudflare, "Request rate calculation", "Rate limiting parameters"). The clock is given.

Cloudflare does not say how a period slides. What it published of its counters ("Counting things, a lot of different
things", 2017) is done here: windows of one period, and the rate is the count of this window plus that of the last one,
weighted by how much of it the sliding period still covers.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

CAPACITY: Final = 100_000


@dataclass(frozen=True)
class Limit:
    """More than ``requests`` in ``period`` seconds are too many.

    The action then applies for ``mitigation`` seconds; with 0, to the requests over the limit alone (throttling).
    """

    requests: int
    period: int
    mitigation: int


@dataclass(slots=True)
class _Counter:
    window: int = 0
    current: int = 0
    previous: int = 0
    blocked_until: float = 0.0


class Counters:
    """Counts by key. Holds at most ``capacity`` keys; beyond that the one that was longest unused is forgotten."""

    def __init__(self, clock: Callable[[], float], capacity: int = CAPACITY) -> None:
        self._clock = clock
        self._capacity = capacity
        self._counters: OrderedDict[bytes, _Counter] = OrderedDict()

    def __len__(self) -> int:
        return len(self._counters)

    def count(self, key: bytes, limit: Limit) -> None:
        """Count one request."""
        self._rolled(key, limit).current += 1

    def admit(self, key: bytes, limit: Limit) -> float | None:
        """Count one request and return None, or if it is too many how many seconds the client has to wait.

        A request that is refused is not counted: a client that waits as told is served.
        """
        return self._refuse(key, limit, counting=1)

    def check(self, key: bytes, limit: Limit) -> float | None:
        """As :meth:`admit`, without counting: for limits that count something else than what they refuse."""
        return self._refuse(key, limit, counting=0)

    def _refuse(self, key: bytes, limit: Limit, counting: int) -> float | None:
        now = self._clock()
        counter = self._rolled(key, limit)
        if counter.blocked_until > now:
            return counter.blocked_until - now
        passed = now - counter.window * limit.period
        weight = 1 - passed / limit.period
        if counter.previous * weight + counter.current + counting <= limit.requests:
            counter.current += counting
            return None
        if not limit.mitigation:
            return _until_room(counter, limit, passed, counting)
        counter.blocked_until = now + limit.mitigation
        return float(limit.mitigation)

    def _rolled(self, key: bytes, limit: Limit) -> _Counter:
        """The counter of ``key``, moved on to the window of now."""
        window = int(self._clock() // limit.period)
        counter = self._counters.get(key)
        if counter is None:
            counter = self._counters[key] = _Counter(window)
            if len(self._counters) > self._capacity:
                self._counters.popitem(last=False)
        self._counters.move_to_end(key)
        if counter.window != window:
            counter.previous = counter.current if counter.window == window - 1 else 0
            counter.window, counter.current = window, 0
        return counter


def _until_room(counter: _Counter, limit: Limit, passed: float, counting: int) -> float:
    """Seconds until one more fits, if nothing is counted before that; ``passed`` seconds of the window are over."""
    room = limit.requests - counting - counter.current
    if room >= 0:
        return (1 - room / counter.previous) * limit.period - passed
    # Not in this window; in the next one, what this one has counted weighs less and less.
    share = max(0, limit.requests - counting) / counter.current if counter.current else 0
    return limit.period - passed + max(0.0, 1 - share) * limit.period


def key_maker(rule: str) -> Callable[[Sequence[bytes | None]], bytes]:
    """What makes keys of 16 bytes for a rule, of the values of its characteristics; absent and empty ones differ."""
    of_rule = hashlib.blake2b(_part(rule.encode()), digest_size=16)

    def key(values: Sequence[bytes | None]) -> bytes:
        digest = of_rule.copy()
        digest.update(b"".join(map(_part, values)))
        return digest.digest()

    return key


def _part(value: bytes | None) -> bytes:
    return b"-" if value is None else b"%d:%s" % (len(value), value)
