"""The swarm against a small TLS server that does to it what a bad release does: each loss is seen, once."""

from __future__ import annotations

import asyncio
import hashlib
import json
import ssl
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from lab.pki import Pki
from lab.place import here
from lab.swarm import Door, Plan, Tally
from lab.swarm.run import swarm
from lab.swarm.wire import Connection, LostError

HOST = "app.community.test"
NAMES = {"X-Release": "1.0.0", "X-Colour": "blue"}
SMALL = Plan((), None, here().net, members=2, rate=40, post_every=4, uploads=0, slow=0, websockets=0, events=0)
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
Script = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def _tls(folder: Path) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(*Pki(folder).origin_certificate("app", [HOST]))
    return context


def _door(folder: Path, port: int) -> Door:
    return Door("app-1", here().address(100, 254), port, str(Pki(folder).origin_ca_file), HOST)


@asynccontextmanager
async def _scripted(folder: Path, script: Script) -> AsyncIterator[Connection]:
    server = await asyncio.start_server(script, here().address(100, 254), 0, ssl=_tls(folder))
    door = _door(folder, server.sockets[0].getsockname()[1])
    connection = Connection(door, here().address(100, 1), {})
    try:
        yield connection
    finally:
        connection.close()
        server.close()


async def _asked(reader: asyncio.StreamReader) -> bytes:
    return await reader.readuntil(b"\r\n\r\n")


def _ok(body: bytes = b"ok", more: str = "") -> bytes:
    return f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\n{more}\r\n".encode() + body


async def test_a_kept_connection_that_was_closed_is_a_loss_and_nothing_is_sent_again(tmp_path: Path) -> None:
    asked: list[bytes] = []

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append(await _asked(reader))
        writer.write(_ok())
        await writer.drain()
        writer.close()

    async with _scripted(tmp_path, script) as connection:
        assert (await connection.send("GET", "/")).body == b"ok"
        await asyncio.sleep(0.2)
        with pytest.raises(LostError, match="closed while idle"):
            await connection.send("GET", "/second")
        assert len(asked) == 1
        await connection.send("GET", "/third")
        assert [line.split()[1] for line in asked] == [b"/", b"/third"]
        assert connection.opened == 2


async def test_a_close_that_was_announced_is_no_loss(tmp_path: Path) -> None:
    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await _asked(reader)
        writer.write(_ok(more="Connection: close\r\n"))
        await writer.drain()
        writer.close()

    async with _scripted(tmp_path, script) as connection:
        for _ in range(3):
            assert (await connection.send("GET", "/")).status == 200
        assert connection.opened == 3


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        (b"", "closed in the middle"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf", "closed in the middle"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n", "closed in the middle"),
        (b"NOT HTTP\r\n\r\n", "not HTTP"),
    ],
)
async def test_what_is_no_whole_answer_is_lost(tmp_path: Path, said: bytes, reason: str) -> None:
    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await _asked(reader)
        writer.write(said)
        await writer.drain()
        writer.close()

    async with _scripted(tmp_path, script) as connection:
        with pytest.raises(LostError, match=reason):
            await connection.send("GET", "/")


async def test_who_speaks_without_being_asked_is_not_believed(tmp_path: Path) -> None:
    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await _asked(reader)
        writer.write(_ok())
        await writer.drain()
        await asyncio.sleep(0.1)
        writer.write(_ok(b"stale"))
        await writer.drain()

    async with _scripted(tmp_path, script) as connection:
        await connection.send("GET", "/")
        await asyncio.sleep(0.3)
        with pytest.raises(LostError, match="spoke without being asked"):
            await connection.send("GET", "/second")


async def test_nobody_there_is_a_loss(tmp_path: Path) -> None:
    connection = Connection(_door(tmp_path, 1), here().address(100, 1), {})
    with pytest.raises(LostError, match="no connection"):
        await connection.send("GET", "/")


class Platform:
    """The routes that a swarm uses. ``trouble`` may answer a counted request in the app's place; ``end`` ends streams
    in a way of its own."""

    def __init__(self) -> None:
        self.posts: dict[str, list[dict[str, str]]] = {}
        self.files: dict[str, list[tuple[str, bytes]]] = {}
        self.trouble: Callable[[web.Request], Awaitable[web.StreamResponse | None]] | None = None
        self.end: Callable[[web.StreamResponse], Awaitable[None]] | None = None
        self.push = True
        self._readers: list[tuple[str, asyncio.Queue[dict[str, str]]]] = []

    def application(self) -> web.Application:
        space = "/api/orgs/{org}/spaces/{space}"
        made = web.Application(middlewares=[self._around], client_max_size=2**24)
        made.router.add_post("/api/auth/signup", self._answer(202))
        made.router.add_post("/api/auth/login", self._answer(200))
        made.router.add_post("/api/orgs", self._answer(201))
        made.router.add_post("/api/orgs/{org}/spaces", self._answer(201))
        made.router.add_post(f"{space}/posts", self._post)
        made.router.add_get(f"{space}/posts", self._list)
        made.router.add_post(f"{space}/uploads", self._upload)
        made.router.add_get(f"{space}/uploads", self._uploads)
        made.router.add_get(f"{space}/uploads/{{file}}", self._download)
        made.router.add_get(f"{space}/live", self._live)
        made.router.add_get(f"{space}/events", self._events)
        made.router.add_get("/{rest:.*}", self._answer(200))
        return made

    @web.middleware
    async def _around(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        if self.trouble and (answer := await self.trouble(request)) is not None:
            return answer
        answer = await handler(request)
        if not answer.prepared:
            answer.headers.update(NAMES)
        return answer

    def _answer(self, status: int) -> Handler:
        async def handler(_: web.Request) -> web.Response:
            answer = web.json_response({"id": str(uuid.uuid4())}, status=status)
            answer.set_cookie("s", "1")
            return answer

        return handler

    async def _post(self, request: web.Request) -> web.Response:
        post = {"id": str(uuid.uuid4()), "body": (await request.json())["body"]}
        space = request.path.removesuffix("/posts")
        self.posts.setdefault(space, []).append(post)
        for watched, reader in self._readers:
            if watched == space and self.push:
                reader.put_nowait(post)
        return web.json_response(post, status=201)

    async def _list(self, request: web.Request) -> web.Response:
        return web.json_response({"items": self.posts.get(request.path.removesuffix("/posts"), []), "next": None})

    async def _upload(self, request: web.Request) -> web.Response:
        content = await request.read()
        files = self.files.setdefault(request.path, [])
        files.append((hashlib.sha256(content).hexdigest(), content))
        return web.json_response({"id": str(len(files) - 1), "sha256": files[-1][0]}, status=201)

    async def _uploads(self, request: web.Request) -> web.Response:
        return web.json_response([{"sha256": digest} for digest, _ in self.files.get(request.path, [])])

    async def _download(self, request: web.Request) -> web.Response:
        folder, _, number = request.path.rpartition("/")
        return web.Response(body=self.files[folder][int(number)][1])

    async def _live(self, request: web.Request) -> web.WebSocketResponse:
        answer = web.WebSocketResponse()
        answer.headers.update(NAMES)
        await answer.prepare(request)
        await answer.send_json({"type": "ready"})

        async def tell(post: dict[str, str]) -> None:
            await answer.send_json({"type": "post", "post": post})

        leaving = asyncio.ensure_future(answer.receive())
        await self._stream(request.path.removesuffix("/live"), tell, answer, leaving)
        return answer

    async def _events(self, request: web.Request) -> web.StreamResponse:
        answer = web.StreamResponse(headers={**NAMES, "Content-Type": "text/event-stream"})
        await answer.prepare(request)
        await answer.write(b"event: ready\ndata: {}\n\n")

        async def tell(post: dict[str, str]) -> None:
            await answer.write(f"event: post\ndata: {json.dumps(post)}\nid: {post['id']}\n\n".encode())

        await self._stream(request.path.removesuffix("/events"), tell, answer, asyncio.Future())
        return answer

    async def _stream(
        self,
        space: str,
        tell: Callable[[dict[str, str]], Awaitable[None]],
        answer: web.StreamResponse,
        leaving: asyncio.Future[Any],
    ) -> None:
        reader: asyncio.Queue[dict[str, str]] = asyncio.Queue()
        self._readers.append((space, reader))
        ends = asyncio.get_running_loop().time() + 0.5
        while not leaving.done():
            getting = asyncio.ensure_future(reader.get())
            waits: list[asyncio.Future[Any]] = [getting, leaving]
            await asyncio.wait(waits, timeout=0.1, return_when=asyncio.FIRST_COMPLETED)
            if getting.done():
                await tell(getting.result())
            getting.cancel()
            if self.end and asyncio.get_running_loop().time() > ends:
                await self.end(answer)
                return


async def _swarm(platform: Platform, folder: Path, plan: Plan, enough: Callable[[Tally], bool]) -> Tally:
    """What a swarm counted until ``enough``, or for 20 s: on a busy machine a second is little."""
    runner = web.AppRunner(platform.application(), shutdown_timeout=0.1, handler_cancellation=True)
    await runner.setup()
    site = web.TCPSite(runner, here().address(100, 254), 0, ssl_context=_tls(folder))
    await site.start()
    tally, stop = Tally(), asyncio.Event()
    loop = asyncio.get_running_loop()
    ends = loop.time() + 20

    def look() -> None:
        if enough(tally) or loop.time() > ends:
            stop.set()
        else:
            loop.call_later(0.05, look)

    try:
        door = _door(folder, runner.addresses[0][1])
        await swarm(replace(plan, doors=(door,)), "test", tally, stop, look)
    finally:
        await runner.cleanup()
    return tally


STREAM_KINDS = ("websocket", "events")
STREAMS = replace(SMALL, websockets=1, events=1, shortest=0.4, longest=0.8)


def _seen_everything(tally: Tally) -> bool:
    return tally.streams.expected > 0 and all(counts.answered for counts in tally.counts.values())


async def test_a_good_server_loses_nothing_of_any_kind(tmp_path: Path) -> None:
    plan = replace(STREAMS, uploads=1, slow=1, shortest=0.2, longest=0.5)
    tally = await _swarm(Platform(), tmp_path, plan, _seen_everything)
    assert tally.lost == 0
    for kind, counts in tally.counts.items():
        assert counts.sent == counts.answered > 0, kind
        assert counts.wrong == 0
    assert tally.stored.exact
    assert tally.files.exact
    assert tally.streams.expected > 0
    assert (tally.streams.missing, tally.streams.doubled) == (0, 0)
    assert tally.connections == 4


async def test_each_kind_of_trouble_is_counted_for_what_it_is(tmp_path: Path) -> None:
    platform, seen = Platform(), 0

    async def trouble(request: web.Request) -> web.StreamResponse | None:
        nonlocal seen
        seen += request.path == "/version"
        if request.path != "/version":
            return None
        if seen == 3 and request.transport:
            request.transport.abort()
        return {5: web.Response(status=502), 7: web.Response(status=500, headers=NAMES)}.get(seen)

    platform.trouble = trouble
    tally = await _swarm(platform, tmp_path, replace(SMALL, members=1), lambda _: seen > 8)
    counts = tally.counts["get"]
    assert (counts.lost, counts.wrong, counts.errors, counts.open) == (2, 1, 1, 0)
    assert tally.reasons["get: status 502 from a proxy"] == 1
    assert tally.statuses == {"get 500": 1}
    assert {loss.door for loss in tally.losses} == {"app-1"}


async def _close_1012(answer: web.StreamResponse) -> None:
    if isinstance(answer, web.WebSocketResponse):
        await answer.close(code=1012)
    else:
        await answer.write(b"event: end\ndata: going\n\n")


async def _close_1001(answer: web.StreamResponse) -> None:
    # Neither says that a drain ends: 1001 of a server, and an event stream that just stops.
    if isinstance(answer, web.WebSocketResponse):
        await answer.close(code=1001)


async def _abort(answer: web.StreamResponse) -> None:
    assert answer._req is not None
    assert answer._req.transport is not None
    answer._req.transport.abort()


LONG = replace(STREAMS, shortest=5, longest=6)


async def test_a_stream_that_goes_as_its_drain_ends_is_cut_and_no_loss(tmp_path: Path) -> None:
    platform = Platform()
    platform.end = _close_1012
    tally = await _swarm(platform, tmp_path, LONG, lambda tally: all(tally.counts[kind].cut for kind in STREAM_KINDS))
    for kind in STREAM_KINDS:
        assert tally.counts[kind].cut > 0, kind
        assert tally.counts[kind].lost == 0, tally.reasons


@pytest.mark.parametrize("end", [_close_1001, _abort])
async def test_any_other_end_of_a_stream_is_a_loss(
    tmp_path: Path, end: Callable[[web.StreamResponse], Awaitable[None]]
) -> None:
    platform = Platform()
    platform.end = end
    tally = await _swarm(platform, tmp_path, LONG, lambda tally: all(tally.counts[kind].lost for kind in STREAM_KINDS))
    for kind in STREAM_KINDS:
        assert tally.counts[kind].lost > 0, kind
        assert tally.counts[kind].cut == 0


async def test_a_post_that_was_not_pushed_comes_to_light(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lab.swarm.streams.PUSH_SECONDS", 0.2)
    platform = Platform()
    platform.push = False
    tally = await _swarm(platform, tmp_path, STREAMS, lambda tally: tally.streams.missing > 0)
    assert tally.streams.missing > 0
    assert tally.lost == 0


async def test_a_stream_that_is_refused_is_a_loss(tmp_path: Path) -> None:
    platform = Platform()

    async def trouble(request: web.Request) -> web.StreamResponse | None:
        return web.Response(status=426) if request.path.endswith(("/live", "/events")) else None

    platform.trouble = trouble
    tally = await _swarm(platform, tmp_path, STREAMS, lambda tally: len(tally.reasons) == 2)
    assert set(tally.reasons) == {"websocket: refused with 426", "events: status 426"}


async def test_a_file_that_comes_back_otherwise_comes_to_light(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def other(_: Platform, __: web.Request) -> web.Response:
        return web.Response(body=b"other", headers=NAMES)

    monkeypatch.setattr(Platform, "_download", other)
    plan = replace(SMALL, uploads=1, shortest=0.1, longest=0.2)
    tally = await _swarm(Platform(), tmp_path, plan, lambda tally: tally.counts["download"].answered > 0)
    assert tally.statuses["upload that came back otherwise"] > 0
