"""New posts as they are made, on whichever host and colour: PostgreSQL's NOTIFY tells every process that listens."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from enum import StrEnum
from typing import TypeAlias
from uuid import UUID

import asyncpg

from .database import COMMAND_SECONDS, CONNECT_SECONDS, Connection, Pool
from .problems import UNAVAILABLE, log
from .views import PostView

CHANNEL = "posts"
MOST_WAITING = 256

INSERT = (
    "WITH made AS (INSERT INTO posts (space_id, author_id, body) VALUES ($1, $2, $3) RETURNING *)"
    " SELECT id, created_at, pg_notify('posts', space_id::text || ' ' || id::text) FROM made"
)
"""Stores a post and tells of it, both or neither. Takes space, author and body; gives id and created_at."""

_POST = (
    "SELECT p.id, p.space_id, p.author_id, u.name AS author, p.body, p.created_at FROM posts p"
    " JOIN users u ON u.id = p.author_id WHERE p.id = $1"
)


class End(StrEnum):
    """Why a stream of posts is over."""

    GONE = "the client left"
    DRAINED = "this release is going: connect again"
    BEHIND = "too far behind: read the space, then connect again"
    LOST = "posts may have been missed: read the space, then connect again"
    REFUSED = "there is nothing here that you can see any more"


Item: TypeAlias = PostView | End


class Subscription:
    """One reader's posts. Who falls more than :data:`MOST_WAITING` posts behind is let go."""

    def __init__(self) -> None:
        self._items: asyncio.Queue[Item] = asyncio.Queue(MOST_WAITING)
        self._ended: End | None = None

    def put(self, item: Item) -> None:
        """Add a post, or the end."""
        try:
            self._items.put_nowait(item)
        except asyncio.QueueFull:
            self._ended = End.BEHIND

    async def next(self, seconds: float) -> Item | None:
        """The next item; None if none comes within ``seconds``."""
        if self._ended and self._items.empty():
            return self._ended
        try:
            return await asyncio.wait_for(self._items.get(), seconds)
        except TimeoutError:
            return None


class Feed:
    """Every subscription of this process, over one connection that listens while there is any."""

    def __init__(self, url: str, pool: Pool) -> None:
        self._url, self._pool = url, pool
        self._subscriptions: dict[UUID, set[Subscription]] = {}
        self._changing = asyncio.Lock()
        self._connection: Connection | None = None
        self._news: asyncio.Queue[tuple[UUID, UUID]] = asyncio.Queue()
        self._delivering: asyncio.Task[None] | None = None
        self._over = False

    @asynccontextmanager
    async def subscribe(self, space_id: UUID) -> AsyncIterator[Subscription]:
        """Every post made in the space from now on. Raises what asyncpg raises if it cannot listen."""
        made = Subscription()
        async with self._changing:
            if self._connection is None:
                await self._listen()
            self._subscriptions.setdefault(space_id, set()).add(made)
        if self._over:
            made.put(End.DRAINED)
        try:
            yield made
        finally:
            await self._leave(space_id, made)

    def drained(self) -> None:
        """Tell every reader to go: the process ends."""
        self._over = True
        self._end_all(End.DRAINED)

    async def _leave(self, space_id: UUID, one: Subscription) -> None:
        readers = self._subscriptions[space_id]
        readers.discard(one)
        if not readers:
            del self._subscriptions[space_id]
        async with self._changing:
            if not self._subscriptions:
                await self._hush()

    async def _listen(self) -> None:
        connection = await asyncpg.connect(
            self._url,
            timeout=CONNECT_SECONDS,
            command_timeout=COMMAND_SECONDS,
            server_settings={"application_name": "community feed"},
        )
        try:
            await connection.add_listener(CHANNEL, self._told)
        except BaseException:
            connection.terminate()
            raise
        connection.add_termination_listener(self._cut)
        self._connection = connection
        if self._delivering is None:
            self._delivering = asyncio.create_task(self._deliver())

    async def _hush(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with contextlib.suppress(*UNAVAILABLE):
                await connection.close(timeout=CONNECT_SECONDS)
        if self._delivering is not None:
            self._delivering.cancel()
            self._delivering = None

    def _told(self, _connection: object, _pid: int, _channel: str, payload: object) -> None:
        space, _, post = str(payload).partition(" ")
        if (space_id := UUID(space)) in self._subscriptions:
            self._news.put_nowait((space_id, UUID(post)))

    def _cut(self, connection: object) -> None:
        if connection is self._connection:
            self._connection = None
            self._end_all(End.LOST)

    async def _deliver(self) -> None:
        while True:
            space_id, post_id = await self._news.get()
            try:
                row = await self._pool.fetchrow(_POST, post_id)
            except (*UNAVAILABLE, asyncpg.PostgresError) as error:
                log.warning("feed: a post could not be read (%s)", type(error).__name__)
                self._end_all(End.LOST)
                continue
            # One that was deleted meanwhile is no news.
            for reader in self._subscriptions.get(space_id, ()) if row else ():
                reader.put(PostView(**row))

    def _end_all(self, why: End) -> None:
        for readers in self._subscriptions.values():
            for reader in readers:
                reader.put(why)
