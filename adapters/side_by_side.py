"""Several streams read at once, each in a thread of its own, given out as they come: bounded, and ended together."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Generic, TypeVar

T = TypeVar("T")

_MOST_WAITING = 32


class _End:
    """A stream is over; ``error`` is what it ended with."""

    def __init__(self, error: BaseException | None) -> None:
        self.error = error


class SideBySide(Generic[T]):
    """``size`` says how much an item weighs; what is handed over at once is about ``batch`` of it."""

    def __init__(self, streams: Sequence[Iterable[T]], size: Callable[[T], int], batch: int = 1 << 18) -> None:
        self._streams, self._size, self._batch = streams, size, batch
        self._waiting: deque[tuple[list[T] | _End, int]] = deque()
        self._weight = 0
        self._over = False
        self._changed = threading.Condition()

    def __iter__(self) -> Iterator[T]:
        """Every item of every stream. Raises what a stream raises; the others end then, and if nobody reads on."""
        threads = [threading.Thread(target=self._read, args=(stream,), daemon=True) for stream in self._streams]
        for thread in threads:
            thread.start()
        left = len(threads)
        try:
            while left:
                found = self._get()
                if isinstance(found, _End):
                    left -= 1
                    if found.error is not None:
                        raise found.error
                else:
                    yield from found
        finally:
            with self._changed:
                self._over = True
                self._changed.notify_all()
            for thread in threads:
                thread.join()

    def _read(self, stream: Iterable[T]) -> None:
        error: BaseException | None = None
        iterator = iter(stream)
        try:
            self._pass_on(iterator)
        except BaseException as caught:  # noqa: BLE001 - it is raised again by whoever reads
            error = caught
        finally:
            if close := getattr(iterator, "close", None):
                close()
        self._put(_End(error), 0)

    def _pass_on(self, iterator: Iterator[T]) -> None:
        batch: list[T] = []
        weight = 0
        for item in iterator:
            batch.append(item)
            weight += self._size(item) + 1
            if weight >= self._batch:
                if not self._put(batch, weight):
                    return
                batch, weight = [], 0
        if batch:
            self._put(batch, weight)

    def _put(self, what: list[T] | _End, weight: int) -> bool:
        """Whether somebody still wants it. It waits for room; an item that is heavier than all of it goes alone."""
        most = self._batch * _MOST_WAITING
        with self._changed:
            self._changed.wait_for(lambda: self._over or not self._waiting or self._weight + weight <= most)
            if self._over:
                return False
            self._waiting.append((what, weight))
            self._weight += weight
            self._changed.notify_all()
            return True

    def _get(self) -> list[T] | _End:
        with self._changed:
            self._changed.wait_for(lambda: bool(self._waiting))
            found, weight = self._waiting.popleft()
            self._weight -= weight
            self._changed.notify_all()
            return found
