"""Pipes that hold more than the kernel gives them at first: who writes need not wait for who reads so often."""

from __future__ import annotations

import contextlib
import fcntl
from typing import IO

BYTES = 1 << 20
"""What anybody may ask for: ``/proc/sys/fs/pipe-max-size`` of pipe(7)."""


def widen(pipe: IO[bytes] | None) -> None:
    """Whoever has very many pipes keeps this one as it is."""
    if pipe is not None:
        with contextlib.suppress(OSError):
            fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, BYTES)
