"""Removes what nobody will ask for any more, every ten minutes, on every host: what is gone already costs nothing."""

from __future__ import annotations

import asyncio

import asyncpg

from .database import Pool
from .problems import UNAVAILABLE, log

PAUSE_SECONDS = 600.0

STATEMENTS = (
    "DELETE FROM limits WHERE began < now() - interval '1 day'",
    "DELETE FROM sessions WHERE expires_at <= now()",
    "DELETE FROM account_tokens WHERE expires_at < now() - interval '7 days'",
    "DELETE FROM webhooks WHERE received_at < now() - interval '1 day'",
    # An address that nobody proves is given back.
    "DELETE FROM users WHERE verified_at IS NULL AND created_at < now() - interval '7 days'",
)


async def tidy(pool: Pool) -> None:
    """Do it once. Raises what asyncpg raises."""
    for statement in STATEMENTS:
        await pool.execute(statement)


async def keep_tidy(pool: Pool) -> None:
    """Do it until cancelled; a database that is away is asked again the next time."""
    while True:
        await asyncio.sleep(PAUSE_SECONDS)
        try:
            await tidy(pool)
        except (*UNAVAILABLE, asyncpg.PostgresError) as error:
            log.warning("tidy: the database does not answer (%s)", type(error).__name__)
