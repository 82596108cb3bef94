"""One ``lab.up`` or ``lab.down`` at a time in a checkout."""

from __future__ import annotations

import errno
import hashlib
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from core.errors import LabError


@contextmanager
def alone(root: Path) -> Iterator[None]:
    """Hold the lab of the checkout ``root``. Raises :class:`LabError` at once if another command holds it.

    The lock is a name in the kernel's abstract socket namespace (unix(7)): it is no file that could be left behind or
    be removed with the folder that it guards, and it ends with the process, however that ends.
    """
    name = hashlib.sha256(os.fsencode(root.resolve())).hexdigest()
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as held:
        try:
            held.bind(f"\0launch-ready-lab-{name}")
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise
            raise LabError(
                f"another `invoke lab.up` or `invoke lab.down` is at work in {root}: try again when it is done"
            ) from None
        yield
