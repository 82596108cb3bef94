"""What a service's own main function needs: a checked address, a log on stderr, an end on SIGTERM."""

from __future__ import annotations

import argparse
import asyncio
import logging
import signal
import sys

from core.errors import LabError
from core.loopback import require_loopback


def listen_address(text: str) -> tuple[str, int]:
    """``text`` as ``address:port`` of 127.0.0.0/8, as an argparse type."""
    address, _, port = text.rpartition(":")
    try:
        require_loopback(address)
    except LabError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
    if not port.isdecimal() or not 1 <= int(port) <= 65535:
        raise argparse.ArgumentTypeError(f"{text!r} needs a port from 1 to 65535 after its colon")
    return address, int(port)


def log_to_stderr() -> None:
    """Log with the time, level and logger's name."""
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")


async def until_stopped() -> None:
    """Return when the process is sent SIGTERM or SIGINT."""
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    await stopped.wait()
