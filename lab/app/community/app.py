"""The app put together."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager

from fastapi import FastAPI
from starlette.middleware.gzip import GZipMiddleware

from . import parts, problems, tidy
from .database import Pool
from .document import Documented
from .feed import Feed
from .health import database_check
from .mail import Mailer
from .middleware import SameOrigin, SecurityHeaders
from .pages import STATIC, Assets
from .passwords import Passwords
from .routes import accounts, admin, invites, live, orgs, pages, posts, proofs, system, uploads, webhooks, workspace
from .settings import Settings
from .tracker import Tracker

MOST_BODY_BYTES = 64 * 1024


def create(settings: Settings, pool: Pool, names: Iterable[str]) -> FastAPI:
    """The app of one release: the ground and the parts in ``names``. It opens ``pool`` at its start, closes it after.

    ``X-Release`` and ``X-Colour`` are added by the server, not here: they must be on answers that never got here too.
    """
    app = Documented(
        title="Community",
        version=settings.release,
        docs_url=None,
        redoc_url=None,
        lifespan=_lifespan,
        max_body_size=MOST_BODY_BYTES,
        telemetry={"tracing": False, "metrics": False, "logs": False},
    )
    app.state.settings = settings
    app.state.pool = pool
    app.state.parts = tuple(names)
    app.state.passwords = Passwords()
    app.state.mailer = Mailer(settings.relay)
    app.state.tracker = Tracker(settings)
    app.state.feed = Feed(settings.database_url, pool)
    app.state.checks = {"database": database_check(pool, settings.schema)}
    problems.install(app)
    for module in (accounts, proofs, orgs, posts, uploads, live, invites, admin, webhooks, system, pages, workspace):
        app.include_router(module.router)
    app.mount("/static", GZipMiddleware(Assets(directory=STATIC), minimum_size=500))
    app.add_middleware(SameOrigin)
    app.add_middleware(SecurityHeaders)
    parts.install(app, app.state.parts)
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    async with app.state.pool:
        tidying = asyncio.create_task(tidy.keep_tidy(app.state.pool))
        yield
        tidying.cancel()
