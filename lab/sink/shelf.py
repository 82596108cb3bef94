"""A shelf of bounded size: what was put there first falls off first."""

from __future__ import annotations

import json
from collections import deque
from datetime import UTC, datetime
from typing import Any


class Shelf:
    """JSON objects in the order they came, at most ``count`` of them and ``size`` bytes of JSON in all.

    Each is given ``id``, which grows by one and is never used again (a gap tells that some fell off), and ``received``
    (RFC 3339, UTC).
    """

    def __init__(self, count: int = 1000, size: int = 32 * 2**20) -> None:
        self._count = count
        self._size = size
        self._used = 0
        self._last_id = 0
        self._items: deque[tuple[int, dict[str, Any]]] = deque()

    def put(self, item: dict[str, Any]) -> None:
        """Add ``item``, which must be JSON."""
        self._last_id += 1
        kept = {"id": self._last_id, "received": datetime.now(UTC).isoformat(timespec="milliseconds"), **item}
        weight = len(json.dumps(kept))
        self._items.append((weight, kept))
        self._used += weight
        while self._items and (len(self._items) > self._count or self._used > self._size):
            self._used -= self._items.popleft()[0]

    def items(self) -> list[dict[str, Any]]:
        """What is on the shelf, the oldest first."""
        return [item for _, item in self._items]

    def clear(self) -> None:
        """Take everything off."""
        self._items.clear()
        self._used = 0
