"""The machine's limit on inotify instances: every host's systemd takes a few, and Debian gives a user 128 in all.

The former value is kept in /run, which a reboot empties as it resets the limit, and not in one lab's folder: of two
labs on a machine the last to go puts it back.
"""

from __future__ import annotations

from pathlib import Path

from core.errors import LabError
from lab.hosts import processes
from lab.hosts.host import MACHINES
from lab.hosts.lock import locked

LIMIT = Path("/proc/sys/fs/inotify/max_user_instances")
FORMER = Path("/run/launch-ready-inotify")
WANTED = 4096
# Seen with Debian 12: four a host.
A_HOST = 6


def make_room(hosts: int) -> None:
    """Raise the limit for ``hosts`` hosts unless it is high enough. Raises :class:`LabError` if it cannot be."""
    with locked(FORMER.parent):
        limit = int(LIMIT.read_text())
        if limit >= WANTED:
            return
        try:
            LIMIT.write_text(f"{WANTED}\n")
            FORMER.write_text(f"{limit}\n")
        except OSError as error:
            if limit < hosts * A_HOST:
                raise LabError(
                    f"{hosts} hosts need more than the {limit} inotify instances of fs.inotify.max_user_instances, "
                    f"and it cannot be raised here: {error.strerror}"
                ) from None


def give_back() -> None:
    """Put the former limit back once no lab on this machine has a host."""
    with locked(FORMER.parent):
        if FORMER.exists() and not processes.scan(MACHINES):
            LIMIT.write_text(FORMER.read_text())
            FORMER.unlink()
