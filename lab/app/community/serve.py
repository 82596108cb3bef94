"""The process: listens on the Unix socket that it is given, drains on SIGTERM."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import sys
from pathlib import Path

import uvicorn

from . import app, parts
from .database import open_pool
from .settings import Settings, SettingsError, from_environment, need

# Below the unit's TimeoutStopSec (40 s): what is in flight gets this long after SIGTERM.
DRAIN_SECONDS = 35


def listen(path: Path) -> socket.socket:
    """A listening socket at ``path``, in place of one that was left there.

    It is bound aside and renamed, so that whoever sees ``path`` can connect to it; the umask decides who may.
    """
    aside = path.with_name(f"{path.name}.new")
    aside.unlink(missing_ok=True)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(str(aside))
    listener.listen(2048)
    aside.rename(path)
    return listener


def server(settings: Settings) -> uvicorn.Server:
    """The HTTP server around the app. Each answer, the server's own 400 and 500 too, names release and colour."""
    return uvicorn.Server(
        uvicorn.Config(
            app.create(settings, open_pool(settings.database_url), parts.present()),
            http="httptools",
            ws="none",
            lifespan="on",
            log_level="warning",
            access_log=False,
            server_header=False,
            proxy_headers=False,
            headers=[("X-Release", settings.release), ("X-Colour", settings.colour)],
            timeout_graceful_shutdown=DRAIN_SECONDS,
        )
    )


async def run(settings: Settings, path: Path) -> None:
    """Serve at ``path`` until SIGTERM or SIGINT, then finish what is in flight."""
    await server(settings).serve(sockets=[listen(path)])


def main(root: Path) -> int:
    """Serve the release unpacked at ``root``; after a drain the process ends by the signal itself, as uvicorn has it.

    Returns 1, with a sentence on standard error, if it cannot start.
    """
    try:
        settings = from_environment(os.environ, root)
        path = Path(need(os.environ, "APP_SOCKET"))
        with contextlib.suppress(KeyboardInterrupt):
            asyncio.run(run(settings, path))
    except (SettingsError, OSError) as error:
        sys.stderr.write(f"serve: {error}\n")
        return 1
    return 0
