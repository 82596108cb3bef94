"""Runs the probes side by side and sees to it that every check has an outcome."""

from __future__ import annotations

import os
import queue
import threading
import time
import traceback
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from core.errors import LaunchReadyError
from core.terminal import clean, clean_lines
from readiness.check import Check, Evidence, Picture, Result, Said, Table, unknown
from readiness.probe import Probe, Touch, Turn
from readiness.redact import Redactor
from readiness.target import Target

WORKERS = 10
_MOST_LINE = 2000
_MOST_TEXT = 20_000
_MOST_ROWS = 1000
"""Characters, and rows of a table: what a site, a record or a log says may be without end, and a report is not."""

Told = Callable[[Result, float], None]
"""Called with each result and the seconds since the run began, from any thread, one at a time."""


@dataclass(frozen=True)
class Limits:
    """What a run may do. ``seconds`` is all the time that it has: what is not done by then cannot be told.

    ``grace`` is what probes have after it, or after Ctrl-C, to put in order what they began.
    """

    touch: Touch = Touch.BURSTS
    seconds: float = 300.0
    grace: float = 12.0


@dataclass(frozen=True)
class Ran:
    """One probe's time, for the report. ``began`` in seconds from the run's start."""

    probe: str
    began: float
    seconds: float


@dataclass(frozen=True)
class Run:
    """What came of it all: a result for every check, in the probes' order."""

    results: tuple[Result, ...]
    times: tuple[Ran, ...]
    seconds: float


class _Board:
    """Where results are put as they come."""

    def __init__(self, told: Told, redactor: Redactor) -> None:
        self._told, self._redactor = told, redactor
        self._lock = threading.Lock()
        self._began = time.monotonic()
        self.results: dict[str, Result] = {}
        self.times: list[Ran] = []
        self._closed = False

    @property
    def now(self) -> float:
        return time.monotonic() - self._began

    def put(self, result: Result) -> None:
        safe = struck(result, self._redactor)
        with self._lock:
            if not self._closed and safe.check.id not in self.results:
                self.results[safe.check.id] = safe
                self._told(safe, self.now)

    def close(self) -> None:
        """Take nothing more."""
        with self._lock:
            self._closed = True

    def timed(self, probe: Probe, began: float) -> None:
        with self._lock:
            self.times.append(Ran(name_of(probe), began, self.now - began))


def run(probes: Sequence[Probe], target: Target, limits: Limits, told: Told) -> Run:
    """Run all ``probes``, turn by turn. Raises nothing that a probe raises; Ctrl-C ends it when they have tidied up."""
    board = _Board(told, target.redactor)
    ends = time.monotonic() + limits.seconds
    allowed = [probe for probe in probes if probe.touch <= limits.touch]
    for probe in probes:
        if probe.touch > limits.touch:
            _rest(probe, board, f"it {_WHY[probe.touch]}, and nobody said --yes")
    for turn in Turn:
        _together([probe for probe in allowed if probe.turn is turn], target, board, ends, limits.grace)
    order = [check.id for probe in probes for check in probe.checks]
    return Run(tuple(board.results[id_] for id_ in order), tuple(board.times), board.now)


_WHY = {Touch.WRITES: "makes accounts of its own", Touch.BURSTS: "sends more than a visitor would, or rings an alarm"}


def name_of(probe: Probe) -> str:
    """What a probe is called: its module below ``readiness.rows``."""
    return f"{probe.row.value}: {probe.run.__module__.removeprefix('readiness.rows.')}.{probe.run.__name__}"


def _together(probes: Sequence[Probe], target: Target, board: _Board, ends: float, grace: float) -> None:
    left: queue.SimpleQueue[Probe] = queue.SimpleQueue()
    for probe in probes:
        left.put(probe)
    # What hangs past the end is left: a pool's thread would hold up the end of the process, however long.
    threads = [
        threading.Thread(target=_work, args=(left, target, board), daemon=True)
        for _ in range(min(WORKERS, len(probes)))
    ]
    for thread in threads:
        thread.start()
    try:
        _awaited(threads, ends)
        if any(thread.is_alive() for thread in threads):
            for probe in probes:
                _rest(probe, board, "it did not end in the time that the run has (--timeout)")
    except BaseException:
        board.close()
        raise
    finally:
        if any(thread.is_alive() for thread in threads):
            target.halt.now()
            _awaited(threads, time.monotonic() + grace)


def _awaited(threads: Iterable[threading.Thread], ends: float) -> None:
    for thread in threads:
        thread.join(max(0.0, ends - time.monotonic()))


def _work(left: queue.SimpleQueue[Probe], target: Target, board: _Board) -> None:
    while True:
        try:
            probe = left.get_nowait()
        except queue.Empty:
            return
        _one(probe, target, board)


def _one(probe: Probe, target: Target, board: _Board) -> None:
    began, why = board.now, "the probe ended without an answer to this"
    try:
        target.halt.wait()
        for result in probe.run(target):
            board.put(result)
    except LaunchReadyError as error:
        why = str(error)
    except Exception as error:  # noqa: BLE001 - whatever it is, what was left out cannot be told
        if os.environ.get("LAUNCH_READY_DEBUG"):
            traceback.print_exc()
        why = f"the probe failed ({type(error).__name__}: {error})"
    finally:
        _rest(probe, board, why)
        board.timed(probe, began)


def _rest(probe: Probe, board: _Board, why: str) -> None:
    for check in probe.checks:
        board.put(unknown(check, why))


def struck(result: Result, redactor: Redactor) -> Result:
    """``result`` without secrets and without control characters, each of its texts bounded."""

    def short(text: str, most: int, cleaned: Callable[[str], str]) -> str:
        # What will not be shown is not looked through either, however long it is.
        shown = cleaned(redactor.strike(text[: 2 * most]))
        return shown if len(text) <= most else f"{shown[:most]}… ({len(text)} characters in all)"

    def line(text: str) -> str:
        return short(text, _MOST_LINE, clean)

    def each(evidence: Evidence) -> Evidence:
        match evidence:
            case Said(title, text):
                return Said(line(title), short(text, _MOST_TEXT, clean_lines))
            case Table(title, columns, rows):
                shown = tuple(tuple(map(line, row)) for row in rows[:_MOST_ROWS])
                cut = f" (the first {_MOST_ROWS} of {len(rows)})" if len(rows) > _MOST_ROWS else ""
                return Table(line(title) + cut, tuple(map(line, columns)), shown)
            case Picture():
                return replace(evidence, title=line(evidence.title), alt=line(evidence.alt))

    return replace(result, summary=line(result.summary), evidence=tuple(map(each, result.evidence)))


def checks_of(probes: Iterable[Probe]) -> list[Check]:
    """Every check of ``probes``, in order."""
    return [check for probe in probes for check in probe.checks]
