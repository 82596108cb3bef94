"""What a signal does for as long as something is at work."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Any

Handler = Callable[[int, FrameType | None], Any]

INTERRUPTED = 130
_SHOW_CURSOR = "\x1b[?25h"


@contextmanager
def handled(handlers: Mapping[signal.Signals, Handler]) -> Iterator[None]:
    """Handle each signal so inside the block, and as before after it. Of the main thread alone (:mod:`signal`)."""
    kept = {number: signal.signal(number, handler) for number, handler in handlers.items()}
    try:
        yield
    finally:
        for number, handler in kept.items():
            signal.signal(number, handler)


@contextmanager
def stopping(once: str, twice: str) -> Iterator[None]:
    """What asks to end is heard once, and then not again: only Ctrl-C a second time ends the process, at once.

    The first SIGINT, SIGTERM or SIGHUP says ``once`` and raises :class:`KeyboardInterrupt`, so that what was begun is
    put in order. A second SIGINT says ``twice`` and exits with 130, whatever goes on. CI systems send SIGTERM after
    SIGINT, a terminal that closes sends SIGHUP several times: that is not somebody who wants it to end at once.
    """
    begun = False

    def handle(number: int, _frame: FrameType | None) -> None:
        nonlocal begun
        if not begun:
            begun = True
            _say(once)
            raise KeyboardInterrupt
        if number == signal.SIGINT:
            _say(twice)
            os._exit(INTERRUPTED)

    with handled(dict.fromkeys((signal.SIGINT, signal.SIGTERM, signal.SIGHUP), handle)):
        yield


def _say(words: str) -> None:
    """Straight to the terminal: whoever was interrupted may hold what `print` needs."""
    cursor = _SHOW_CURSOR if sys.stderr.isatty() else ""
    with suppress(OSError):
        os.write(2, f"{cursor}\n{words}\n".encode())
