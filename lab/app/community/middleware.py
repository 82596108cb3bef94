"""What every answer carries, and which requests are refused before they reach a route."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from . import problems

_SAFE = {"GET", "HEAD", "OPTIONS"}
_MOST_DRAINED = 4 * 1024 * 1024


class SecurityHeaders:
    """Adds :data:`problems.HEADERS` to each answer, unless the route has set its own."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The ASGI entry."""

        async def stamped(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in problems.HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, stamped if scope["type"] == "http" else send)


class Drained:
    """Reads what is left of a body before its refusal is sent, up to :data:`_MOST_DRAINED` bytes.

    A server that answers and closes while a proxy still sends has its answer lost: nginx makes a 502 of it.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The ASGI entry."""
        more = scope["type"] == "http"

        async def counted() -> Message:
            nonlocal more
            message = await receive()
            more = message["type"] == "http.request" and message.get("more_body", False)
            return message

        async def drained(message: Message) -> None:
            left = _MOST_DRAINED
            while message["type"] == "http.response.start" and message["status"] >= 400 and more and left > 0:
                left -= len((await counted()).get("body", b""))
            await send(message)

        await self._app(scope, counted, drained)


class SameOrigin:
    """Refuses what another site makes a signed-in browser send."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The ASGI entry."""
        # A WebSocket begins with a GET, which no browser keeps other sites from: it counts as unsafe.
        method = scope["method"] if scope["type"] == "http" else "websocket"
        if scope["type"] != "lifespan" and crosses_origins(method, Headers(scope=scope)):
            refusal = problems.response(403, "Requests from other sites can neither change nor watch anything here.")
            await refusal(scope, receive, send)
            return
        await self._app(scope, receive, send)


class NamedRefusals:
    """Adds ``headers`` to the answer that refuses a WebSocket: the server adds its own only where one is accepted."""

    def __init__(self, app: ASGIApp, headers: Sequence[tuple[str, str]]) -> None:
        self._app, self._headers = app, headers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The ASGI entry."""

        async def named(message: Message) -> None:
            if message["type"] == "websocket.http.response.start":
                MutableHeaders(scope=message).update(dict(self._headers))
            await send(message)

        await self._app(scope, receive, named if scope["type"] == "websocket" else send)


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
