"""One ``lab.up`` or ``lab.down`` at a time in a checkout."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from core.errors import LabError


@contextmanager
def alone(root: Path) -> Iterator[None]:
    """Hold the lab of the checkout ``root``. Raises :class:`LabError` at once if another command holds it.

    The lock is on the folder itself, so that it leaves no file, and it ends with the process, however that ends.
    """
    handle = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(handle)
        raise LabError(
            f"another `invoke lab.up` or `invoke lab.down` is at work in {root}: try again when it is done"
        ) from None
    try:
        yield
    finally:
        os.close(handle)
