"""One whole process: how long it took, and the most memory that it had."""

from __future__ import annotations

import os
import subprocess
import tempfile
import time
from collections.abc import Collection
from dataclasses import dataclass

from core.errors import LabError


@dataclass(frozen=True)
class Took:
    """``seconds`` from its start to its end; ``peak_bytes`` resident, of the process itself (wait4(2)); its words.

    ``cpu`` is the seconds of the processor, those of the processes that it waited for among them.
    """

    seconds: float
    peak_bytes: int
    said: str
    cpu: float = 0.0


def timed(command: list[str], ends: Collection[int] = (0,)) -> Took:
    """Run a command to its end. Raises :class:`LabError` with its last words if it ends with none of ``ends``."""
    with tempfile.TemporaryFile() as said:
        began = time.perf_counter()
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=said, stderr=said)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        said.seek(0)
        words = said.read().decode(errors="replace").strip()
    if process.returncode not in ends:
        raise LabError(f"`{' '.join(command)[:120]}` ended with {process.returncode}: {words[-400:]}")
    return Took(seconds, usage.ru_maxrss * 1024, words, usage.ru_utime + usage.ru_stime)
