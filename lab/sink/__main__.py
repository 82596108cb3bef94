"""``python -m lab.sink --listen 127.0.0.6:8080``"""

from __future__ import annotations

import argparse
import asyncio

from aiohttp import web

from lab.services.foreground import listen_address, log_to_stderr, until_stopped
from lab.sink.server import application
from lab.sink.shelf import Shelf


async def serve(address: str, port: int) -> None:
    """Serve until SIGTERM."""
    runner = web.AppRunner(application(Shelf()), access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, address, port, shutdown_timeout=0.5).start()
        await until_stopped()
    finally:
        await runner.cleanup()


def main() -> None:
    """Parse the command line and serve."""
    parser = argparse.ArgumentParser(prog="lab.sink", description="Record any HTTP request; list them at /received.")
    parser.add_argument("--listen", type=listen_address, required=True, metavar="ADDRESS:PORT")
    arguments = parser.parse_args()
    log_to_stderr()
    asyncio.run(serve(*arguments.listen))


if __name__ == "__main__":
    main()
