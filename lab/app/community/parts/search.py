"""From release 3, which must never go live: search, whose index server nobody has set up.

Its health check says so for ever, as a release with a forgotten dependency would.
"""

from __future__ import annotations

import asyncio
import os

from fastapi import FastAPI

INDEX = "/run/app/search.sock"


async def _index() -> str:
    try:
        _, writer = await asyncio.open_unix_connection(INDEX)
    except OSError as error:
        return f"the index server does not answer at {INDEX} ({os.strerror(error.errno or 0)})"
    writer.close()
    return "ok"


def install(app: FastAPI) -> None:
    """Make health depend on the index."""
    app.state.checks["search"] = _index
