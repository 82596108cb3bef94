"""Overlay and tmpfs mounts: what there is, and the commands that make and undo them."""

from __future__ import annotations

import re
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from core.errors import LabError

# What our mounts are called in /proc/mounts.
SOURCE = "launch-ready"
UNMOUNT_SECONDS = 3.0


@dataclass(frozen=True)
class Mount:
    """A line of ``/proc/self/mountinfo`` (proc_pid_mountinfo(5)), as far as it matters here."""

    point: Path
    kind: str
    options: str


def parse(mountinfo: str) -> list[Mount]:
    """The mounts of a ``mountinfo`` text, in the order in which they were made."""
    mounts = []
    for line in mountinfo.splitlines():
        before, _, after = line.partition(" - ")
        kind, _source, options = (*after.split(" "), "", "", "")[:3]
        mounts.append(Mount(Path(_unescape(before.split(" ")[4])), kind, _unescape(options)))
    return mounts


def below(folder: Path) -> list[Path]:
    """The mount points at or below ``folder``, the last made first."""
    return [mount.point for mount in reversed(mounted()) if mount.point.is_relative_to(folder.resolve())]


def is_mounted(point: Path) -> bool:
    """Whether something is mounted at ``point`` itself."""
    return any(mount.point == point.resolve() for mount in mounted())


def is_used(layer: Path) -> bool:
    """Whether an overlay that is mounted now lies on ``layer``."""
    return any(
        mount.kind == "overlay" and str(layer.resolve()) in re.split("[=:,]", mount.options) for mount in mounted()
    )


def overlay_argv(lower: Sequence[Path], disk: Path, root: Path) -> list[str]:
    """Mount an overlay at ``root``: ``lower`` from the top layer to the bottom one, below what ``disk`` holds.

    Raises :class:`LabError` for a path that mount(8) would take apart at its colons or commas.
    """
    for path in (*lower, disk):
        if re.search(r"[:,\\]", str(path)):
            raise LabError(
                f"{path} has a colon, a comma or a backslash in it, and an overlay cannot lie on such a path"
            )
    layers = ":".join(str(path.resolve()) for path in lower)
    options = f"lowerdir={layers},upperdir={disk.resolve()}/upper,workdir={disk.resolve()}/work"
    return ["mount", "-t", "overlay", "-o", options, SOURCE, str(root)]


def tmpfs_argv(point: Path, size: int) -> list[str]:
    """Mount a file system of ``size`` bytes, held in memory, at ``point``."""
    return ["mount", "-t", "tmpfs", "-o", f"size={size},mode=0700", SOURCE, str(point)]


def make_overlay(lower: Sequence[Path], disk: Path, root: Path) -> None:
    """Mount an overlay at ``root``, with all the folders that it takes."""
    for folder in (disk / "upper", disk / "work", root):
        folder.mkdir(parents=True, exist_ok=True)
    # It becomes the host's "/", whatever our own umask is.
    (disk / "upper").chmod(0o755)
    run(overlay_argv(lower, disk, root))


def run(argv: Sequence[str]) -> None:
    """Run a mount command; its own words become the error."""
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    if done.returncode:
        words = " ".join(done.stderr.split()) or f"exit status {done.returncode}"
        raise LabError(f"a file system for the lab could not be mounted: {words}")


def unmount(folder: Path) -> None:
    """Unmount all at and below ``folder``. A mount that stays busy is detached, so that it goes with its last user."""
    deadline = time.monotonic() + UNMOUNT_SECONDS
    while points := below(folder):
        lazily = ["--lazy"] if time.monotonic() > deadline else []
        done = subprocess.run(["umount", *lazily, str(points[0])], capture_output=True, text=True, check=False)
        if done.returncode and lazily:
            raise LabError(f"{points[0]} could not be unmounted: {' '.join(done.stderr.split())}")
        if done.returncode:
            time.sleep(0.05)


def mounted() -> list[Mount]:
    """What is mounted now."""
    return parse(Path("/proc/self/mountinfo").read_text(encoding="utf-8", errors="surrogateescape"))


def _unescape(text: str) -> str:
    return re.sub(r"\\([0-7]{3})", lambda match: chr(int(match[1], 8)), text)
