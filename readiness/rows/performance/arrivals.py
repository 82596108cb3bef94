"""An open-loop load: requests begin when they are due, whether or not the earlier ones have been answered.

A load that waits for each answer before it sends the next asks less while the platform is slow, and so measures a
platform that nobody waits for. Here what a request waits for its turn counts as its time too.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from queue import SimpleQueue

from core.site import Reply

Ask = Callable[[int], Reply]
"""One request, by the number of the arrival."""


@dataclass(frozen=True)
class Arrived:
    """``seconds`` from when the request was due to the end of its answer; ``late`` what of that it waited to begin."""

    reply: Reply
    seconds: float
    late: float


def load(askers: Sequence[Ask], count: int, per_second: float) -> list[Arrived]:
    """``count`` requests, evenly ``per_second``; as many may be on their way at once as there are ``askers``, each of
    which is used by one thread alone.
    """
    began = time.monotonic() + 0.05
    # First in, first out: each is asked as often as the others, for limits are on each.
    free: SimpleQueue[Ask] = SimpleQueue()
    for asker in askers:
        free.put(asker)

    def one(number: int) -> Arrived:
        ask = free.get()
        due = began + number / per_second
        time.sleep(max(0.0, due - time.monotonic()))
        begun = time.monotonic()
        try:
            reply = ask(number)
        finally:
            free.put(ask)
        return Arrived(reply, time.monotonic() - due, begun - due)

    with ThreadPoolExecutor(len(askers)) as pool:
        return list(pool.map(one, range(count)))
