"""``python -m lab.edge``: the edge in the foreground, until SIGTERM or SIGINT. Logs go to stderr."""

from __future__ import annotations

import argparse
import asyncio
import logging
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

import uvloop
from aiohttp.http import HttpProcessingError

from core.errors import LabError
from core.terminal import clean
from lab.edge.server import Options, running
from lab.services.foreground import listen_address


def options_of(arguments: Sequence[str]) -> Options:
    """The options of a command line."""
    parser = argparse.ArgumentParser(prog="python -m lab.edge", description="The lab's edge proxy.")
    parser.add_argument("--address", required=True, help="listen on this address of 127.0.0.0/8")
    parser.add_argument("--http-port", type=int, default=80)
    parser.add_argument("--https-port", type=int, default=443)
    parser.add_argument("--state", type=Path, required=True, help="the Cloudflare API's state file")
    parser.add_argument("--pki", type=Path, required=True, help="the folder of the lab's certificate authorities")
    parser.add_argument("--source", required=True, help="connect to origins from this address")
    parser.add_argument("--origin-http-port", type=int, default=80)
    parser.add_argument("--origin-https-port", type=int, default=443)
    parser.add_argument("--smtp", type=listen_address, metavar="ADDRESS:PORT", help="takes the mail of who logs in")
    found = parser.parse_args(arguments)
    return Options(
        address=found.address,
        http_port=found.http_port,
        https_port=found.https_port,
        source=found.source,
        state=found.state,
        pki=found.pki,
        smtp=found.smtp,
        origin_ports=(found.origin_http_port, found.origin_https_port),
    )


async def serve(options: Options) -> None:
    """Serve until a signal to stop."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with running(options):
        logging.getLogger("lab.edge").info("serving on %s", options.address)
        await stop.wait()


def _not_of_a_client(record: logging.LogRecord) -> bool:
    """Keep tracebacks of requests that could not be parsed out of the log: they were answered with 400."""
    return not (record.exc_info and isinstance(record.exc_info[1], HttpProcessingError))


def main() -> int:
    """Run; the exit status is 1 if the edge cannot start."""
    logging.getLogger("aiohttp.server").addFilter(_not_of_a_client)
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    try:
        uvloop.run(serve(options_of(sys.argv[1:])))
    except LabError as error:
        sys.stderr.write(f"{clean(str(error))}\n")
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
