"""The processes of the lab's containers, found by the cgroup that each was started in, or is about to enter.

No file says which process a host is: such a file outlives its process, and the number goes to another. A process is
its number and its start time together, and is signalled through a pidfd, so that a number used again is never hit.
"""

from __future__ import annotations

import os
import signal
from dataclasses import dataclass
from pathlib import Path

_PROC = Path("/proc")
# States of proc_pid_stat(5) in which a process is over: it only waits for its parent to ask.
_OVER = {"Z", "X"}
# What `container.launch_argv` goes through until the container is in its cgroup.
_LAUNCHERS = {"setsid", "sh", "systemd-run", "systemd-nspawn"}


@dataclass(frozen=True)
class Process:
    """One process of a container. ``started``: clock ticks after the machine's boot."""

    pid: int
    started: int
    leads: bool
    """Whether it is the container's first process, whose end is the end of all others."""


def scan(prefix: str, proc: Path = _PROC) -> dict[str, list[Process]]:
    """The live processes of each container whose name begins with ``prefix``, by that name."""
    found: dict[str, list[Process]] = {}
    for folder in proc.iterdir():
        if not folder.name.isdecimal():
            continue
        try:
            machine = machine_of((folder / "cgroup").read_text(), prefix) or _launched(folder, prefix)
            process = _read(folder) if machine else None
        except (FileNotFoundError, ProcessLookupError):
            continue
        if machine and process:
            found.setdefault(machine, []).append(process)
    return found


def machine_of(cgroup: str, prefix: str) -> str | None:
    """The container that a ``/proc/PID/cgroup`` text (cgroups(7)) puts its process in, if its name has ``prefix``."""
    for line in cgroup.splitlines():
        for name in line.split(":", 2)[-1].split("/"):
            if name.startswith(prefix):
                return name.removesuffix(".scope")
    return None


def launched_machine(cmdline: str, prefix: str) -> str | None:
    """The container that a ``/proc/PID/cmdline`` text is about to start: it is not in its cgroup yet."""
    words = cmdline.split("\0")
    if Path(words[0]).name not in _LAUNCHERS:
        return None
    option = "--machine="
    return next((word.removeprefix(option) for word in words if word.startswith(option + prefix)), None)


def parse_stat(text: str) -> tuple[str, int]:
    """State and start time of a ``/proc/PID/stat`` text; the command in it may hold spaces and parentheses."""
    fields = text.rpartition(")")[2].split()
    return fields[0], int(fields[19])


def parse_namespaces(status: str) -> list[int]:
    """The process's numbers in each of its PID namespaces, ours first, from a ``/proc/PID/status`` text."""
    for line in status.splitlines():
        if line.startswith("NSpid:"):
            return [int(number) for number in line.split()[1:]]
    return []


def leader(processes: list[Process]) -> Process | None:
    """The container's first process, if it is up."""
    return next((process for process in processes if process.leads), None)


def send(process: Process, number: int) -> bool:
    """Signal exactly this process; false if it is over already."""
    try:
        descriptor = os.pidfd_open(process.pid)
    except ProcessLookupError:
        return False
    try:
        # The descriptor stays with whichever process it was opened on: now look whether that is the one meant.
        state, started = parse_stat((_PROC / str(process.pid) / "stat").read_text())
        if started != process.started or state in _OVER:
            return False
        signal.pidfd_send_signal(descriptor, number)
    except (FileNotFoundError, ProcessLookupError):
        return False
    finally:
        os.close(descriptor)
    return True


def kill(processes: list[Process]) -> None:
    """End them without a word, the first process of the container before the others: all of it stops at once."""
    for process in sorted(processes, key=lambda each: not each.leads):
        send(process, signal.SIGKILL)


def _launched(folder: Path, prefix: str) -> str | None:
    return launched_machine((folder / "cmdline").read_text(errors="replace"), prefix)


def _read(folder: Path) -> Process | None:
    state, started = parse_stat((folder / "stat").read_text())
    if state in _OVER:
        return None
    numbers = parse_namespaces((folder / "status").read_text())
    return Process(int(folder.name), started, leads=numbers[1:] == [1])
