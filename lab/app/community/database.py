"""The pool of connections, and what a route needs of it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated, TypeAlias

import asyncpg
from fastapi import Depends
from starlette.requests import HTTPConnection

Pool: TypeAlias = asyncpg.Pool
Connection: TypeAlias = asyncpg.Connection

# Both colours of every host hold connections at once during a release, so each keeps few and lets idle ones go.
MOST_CONNECTIONS = 5
IDLE_SECONDS = 15.0
CONNECT_SECONDS = 3.0
COMMAND_SECONDS = 10.0


def open_pool(url: str) -> Pool:
    """A pool that connects when first used: the app starts, and says what is wrong, while the database is away."""
    return asyncpg.create_pool(
        url,
        min_size=0,
        max_size=MOST_CONNECTIONS,
        max_inactive_connection_lifetime=IDLE_SECONDS,
        timeout=CONNECT_SECONDS,
        command_timeout=COMMAND_SECONDS,
        reset=_keep,
        server_settings={"application_name": "community"},
    )


async def _keep(_: Connection) -> None:
    """No route sets anything on its connection, so nothing is reset: that would be a round trip for each request.

    A transaction left open is rolled back by asyncpg itself.
    """


async def schema_version(connection: Connection | Pool) -> int:
    """The newest migration that the database has; 0 before the first. Raises what asyncpg raises."""
    if await connection.fetchval("SELECT to_regclass('schema_migrations')") is None:
        return 0
    return int(await connection.fetchval("SELECT coalesce(max(version), 0) FROM schema_migrations"))


def _pool(request: HTTPConnection) -> Pool:
    return request.app.state.pool


async def _connection(request: HTTPConnection) -> AsyncIterator[Connection]:
    async with _pool(request).acquire(timeout=CONNECT_SECONDS) as connection:
        yield connection


PoolOf = Annotated[Pool, Depends(_pool)]
Db = Annotated[Connection, Depends(_connection)]
