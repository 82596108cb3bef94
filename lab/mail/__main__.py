"""``python -m lab.mail --smtp 127.0.0.5:2525 --exchanger 127.0.0.5:2526 --source 127.0.0.25 --http … --stack FILE``"""

from __future__ import annotations

import argparse
import asyncio
from pathlib import Path

from aiohttp import web

from core.loopback import require_loopback
from lab.mail.exchanger import application, exchanger_session
from lab.mail.relay import Relay, relay_session
from lab.mail.signing import Signer
from lab.services.foreground import listen_address, log_to_stderr, until_stopped
from lab.sink.shelf import Shelf


async def serve(arguments: argparse.Namespace) -> None:
    """Serve all three until SIGTERM."""
    shelf, loop = Shelf(), asyncio.get_running_loop()
    signer = Signer(arguments.stack)
    relay = Relay(arguments.exchanger, arguments.source, signer)
    runner = web.AppRunner(application(shelf), access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, *arguments.http, shutdown_timeout=0.5).start()
        received = await loop.create_server(lambda: exchanger_session(shelf, arguments.source), *arguments.exchanger)
        submitted = await loop.create_server(lambda: relay_session(relay), *arguments.smtp)
        # Half a second for the key's derivation, beside what the first message waits for.
        early = loop.run_in_executor(None, signer.key)
        await until_stopped()
        await early
        submitted.close()
        received.close()
    finally:
        await runner.cleanup()


def main() -> None:
    """Parse the command line and serve."""
    parser = argparse.ArgumentParser(prog="lab.mail", description="Take mail, sign and deliver it; list it there.")
    where = "ADDRESS:PORT"
    parser.add_argument("--smtp", type=listen_address, required=True, metavar=where, help="takes the hosts' mail")
    parser.add_argument("--exchanger", type=listen_address, required=True, metavar=where, help="receives all mail")
    parser.add_argument("--source", type=require_loopback, required=True, help="the address that the relay comes from")
    parser.add_argument("--http", type=listen_address, required=True, metavar=where, help="lists what was received")
    parser.add_argument("--stack", type=Path, required=True, help="the stack file with the zone's name and DKIM keys")
    arguments = parser.parse_args()
    log_to_stderr()
    asyncio.run(serve(arguments))


if __name__ == "__main__":
    main()
