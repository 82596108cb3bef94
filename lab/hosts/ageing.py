"""Time that passes for one account of the lab's app: what it was given ends, as if nobody had come for weeks."""

from __future__ import annotations

import asyncio

import asyncpg

from core.errors import LabError
from lab.hosts.identity import app_environment
from lab.place import Place

_SECONDS = 5.0
_OVER = (
    "UPDATE sessions SET expires_at = now() - interval '1 second'"
    " WHERE user_id = (SELECT id FROM users WHERE email = $1)",
    "UPDATE account_tokens SET expires_at = now() - interval '1 second'"
    " WHERE user_id = (SELECT id FROM users WHERE email = $1)",
)


def age(place: Place, email: str) -> None:
    """Have every session and mailed link of the account be over by now. Raises :class:`LabError`."""
    url = dict(line.split("=", 1) for line in app_environment(place).splitlines())["DATABASE_URL"]
    try:
        asyncio.run(_execute(url, email))
    except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        raise LabError(f"the lab's database does not do it ({type(error).__name__}): run `invoke lab.up`") from None


async def _execute(url: str, email: str) -> None:
    connection = await asyncpg.connect(url, timeout=_SECONDS)
    try:
        for statement in _OVER:
            await connection.execute(statement, email, timeout=_SECONDS)
    finally:
        await connection.close(timeout=_SECONDS)
