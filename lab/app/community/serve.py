"""The process: listens on the Unix socket that it is given, drains on SIGTERM."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import uvicorn

from . import app, parts
from .database import open_pool
from .feed import Feed
from .middleware import Drained, NamedRefusals
from .settings import Settings, SettingsError, from_environment, need
from .tracker import Watched

# What is in flight gets the drain after SIGTERM; then streams are told to go, and get two farewells to do so.
# All of it is below the unit's TimeoutStopSec (40 s).
DRAIN_SECONDS = 30.0
FAREWELL_SECONDS = 3
POLL_SECONDS = 0.05


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


class DrainingServer(uvicorn.Server):
    """Lets WebSockets and streams go on while it drains, and tells them to go only when that time is over.

    uvicorn's own shutdown would close every WebSocket as soon as SIGTERM comes.
    """

    def __init__(self, config: uvicorn.Config, feed: Feed, drain: float) -> None:
        super().__init__(config)
        self._feed, self._drain = feed, drain

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Take no more, finish what is in flight, tell what is still open after ``drain`` seconds, and end."""
        for listener in self.servers:
            listener.close()
        for each in sockets or []:
            each.close()
        for connection in list(self.server_state.connections):
            if not self._is_websocket(connection):
                connection.shutdown()
        ends = time.monotonic() + self._drain
        while self.server_state.connections and not self.force_exit and time.monotonic() < ends:
            await asyncio.sleep(POLL_SECONDS)
        self._feed.drained()
        ends += FAREWELL_SECONDS
        while any(map(self._is_websocket, self.server_state.connections)) and time.monotonic() < ends:
            await asyncio.sleep(POLL_SECONDS)
        await super().shutdown(sockets)

    def _is_websocket(self, connection: object) -> bool:
        return self.config.ws_protocol_class is not None and isinstance(connection, self.config.ws_protocol_class)


def server(settings: Settings, drain: float = DRAIN_SECONDS) -> uvicorn.Server:
    """The HTTP server around the app. Each answer, the server's own 400 and 500 too, names release and colour."""
    names = [("X-Release", settings.release), ("X-Colour", settings.colour)]
    community = app.create(settings, open_pool(settings.database_url), parts.present())
    return DrainingServer(
        uvicorn.Config(
            Watched(Drained(NamedRefusals(community, names)), community.state.tracker),
            http="httptools",
            ws="websockets-sansio",
            ws_max_size=app.MOST_BODY_BYTES,
            lifespan="on",
            log_level="warning",
            access_log=False,
            server_header=False,
            proxy_headers=False,
            headers=names,
            timeout_graceful_shutdown=FAREWELL_SECONDS,
        ),
        community.state.feed,
        drain,
    )


async def run(settings: Settings, path: Path, drain: float) -> None:
    """Serve at ``path`` until SIGTERM or SIGINT, then finish what is in flight within ``drain`` seconds."""
    await server(settings, drain).serve(sockets=[listen(path)])


def drain_seconds(environment: Mapping[str, str]) -> float:
    """``APP_DRAIN_SECONDS``, or :data:`DRAIN_SECONDS` without it. Raises :class:`SettingsError`."""
    text = environment.get("APP_DRAIN_SECONDS", "")
    try:
        drain = float(text or DRAIN_SECONDS)
    except ValueError:
        drain = -1.0
    if not 0 <= drain <= DRAIN_SECONDS:
        raise SettingsError(f"APP_DRAIN_SECONDS must be a number from 0 to {DRAIN_SECONDS:g}")
    return drain


def main(root: Path) -> int:
    """Serve the release unpacked at ``root``; after a drain the process ends by the signal itself, as uvicorn has it.

    Returns 1, with a sentence on standard error, if it cannot start.
    """
    try:
        settings = from_environment(os.environ, root)
        path = Path(need(os.environ, "APP_SOCKET"))
        with contextlib.suppress(KeyboardInterrupt):
            asyncio.run(run(settings, path, drain_seconds(os.environ)))
    except (SettingsError, OSError) as error:
        sys.stderr.write(f"serve: {error}\n")
        return 1
    return 0
