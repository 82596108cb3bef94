"""Faults of speed: slow flows, files that no cache keeps, and pages that are heavy or jump about."""

from __future__ import annotations

import asyncio
import itertools
import random
import struct
import zlib

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from .seeding import Fault, around, route

FAULTS = (
    Fault("slow-write", "performance.write-post-p95", "performance", "one post in eight waits for something slow"),
    Fault("slow-read", "performance.read-posts-p95", "performance", "reading posts takes a slow query"),
    Fault("static-not-kept", "performance.caching", "performance", "static files come with a cookie"),
    Fault("picture-late", "performance.lcp", "performance", "the front page begins with a picture of a megabyte"),
    Fault("layout-shifts", "performance.cls", "performance", "a banner pushes the page down when it is there"),
)
_SECONDS = 0.8
_PICTURE = "/community-picture.png"
_turn = itertools.count()
_LOOSE = {"Content-Security-Policy": "default-src 'self'; style-src 'unsafe-inline'; script-src 'unsafe-inline'"}


@around("slow-write")
async def _written(app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
    if scope.get("method") == "POST" and scope["path"].endswith("/posts") and next(_turn) % 8 == 0:
        await asyncio.sleep(_SECONDS)
    await app(scope, receive, send)


@around("slow-read")
async def _read(app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
    if scope.get("method") == "GET" and scope["path"].endswith("/posts"):
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
