"""What every answer carries, and which requests are refused before they reach a route."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from . import problems

_SAFE = {"GET", "HEAD", "OPTIONS"}
_HEADERS = {
    "Cache-Control": "private, no-store",
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}


class SecurityHeaders:
    """Adds the headers above to each answer, unless the route has set its own."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The ASGI entry."""

        async def stamped(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, stamped if scope["type"] == "http" else send)


class SameOrigin:
    """Refuses what another site makes a signed-in browser send."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The ASGI entry."""
        if scope["type"] == "http" and crosses_origins(scope["method"], Headers(scope=scope)):
            refusal = problems.response(403, "Requests from other sites cannot change anything here.")
            await refusal(scope, receive, send)
            return
        await self._app(scope, receive, send)


def crosses_origins(method: str, headers: Mapping[str, str]) -> bool:
    """Whether a browser says that another site caused this unsafe request.

    Browsers set Sec-Fetch-Site, and older ones Origin; with neither, the client is no browser and carries no one
    else's cookies. The rules are those of Go's ``http.CrossOriginProtection``.
    """
    if method in _SAFE:
        return False
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site not in {"same-origin", "none"}
    origin = headers.get("origin")
    return origin is not None and urlsplit(origin).netloc != headers.get("host")
