"""``python -m lab.mail --smtp 127.0.0.5:2525 --http 127.0.0.5:8025``"""

from __future__ import annotations

import argparse
import asyncio

from aiohttp import web

from lab.mail.server import application, smtp_session
from lab.services.foreground import listen_address, log_to_stderr, until_stopped
from lab.sink.shelf import Shelf


async def serve(smtp: tuple[str, int], http: tuple[str, int]) -> None:
    """Serve both until SIGTERM."""
    shelf = Shelf()
    runner = web.AppRunner(application(shelf), access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, *http, shutdown_timeout=0.5).start()
        server = await asyncio.get_running_loop().create_server(lambda: smtp_session(shelf), *smtp)
        await until_stopped()
        server.close()
    finally:
        await runner.cleanup()


def main() -> None:
    """Parse the command line and serve."""
    parser = argparse.ArgumentParser(prog="lab.mail", description="Take mail, deliver none; list it at /messages.")
    parser.add_argument("--smtp", type=listen_address, required=True, metavar="ADDRESS:PORT")
    parser.add_argument("--http", type=listen_address, required=True, metavar="ADDRESS:PORT")
    arguments = parser.parse_args()
    log_to_stderr()
    asyncio.run(serve(arguments.smtp, arguments.http))


if __name__ == "__main__":
    main()
