"""Real requests while the traffic moves: asked at a steady rate, each answer checked and kept."""

from __future__ import annotations

import itertools
import math
import threading
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from core.ports import Answer, Clock
from deploy.commands import Check

MOST = 50_000
_WORKERS = 8
# What a proxy answers in the app's place: nothing of the request arrived, or nothing came back.
_BY_A_PROXY = {502, 503, 504, *range(520, 528)}


@dataclass(frozen=True)
class Asked:
    """One request: when (monotonic), for how many seconds, for what, and what came back."""

    at: float
    seconds: float
    path: str
    answer: Answer


@dataclass(frozen=True)
class Counted:
    """What all requests come to.

    ``lost``: no answer, or a proxy's own; ``errors``: other 5xx; ``wrong``: another status than the right one, or
    another release than the two. ``p95_seconds`` is of those that were answered, none where none was.
    """

    requests: int
    lost: int
    errors: int
    wrong: int
    p95_seconds: float | None
    reason: str = ""


class Prober:
    """Asks for ``paths`` in turn, ``per_second`` in all, from entering its block to leaving it."""

    def __init__(self, ask: Callable[[str], Answer], paths: Sequence[str], clock: Clock, per_second: float) -> None:
        """``ask`` is called from several threads at once; at most :data:`MOST` times."""
        self.asked: list[Asked] = []
        self._ask, self._paths, self._clock, self._pause = ask, paths, clock, 1 / per_second
        self._numbers = itertools.count()
        self._over = threading.Event()
        self._threads = [threading.Thread(target=self._work, daemon=True) for _ in range(_WORKERS)]
        self._began = 0.0

    def __enter__(self) -> Prober:
        self._began = self._clock.monotonic()
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()

    def _work(self) -> None:
        for number in self._numbers:
            wait = self._began + number * self._pause - self._clock.monotonic()
            if number >= MOST or self._over.wait(max(wait, 0)):
                return
            path = self._paths[number % len(self._paths)]
            at = self._clock.monotonic()
            answer = self._ask(path)
            self.asked.append(Asked(at, self._clock.monotonic() - at, path, answer))

    def first(self, version: str, since: float) -> float | None:
        """Seconds from ``since`` until the first answer of ``version`` to what was asked after it."""
        ends = [one.at + one.seconds for one in self.asked if one.at >= since and one.answer.release == version]
        return round(min(ends) - since, 3) if ends else None


def count(asked: Collection[Asked], health: Check, versions: Collection[str]) -> Counted:
    """Hold every answer against what is right. On the health path that is its status, elsewhere one below 400."""
    lost = [one for one in asked if _lost(one.answer)]
    answered = [one for one in asked if not _lost(one.answer)]
    errors = [one for one in answered if one.answer.status >= 500]
    wrong = [one for one in answered if one.answer.status < 500 and not _right(one, health, versions)]
    times = sorted(one.seconds for one in answered)
    p95 = round(times[max(0, math.ceil(0.95 * len(times)) - 1)], 4) if times else None
    return Counted(len(asked), len(lost), len(errors), len(wrong), p95, _reason([*lost, *errors, *wrong]))


def _lost(answer: Answer) -> bool:
    return not answer.status or (answer.status in _BY_A_PROXY and not answer.release)


def _right(one: Asked, health: Check, versions: Collection[str]) -> bool:
    status = one.answer.status
    fits = status == health.status if one.path == health.path else status < 400
    return fits and one.answer.release in versions


def _reason(bad: Sequence[Asked]) -> str:
    if not bad:
        return ""
    first = min(bad, key=lambda one: one.at)
    said = first.answer.reason or f"{first.answer.status}, X-Release {first.answer.release[:80]!r}"
    return f"the first was {first.path}: {said}"
