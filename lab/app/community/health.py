"""What a release needs to be healthy: named checks, each of which says "ok" or what is wrong."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping

import asyncpg

from .database import Pool, schema_version
from .problems import UNAVAILABLE
from .settings import SchemaRange

Check = Callable[[], Awaitable[str]]

CHECK_SECONDS = 2.0


async def examine(checks: Mapping[str, Check]) -> dict[str, str]:
    """Run every check, all at once, each within :data:`CHECK_SECONDS`; returns all outcomes."""
    outcomes = await asyncio.gather(*(_outcome(check) for check in checks.values()))
    return dict(zip(checks, outcomes, strict=True))


async def _outcome(check: Check) -> str:
    try:
        return await asyncio.wait_for(check(), CHECK_SECONDS)
    except TimeoutError:
        return f"no answer within {CHECK_SECONDS:g} s"
    except (*UNAVAILABLE, asyncpg.PostgresError) as error:
        return f"does not answer ({type(error).__name__})"


def database_check(pool: Pool, schema: SchemaRange) -> Check:
    """Whether the database answers and its schema is one that this release can live with."""

    async def check() -> str:
        version = await schema_version(pool)
        if schema.fits(version):
            return "ok"
        return f"its schema is at version {version}, and this release needs {schema.minimum} to {schema.maximum}"

    return check
