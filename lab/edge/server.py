"""The edge as a running server: two listeners, one pool of origins, and the Cloudflare state followed."""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from aiohttp import web

from core.errors import LabError
from core.loopback import require_loopback
from core.terminal import clean
from edge.rate_limit import Counters
from lab.cloudflare.snapshot import Follower, Snapshot, health_file
from lab.edge.origin import Origins
from lab.edge.proxy import Edge
from lab.edge.sites import sites_of
from lab.edge.team import Team
from lab.edge.tls import ClientSide
from lab.edge.tokens import Tokens
from lab.pki import Pki
from lab.place import ZONE

LOG: Final = logging.getLogger("lab.edge")
POLL_SECONDS: Final = 0.1
STOP_SECONDS: Final = 0.5
# Cloudflare keeps a client's idle connection for 400 s, and takes 16 KiB of URL and 128 KiB of header fields.
_CLIENT_KEEPALIVE: Final = 400
_MAX_LINE: Final = 16 * 1024
_MAX_FIELD: Final = 128 * 1024
_BACKLOG: Final = 1024


@dataclass(frozen=True)
class Options:
    """Where the edge listens, where its connections to origins come from and go to, and what it follows.

    ``smtp`` takes the mail with which people log in.
    """

    address: str
    http_port: int
    https_port: int
    source: str
    state: Path
    pki: Path
    origin_ports: tuple[int, int] = (80, 443)
    smtp: tuple[str, int] | None = None


@asynccontextmanager
async def running(options: Options) -> AsyncIterator[None]:
    """Serve while the context lasts; requests in flight get a moment to end after that.

    Raises :class:`LabError` for an address outside of 127.0.0.0/8 or a port that cannot be had.
    """
    require_loopback(options.address)
    require_loopback(options.source)
    pki = Pki(options.pki)
    tls = ClientSide(pki, ZONE)
    async with Origins(pki, options.source, options.origin_ports) as origins:
        tokens = Tokens(pki)
        edge = Edge(origins, Counters(time.monotonic), tokens, Team(tokens, options.smtp))
        follower = _Follow(Follower(options.state), edge, tls, health_file(options.state))
        follower.once()
        runner = web.ServerRunner(
            web.Server(
                edge.handle,
                access_log=None,
                keepalive_timeout=_CLIENT_KEEPALIVE,
                max_line_size=_MAX_LINE,
                max_field_size=_MAX_FIELD,
            ),
            shutdown_timeout=STOP_SECONDS,
        )
        await runner.setup()
        following = asyncio.ensure_future(follower.forever())
        try:
            await _listen(runner, options, tls)
            yield
        finally:
            following.cancel()
            await runner.cleanup()


async def _listen(runner: web.ServerRunner, options: Options, tls: ClientSide) -> None:
    for port, context in ((options.http_port, None), (options.https_port, tls.context)):
        try:
            await web.TCPSite(runner, options.address, port, ssl_context=context, backlog=_BACKLOG).start()
        except OSError as error:
            raise LabError(
                f"the edge cannot listen on {options.address}:{port}: {error.strerror}; stop what does, or set "
                "LAUNCH_READY_NET to another number"
            ) from None


class _Follow:
    """Keeps the edge at the last state that could be read."""

    def __init__(self, follower: Follower, edge: Edge, tls: ClientSide, health: Path) -> None:
        self._follower = follower
        self._edge = edge
        self._tls = tls
        self._complaint = ""
        self._purged: frozenset[str] = frozenset()
        self._health = health
        self._healths = 0

    def once(self) -> None:
        self._follow_health()
        try:
            snapshot = self._follower.poll()
            if snapshot is None:
                return
            sites = sites_of(snapshot, self._edge.live)
            self._tls.follow(sites)
        except LabError as error:
            self._complain(str(error))
            return
        self._edge.sites = sites
        self._purge(snapshot)
        self._complaint = ""
        LOG.info("revision %d: %d proxied names", snapshot.revision, len(sites.by_host))
        for warning in sites.warnings:
            LOG.warning("%s", clean(warning))

    async def forever(self) -> None:
        while True:
            await asyncio.sleep(POLL_SECONDS)
            self.once()

    def _follow_health(self) -> None:
        """Take over what the API's monitors have found; where there is nothing to read, what was found before stays."""
        try:
            changed = self._health.stat().st_mtime_ns
            if changed != self._healths:
                self._edge.live.health = json.loads(self._health.read_bytes())
                self._healths = changed
        except FileNotFoundError:
            return

    def _purge(self, snapshot: Snapshot) -> None:
        """Drop from the cache what was asked for since the last look."""
        asked = {purge.id: (purge, zone.name) for zone in snapshot.zones for purge in zone.purges}
        for identifier, (purge, zone) in asked.items():
            if identifier not in self._purged:
                self._edge.cache.purge(purge, zone)
        self._purged = frozenset(asked)

    def _complain(self, text: str) -> None:
        """Say what is wrong once, not ten times a second."""
        if text != self._complaint:
            LOG.warning("%s", clean(text))
        self._complaint = text
