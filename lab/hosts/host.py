"""What one host of the lab is called, where it answers and where its files are."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from core.errors import LabError
from lab.place import MAX_HOSTS, Place

Role = Literal["app", "database"]

DATABASE = "db"
DATABASE_PORT = 5432
DATABASE_USER = "app"
DATABASE_NAME = "community"

# Begins the name of each of our containers, whichever lab it is of.
MACHINES = "lr-"


@dataclass(frozen=True)
class Host:
    """One machine. Its file system is an overlay: ``disk`` holds what it wrote, ``root`` is where it is mounted."""

    place: Place
    name: str
    role: Role
    address: str

    @property
    def folder(self) -> Path:
        """All of the host's files on the machine."""
        return self.place.home / "hosts" / self.name

    @property
    def disk(self) -> Path:
        """The overlay's ``upper`` and ``work``; a file system of its own if the host's disk has a size."""
        return self.folder / "disk"

    @property
    def root(self) -> Path:
        """Where the host's file system is mounted while it is up."""
        return self.folder / "root"

    @property
    def prepared(self) -> Path:
        """Written last when the disk is made, so that a half-made one is known; names the layers it lies on."""
        return self.disk / "prepared.json"

    @property
    def console(self) -> Path:
        """What the host printed while it booted."""
        return self.folder / "console.log"

    @property
    def machine(self) -> str:
        """The container's name, which is its cgroup's too: no other lab on this machine has it."""
        return f"{machines(self.place)}{self.name}"


def machines(place: Place) -> str:
    """How the names of this lab's containers begin."""
    return f"{MACHINES}{hashlib.sha256(f'{place.root.resolve()}:{place.net}'.encode()).hexdigest()[:8]}-"


def named(place: Place, name: str) -> Host:
    """The host called ``name``: ``app-1`` … or ``db``. Raises :class:`LabError` for another name."""
    if name == DATABASE:
        return Host(place, name, "database", place.database)
    match = re.fullmatch(r"app-([1-9][0-9]{0,2})", name)
    if not match or int(match[1]) > MAX_HOSTS:
        raise LabError(f"the lab has hosts app-1 to app-{MAX_HOSTS} and {DATABASE}, and none called {name!r}")
    return Host(place, name, "app", place.host(int(match[1])))


def names(apps: int) -> list[str]:
    """The names of ``apps`` app hosts and of the database host."""
    return [*(f"app-{number}" for number in range(1, apps + 1)), DATABASE]


def existing(place: Place) -> list[Host]:
    """The hosts that have files in the lab's folder, whether they run or not."""
    folder = place.home / "hosts"
    return [named(place, path.name) for path in sorted(folder.iterdir())] if folder.is_dir() else []
