"""Faults of speed: slow flows, files that no cache keeps, and pages that are heavy or jump about."""

from __future__ import annotations

import asyncio
import base64
import itertools
import random
import struct
import zlib

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .seeding import Fault, around, route

FAULTS = (
    Fault("slow-write", "performance.write-post-p95", "performance", "one post in eight waits for something slow"),
    Fault("slow-front", "performance.homepage-p95", "performance", "one front page in eight waits for something slow"),
    Fault("slow-login", "performance.login-p95", "performance", "one login in eight waits for something slow"),
    Fault("slow-upload", "performance.upload-p95", "performance", "one upload in eight waits for something slow"),
    Fault("slow-invite", "performance.invite-p95", "performance", "one invite in eight waits for something slow"),
    Fault("slow-read", "performance.read-posts-p95", "performance", "one reading of posts in eight takes a slow query"),
    Fault("static-not-kept", "performance.caching", "performance", "static files come with a cookie"),
    Fault("style-not-compressed", "performance.compression", "performance", "a style comes as it is, whoever asks"),
    Fault("picture-late", "performance.lcp", "performance", "the front page begins with a picture of a megabyte"),
    Fault("page-heavy", "performance.weight", "performance", "the front page carries a megabyte for its scripts"),
    Fault("layout-shifts", "performance.cls", "performance", "a banner pushes the page down when it is there"),
)
_SECONDS = 1.3
_PICTURE = "/community-picture.png"
_LOOSE = {"Content-Security-Policy": "default-src 'self'; style-src 'unsafe-inline'; script-src 'unsafe-inline'"}


def _slow(flag: str, method: str, ending: str) -> None:
    """While ``flag`` is on, one in eight requests of ``method`` to a path that ends so waits."""
    turn = itertools.count()

    @around(flag)
    async def layer(app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
        if scope.get("method") == method and scope["path"].endswith(ending) and next(turn) % 8 == 0:
            await asyncio.sleep(_SECONDS)
        await app(scope, receive, send)


for _flag, _method, _ending in (
    ("slow-front", "GET", "/"),
    ("slow-login", "POST", "/login"),
    ("slow-write", "POST", "/posts"),
    ("slow-upload", "POST", "/uploads"),
    ("slow-invite", "POST", "/invites"),
):
    _slow(_flag, _method, _ending)


_reading = itertools.count()


@around("slow-read")
async def _read(app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
    if scope.get("method") == "GET" and scope["path"].endswith("/posts") and next(_reading) % 8 == 0:
        async with scope["app"].state.pool.acquire() as connection:
            await connection.execute("SELECT pg_sleep($1)", _SECONDS)
    await app(scope, receive, send)


@route("static-not-kept", "/login")
async def _with_a_style(_request: Request) -> Response:
    return HTMLResponse('<!doctype html><title>Log in</title><link rel="stylesheet" href="/static/not-kept.css">')


@route("static-not-kept", "/static/not-kept.css")
async def _style(_request: Request) -> Response:
    cookie = {"Set-Cookie": "seen=1; Secure; SameSite=Lax; HttpOnly"}
    return Response("h1 { color: navy }\n", media_type="text/css", headers=cookie)


@route("style-not-compressed", "/signup")
async def _with_another(_request: Request) -> Response:
    return HTMLResponse('<!doctype html><title>Sign up</title><link rel="stylesheet" href="/static/as-it-is.css">')


@route("style-not-compressed", "/static/as-it-is.css")
async def _as_it_is(_request: Request) -> Response:
    return Response(
        "h1 { color: navy }\n" * 200, media_type="text/css", headers={"Cache-Control": "public, max-age=300"}
    )


@around("page-heavy")
async def _heavy(app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
    # After all that is seen, so that nothing of it waits: only the bytes are too many.
    data = random.Random(1).randbytes(1_050_000)  # noqa: S311 - a weight
    more = b'<script type="application/json">"' + base64.b64encode(data) + b'"</script>'

    async def sent(message: Message) -> None:
        if message["type"] == "http.response.start":
            del MutableHeaders(scope=message)["content-length"]
        elif not message.get("more_body"):
            message = {**message, "body": message["body"] + more}
        await send(message)

    await app(scope, receive, sent if (scope.get("method"), scope["path"]) == ("GET", "/") else send)


@route("picture-late", "/")
async def _front(_request: Request) -> Response:
    markup = f'<!doctype html><title>Community</title><img src="{_PICTURE}" width="360" height="600" alt="">'
    return HTMLResponse(markup, headers=_LOOSE)


@route("picture-late", _PICTURE)
async def _picture(_request: Request) -> Response:
    return Response(noise(600, 600), media_type="image/png", headers=_LOOSE)


@route("layout-shifts", "/")
async def _shifts(_request: Request) -> Response:
    banner = "const b = document.createElement('div'); b.style.height = '300px'; document.body.prepend(b);"
    markup = (
        "<!doctype html><title>Community</title><meta name=viewport content='width=device-width'>"
        f"<h1>A place for your members</h1><p>{'Organisations, spaces and posts. ' * 30}</p>"
        f"<script>requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(() => {{{banner}}}, 50)))</script>"
    )
    return HTMLResponse(markup, headers=_LOOSE)


def noise(width: int, height: int) -> bytes:
    """A PNG of random colours, which no compression makes smaller (PNG, third edition, sections 5 and 11)."""
    chance = random.Random(1)  # noqa: S311 - colours
    rows = b"".join(b"\0" + chance.randbytes(3 * width) for _ in range(height))
    head = struct.pack(">2I5B", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", head) + _chunk(b"IDAT", zlib.compress(rows, 0)) + _chunk(b"IEND", b"")


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
