"""A cgroup of its own for each container, where no systemd runs the machine and would make it a scope."""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path

from core.errors import LabError
from lab.hosts.mounts import Mount, mounted, unmount

_BUSY_SECONDS = 2.0


def systemd_runs() -> bool:
    """Whether systemd is the machine's first process, as sd_booted(3) finds out."""
    return Path("/run/systemd/system").is_dir()


def make(machine: str) -> list[Path]:
    """Make the container's cgroups, one in each hierarchy that systemd-nspawn uses; none where systemd makes a scope.

    Raises :class:`LabError` where the machine has no cgroup hierarchy to put it in.
    """
    if systemd_runs():
        return []
    made = _paths(machine)
    if not made:
        raise LabError("this machine has no cgroup file system mounted, and the lab's hosts cannot boot without one")
    for path in made:
        path.mkdir(exist_ok=True)
    return made


def remove(machine: str) -> None:
    """Remove what :func:`make` made. The container must be over; its last process may still be on its way out."""
    if systemd_runs():
        return
    deadline = time.monotonic() + _BUSY_SECONDS
    for top in _paths(machine):
        while top.is_dir() and not _removed(top) and time.monotonic() < deadline:
            time.sleep(0.02)


def sweep(machine: str) -> None:
    """Remove what systemd-nspawn keeps about a container and does not clean up when it is killed."""
    for path in Path("/run/systemd/nspawn").glob(f"*/{machine}"):
        unmount(path)
        shutil.rmtree(path)


def hierarchies(mounts: list[Mount]) -> list[Path]:
    """Where systemd-nspawn puts a container: version 2, and version 1's hierarchy ``name=systemd``."""
    return [
        mount.point
        for mount in mounts
        if mount.kind == "cgroup2" or (mount.kind == "cgroup" and "name=systemd" in mount.options.split(","))
    ]


def _paths(machine: str) -> list[Path]:
    return [point / machine for point in hierarchies(mounted())]


def _removed(top: Path) -> bool:
    for folder, _folders, _files in os.walk(top, topdown=False):
        try:
            Path(folder).rmdir()
        except OSError:
            return False
    return True
