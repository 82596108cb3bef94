"""Errors that nobody expected: told to the log and to the error tracker, without anything that a client sent.

What an exception says may hold what a client sent (PostgreSQL quotes the row), so it is told by its type and by where
it was raised. Only what is raised with a text of our own, :class:`Told`, is told with it.
"""

from __future__ import annotations

import asyncio
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .problems import log
from .settings import Settings

if TYPE_CHECKING:
    from sentry_sdk.types import Event

FLUSH_SECONDS = 2.0
_OURS = Path(__file__).parent


class Told(Exception):
    """An error whose text holds nothing of a client's; ``marker`` is a tag to find it by."""

    def __init__(self, text: str, marker: str = "") -> None:
        super().__init__(text)
        self.marker = marker


class Tracker:
    """Tells of errors by Sentry's protocol; its library is loaded when there is something to tell."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._begun = False

    async def tell(self, error: Exception, method: str, route: str) -> None:
        """Log ``error``, and have it sent where there is a tracker. ``route`` is the path's template."""
        log.error("%s %s: %s at %s", method, route, type(error).__qualname__, " < ".join(places(error)))
        if self._settings.sentry_dsn:
            await asyncio.to_thread(self._send, error, f"{method} {route}")

    def _send(self, error: Exception, transaction: str) -> None:
        import sentry_sdk

        if not self._begun:
            self._begin()
        with sentry_sdk.new_scope() as scope:
            scope.set_transaction_name(transaction)
            scope.set_tag("colour", self._settings.colour)
            if isinstance(error, Told) and error.marker:
                scope.set_tag("marker", error.marker)
            scope.capture_exception(error)
        sentry_sdk.flush(FLUSH_SECONDS)

    def _begin(self) -> None:
        import sentry_sdk

        sentry_sdk.init(
            dsn=self._settings.sentry_dsn,
            release=self._settings.release,
            default_integrations=False,
            auto_enabling_integrations=False,
            send_default_pii=False,
            include_local_variables=False,
            max_breadcrumbs=0,
            server_name="",
            before_send=scrubbed,
        )
        self._begun = True


def scrubbed(event: Event, hint: dict[str, Any]) -> Event:
    """``event`` with what our own code wrote and no more: no request, no user, no text of others' exceptions."""
    for part in ("request", "user", "breadcrumbs", "extra", "server_name", "modules"):
        event.pop(part, None)  # type: ignore[misc]
    chain: Any = event.get("exception", {}).get("values", [])
    error = hint.get("exc_info", (None, None))[1]
    for one in chain:
        # Only the last of a chain is the error itself; what caused it may say anything.
        if one is not chain[-1] or not isinstance(error, Told):
            one["value"] = ""
    return event


def places(error: Exception, most: int = 5) -> list[str]:
    """Where ``error`` was raised, then the app's own lines on the way there, innermost first; none of its text."""
    frames = traceback.extract_tb(error.__traceback__)[::-1]
    ours = [frame for frame in frames[1:] if Path(frame.filename).is_relative_to(_OURS)]
    return [f"{Path(frame.filename).name}:{frame.lineno} {frame.name}" for frame in [*frames[:1], *ours]][:most]


class Watched:
    """The outermost layer: whatever comes out of the app is told here, and the server never logs it with its text."""

    def __init__(self, app: ASGIApp, tracker: Tracker) -> None:
        self._app, self._tracker = app, tracker

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The ASGI entry."""
        whole = False

        async def noted(message: Message) -> None:
            nonlocal whole
            await send(message)
            whole = message["type"] == "http.response.body" and not message.get("more_body", False)

        try:
            await self._app(scope, receive, noted)
        except Exception as error:
            if scope["type"] == "lifespan":
                raise
            route = getattr(scope.get("route"), "path", "(no route)")
            await self._tracker.tell(error, str(scope.get("method", scope["type"])), route)
            if not whole:
                # The answer is cut short, and the client must see that: the server closes the connection.
                raise ConnectionAbortedError(f"{type(error).__qualname__} before the end of the answer") from None
