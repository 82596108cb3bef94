"""What the world gets: the release is asked for through the platform's public address."""

from __future__ import annotations

import math
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

from core.ports import Answer, Clock, EdgeProbe
from core.terminal import clean
from deploy.commands import Check

_PAUSE = 0.05


@dataclass(frozen=True)
class EdgeOutcome:
    """``verified``, or the reason why not; ``reached`` tells an edge that says something else from one that is mute."""

    verified: bool
    reached: bool
    reason: str = ""

    @property
    def words(self) -> str:
        """In a line of progress."""
        return "verified" if self.verified else self.reason


NOT_ASKED = EdgeOutcome(False, False, "not asked: the stack's section launch-ready:release has no `url`")
IN_MAINTENANCE = EdgeOutcome(False, False, "not asked: the maintenance page is on")


def is_right(answer: Answer, check: Check) -> bool:
    """Is it the status and the version that were asked for?"""
    return answer.status == check.status and answer.release == check.version


def _explain(answer: Answer, check: Check) -> EdgeOutcome:
    if not answer.status:
        return EdgeOutcome(False, False, f"the edge could not be asked: {clean(answer.reason)[:200]}")
    release = f"X-Release {clean(answer.release)[:80]!r}" if answer.release else "no X-Release"
    reason = f"the edge answers {check.path} with {answer.status} and {release}, not {check.status} {check.version!r}"
    return EdgeOutcome(False, True, reason)


class EdgeWatch:
    """The edge asked over and over in a thread of its own, while the hosts are busy; leaving the block stops it."""

    def __init__(self, edge: EdgeProbe | None, clock: Clock, check: Check, seconds: float) -> None:
        """``seconds``: how long the edge has for a right answer once :meth:`outcome` is called; 0: it is asked once."""
        self._clock = clock
        self._check = check
        self._seconds = seconds
        self._ends = math.inf if seconds else -math.inf
        self._pool = ThreadPoolExecutor(max_workers=1)
        self._outcome: Future[EdgeOutcome] | None = None
        if edge is not None:
            self._outcome = self._pool.submit(self._ask, edge)

    def __enter__(self) -> EdgeWatch:
        return self

    def __exit__(self, *_error: object) -> None:
        self._ends = -math.inf
        self._pool.shutdown(wait=False, cancel_futures=True)

    def outcome(self) -> EdgeOutcome:
        """Wait for the right answer, or for the last one there is time for."""
        self._ends = self._clock.monotonic() + self._seconds
        return self._outcome.result() if self._outcome else NOT_ASKED

    def _ask(self, edge: EdgeProbe) -> EdgeOutcome:
        while True:
            answer = edge.ask(self._check.path)
            if is_right(answer, self._check):
                return EdgeOutcome(True, True)
            if self._clock.monotonic() >= self._ends:
                return _explain(answer, self._check)
            self._clock.sleep(_PAUSE)
