"""An end before the end: whoever interrupts a run, or its time, has every probe stop and put in order what it began."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import datetime

from core.errors import CheckError
from core.ports import Clock


class Halt:
    """Threads look at it before each request, and wherever they wait."""

    def __init__(self) -> None:
        self._over = threading.Event()
        self._spared = threading.local()
        self._told: list[Callable[[], None]] = []

    def on(self, tell: Callable[[], None]) -> None:
        """Have ``tell`` called when the run is halted."""
        self._told.append(tell)

    def now(self) -> None:
        """Halt the run."""
        self._over.set()
        for tell in self._told:
            tell()

    def spare(self) -> None:
        """Let the thread that calls this go on: it tidies up."""
        self._spared.yes = True

    def wait(self, seconds: float = 0.0) -> None:
        """Come back after ``seconds``. Raises :class:`CheckError` as soon as the run is halted."""
        if getattr(self._spared, "yes", False):
            time.sleep(seconds)
        elif self._over.wait(seconds):
            raise CheckError("the run was ended before this was seen: run it again, or give it more time (--timeout)")


class HaltingClock:
    """Fulfils :class:`core.ports.Clock` as ``clock`` does; who sleeps wakes when the run is halted."""

    def __init__(self, clock: Clock, halt: Halt) -> None:
        self._clock, self._halt = clock, halt

    def now(self) -> datetime:
        """The wall clock, in UTC."""
        return self._clock.now()

    def monotonic(self) -> float:
        """Seconds that only grow."""
        return self._clock.monotonic()

    def sleep(self, seconds: float) -> None:
        """Wait. Raises :class:`CheckError` as soon as the run is halted."""
        self._halt.wait(seconds)
