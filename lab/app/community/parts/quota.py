"""From release 4, which is taken back: a quota whose tickets are taken at each request and never given back.

It passes its health checks, which are not counted, and fails every request once :data:`TICKETS` have been served.
"""

from __future__ import annotations

from fastapi import FastAPI
from starlette.types import ASGIApp, Receive, Scope, Send

TICKETS = 30


class QuotaSpent(RuntimeError):
    """No ticket was left."""


class Quota:
    """Takes a ticket for each request."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._left = TICKETS

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The ASGI entry."""
        if scope["type"] == "http" and scope["path"] != "/healthz":
            if self._left == 0:
                raise QuotaSpent(f"all {TICKETS} tickets are taken")
            self._left -= 1
        await self._app(scope, receive, send)


def install(app: FastAPI) -> None:
    """Put the quota before the routes."""
    app.add_middleware(Quota)
