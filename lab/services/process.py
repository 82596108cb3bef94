"""Which processes are a lab's services, from the process table itself.

Each service carries its lab and its name in its environment. No file says what runs, so none can be lost or be stale:
what a killed ``lab.up`` left behind is found as surely as what a finished one started.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

LAB = "LAUNCH_READY_LAB"
SERVICE = "LAUNCH_READY_SERVICE"

_PROC = Path("/proc")
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Process:
    """A process that outlives the re-use of its number: ``started`` is in clock ticks since the machine's boot."""

    pid: int
    started: int
    session: int

    @property
    def leads(self) -> bool:
        """Whether it is the service itself, and not a child of it."""
        return self.session == self.pid

    @property
    def uptime(self) -> float:
        """Seconds since it started."""
        return max(0.0, time.clock_gettime(time.CLOCK_BOOTTIME) - self.started / _TICKS)

    @property
    def alive(self) -> bool:
        """Whether it still runs; a zombie does not."""
        return read_process(self.pid) == self

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal, unless it has gone; never to another process that was given its number since."""
        with contextlib.suppress(ProcessLookupError), _handle(self.pid) as handle:
            if self.alive:
                signal.pidfd_send_signal(handle, number)


def mark(home: Path, name: str) -> dict[str, str]:
    """The environment that makes a process the service ``name`` of the lab in ``home``."""
    return {LAB: str(home), SERVICE: name}


def running(home: Path) -> dict[str, list[Process]]:
    """The processes of each service of the lab in ``home``, the service itself first."""
    found: dict[str, list[Process]] = {}
    for entry in _PROC.iterdir():
        if entry.name.isdecimal() and (name := _service_of(int(entry.name), home)):
            process = read_process(int(entry.name))
            if process:
                found.setdefault(name, []).append(process)
    return {name: sorted(processes, key=lambda one: not one.leads) for name, processes in found.items()}


def lab_of(pid: int) -> str | None:
    """The folder of the lab that the process ``pid`` is a service of; None if it is of none."""
    return _environment(pid).get(LAB)


def read_process(pid: int) -> Process | None:
    """The process ``pid`` as it is now; None if there is none, or only a zombie (proc_pid_stat(5), fields 3, 6, 22)."""
    try:
        text = (_PROC / str(pid) / "stat").read_text(encoding="utf-8", errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return None
    # Field 2, the command's name, is in brackets and may hold spaces and brackets of its own.
    fields = text.rpartition(")")[2].split()
    if fields[0] in "ZX":
        return None
    return Process(pid, started=int(fields[19]), session=int(fields[3]))


def stop(processes: Iterable[Process], patience: float = 3.0) -> None:
    """End ``processes``: SIGTERM to those that lead, then, after ``patience`` seconds, SIGKILL to all that are left."""
    everyone = list(processes)
    for process in everyone:
        if process.leads:
            process.signal(signal.SIGTERM)
    _await_end([process for process in everyone if process.leads], patience)
    for process in everyone:
        process.signal(signal.SIGKILL)
    _await_end(everyone, patience)


def _await_end(processes: Iterable[Process], patience: float) -> None:
    """Wait until each of ``processes`` has ended, at most ``patience`` seconds for all of them together."""
    deadline = time.monotonic() + patience
    for process in processes:
        with contextlib.suppress(ProcessLookupError), _handle(process.pid) as handle:
            if process.alive:
                select.select([handle], [], [], max(0.0, deadline - time.monotonic()))


@contextlib.contextmanager
def _handle(pid: int) -> Iterator[int]:
    handle = os.pidfd_open(pid)
    try:
        yield handle
    finally:
        os.close(handle)


def _service_of(pid: int, home: Path) -> str | None:
    variables = _environment(pid)
    return variables.get(SERVICE) if variables.get(LAB) == str(home) else None


def _environment(pid: int) -> dict[str, str]:
    """What the process ``pid`` was started with; empty if it has ended or is another user's."""
    try:
        block = (_PROC / str(pid) / "environ").read_bytes()
    except OSError:
        return {}
    items = (os.fsdecode(item).partition("=") for item in block.split(b"\0"))
    return {name: value for name, _, value in items}
