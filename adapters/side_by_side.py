"""Several streams read at once, each in a thread of its own, given out as they come: bounded, and ended together."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Generic, TypeVar

T = TypeVar("T")

_MOST_WAITING = 32
_LOOK_SECONDS = 0.2


class _End:
    """A stream is over; ``error`` is what it ended with."""

    def __init__(self, error: BaseException | None) -> None:
        self.error = error


class SideBySide(Generic[T]):
    """``size`` says how much an item weighs; what is handed over at once is about ``batch`` of it."""

    def __init__(self, streams: Sequence[Iterable[T]], size: Callable[[T], int], batch: int = 1 << 18) -> None:
        self._streams, self._size, self._batch = streams, size, batch
        self._queue: queue.Queue[list[T] | _End] = queue.Queue(_MOST_WAITING)
        self._over = threading.Event()

    def __iter__(self) -> Iterator[T]:
        """Every item of every stream. Raises what a stream raises; the others end then, and if nobody reads on."""
        threads = [threading.Thread(target=self._read, args=(stream,), daemon=True) for stream in self._streams]
        for thread in threads:
            thread.start()
        left = len(threads)
        try:
            while left:
                found = self._queue.get()
                if isinstance(found, _End):
                    left -= 1
                    if found.error is not None:
                        raise found.error
                else:
                    yield from found
        finally:
            self._over.set()
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
        self._put(_End(error))

    def _pass_on(self, iterator: Iterator[T]) -> None:
        batch: list[T] = []
        weight = 0
        for item in iterator:
            batch.append(item)
            weight += self._size(item) + 1
            if weight >= self._batch:
                if not self._put(batch):
                    return
                batch, weight = [], 0
        if batch:
            self._put(batch)

    def _put(self, what: list[T] | _End) -> bool:
        """Whether somebody still wants it."""
        while not self._over.is_set():
            try:
                self._queue.put(what, timeout=_LOOK_SECONDS)
            except queue.Full:
                continue
            return True
        return False
