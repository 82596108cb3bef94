"""Messages through the edge, whole and in order: streams, uploads, WebSockets, and what breaks off."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import WSMsgType, web

UPLOAD = 50 * 1024 * 1024
HEAD = b"HTTP/1.1 200 OK\r\n"
ASK = b"Host: app.community.test\r\nConnection: close\r\n"


def memory_of(pid: int) -> int:
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0]) * 1024


async def test_events_come_as_they_are_sent(client: Any, serve: Any) -> None:
    go_on = asyncio.Event()

    async def origin(request: web.BaseRequest) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        await response.write(b"data: 1\n\n")
        await go_on.wait()
        await response.write(b"data: 2\n\n")
        return response

    await serve(origin)
    async with client.get("/") as answer:
        assert await asyncio.wait_for(answer.content.readany(), 5) == b"data: 1\n\n"
        go_on.set()
        assert await answer.content.read() == b"data: 2\n\n"


@pytest.mark.parametrize("length_known", [True, False])
async def test_a_large_upload_flows_through(client: Any, edge: Any, serve: Any, length_known: bool) -> None:
    seen: dict[str, str] = {}

    async def origin(request: web.BaseRequest) -> web.StreamResponse:
        seen.update(request.headers)
        digest = hashlib.sha256()
        async for chunk in request.content.iter_any():
            digest.update(chunk)
        return web.Response(text=digest.hexdigest())

    async def body() -> AsyncIterator[bytes]:
        for _ in range(UPLOAD // 65536):
            yield block

    await serve(origin)
    block = bytes(range(256)) * 256
    before = memory_of(edge.process.pid)
    headers = {"Content-Length": str(UPLOAD)} if length_known else {}
    async with client.post("/", data=body(), headers=headers) as answer:
        assert await answer.text() == hashlib.sha256(block * (UPLOAD // 65536)).hexdigest()
    assert ("Content-Length" in seen) is length_known
    assert memory_of(edge.process.pid) - before < UPLOAD / 4


async def test_a_large_answer_flows_through(client: Any, serve: Any) -> None:
    block = b"x" * 1_000_000

    async def origin(request: web.BaseRequest) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        for _ in range(20):
            await response.write(block)
        return response

    await serve(origin)
    async with client.get("/") as answer:
        assert len(await answer.read()) == 20 * len(block)


async def test_a_client_that_waits_to_be_asked_is_asked(client: Any, serve: Any) -> None:
    async def origin(request: web.BaseRequest) -> web.StreamResponse:
        return web.Response(body=await request.read(), headers={"X-Expect": request.headers.get("Expect", "none")})

    await serve(origin)
    reader, writer = await client.connect()
    writer.write(b"POST / HTTP/1.1\r\n" + ASK + b"Content-Length: 5\r\nExpect: 100-continue\r\n\r\n")
    assert await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 5) == b"HTTP/1.1 100 Continue\r\n\r\n"
    writer.write(b"hello")
    answer = await reader.read()
    assert answer.startswith(HEAD)
    assert answer.endswith(b"hello")
    assert b"X-Expect: none" in answer
    writer.close()


@pytest.mark.parametrize(
    ("method", "answered", "kept", "body"),
    [
        (b"HEAD", HEAD + b"Content-Length: 5\r\n\r\n", b"Content-Length: 5", b""),
        (b"GET", HEAD + b"Content-Length: 5\r\n\r\nhello", b"Content-Length: 5", b"hello"),
        (
            b"GET",
            HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
            b"chunked",
            b"5\r\nhello\r\n0\r\n\r\n",
        ),
        (b"GET", b"HTTP/1.1 204 No Content\r\n\r\n", b"204 No Content", b""),
        (b"GET", b'HTTP/1.1 304 Not Modified\r\nETag: "a"\r\n\r\n', b'Etag: "a"', b""),
        (b"GET", b"HTTP/1.1 103 Early Hints\r\n\r\n" + HEAD + b"Content-Length: 0\r\n\r\n", b"200 OK", b""),
        (b"GET", HEAD + b"Connection: close\r\n\r\nhello", b"chunked", b"5\r\nhello\r\n0\r\n\r\n"),
        (b"GET", b"HTTP/1.1 418 Short and Stout\r\nContent-Length: 0\r\n\r\n", b"418 Short and Stout", b""),
        (b"GET", HEAD + b"Set-Cookie: a=1\r\nSet-Cookie: b=2\r\nContent-Length: 0\r\n\r\n", b"Set-Cookie: b=2", b""),
    ],
)
async def test_an_answer_keeps_its_form(
    client: Any, serve_raw: Any, method: bytes, answered: bytes, kept: bytes, body: bytes
) -> None:
    async def origin(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answered)
        await writer.drain()
        writer.close()

    await serve_raw(origin)
    head, _, rest = (await client.raw(method + b" / HTTP/1.1\r\n" + ASK + b"\r\n")).partition(b"\r\n\r\n")
    assert kept in head
    assert rest == body
    assert head.count(b"Content-Length") + head.count(b"Transfer-Encoding") <= 1


@pytest.mark.parametrize(
    "head", [b"Content-Length: 10\r\n\r\nhello", b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"]
)
@pytest.mark.parametrize("reset", [False, True])
async def test_an_answer_that_breaks_off_breaks_off_for_the_client_too(
    client: Any, edge: Any, serve_raw: Any, head: bytes, reset: bool
) -> None:
    async def origin(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(HEAD + head)
        await writer.drain()
        await asyncio.sleep(0.1)
        if reset:
            writer.transport.abort()
        writer.close()

    await serve_raw(origin)
    async with client.get("/") as answer:
        assert answer.status == 200
        with pytest.raises(aiohttp.ClientError):
            await answer.read()
    assert "Traceback" not in edge.log.read_text()


async def test_a_client_that_leaves_is_no_fault_of_the_origin(client: Any, edge: Any, serve: Any) -> None:
    gone = asyncio.Event()

    async def origin(request: web.BaseRequest) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        try:
            while True:
                await response.write(b"x" * 65536)
        finally:
            gone.set()

    await serve(origin)
    before = edge.log.read_text().count("broke off")
    reader, writer = await client.connect()
    writer.write(b"GET / HTTP/1.1\r\n" + ASK + b"\r\n")
    await reader.readexactly(100_000)
    writer.transport.abort()
    await asyncio.wait_for(gone.wait(), 10)
    assert edge.log.read_text().count("broke off") == before
    assert "Traceback" not in edge.log.read_text()


@pytest.mark.parametrize(
    "framing", [b"Content-Length: 10\r\n\r\nhello", b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"]
)
async def test_an_upload_that_breaks_off_is_never_whole_at_the_origin(client: Any, serve: Any, framing: bytes) -> None:
    ended: asyncio.Queue[str] = asyncio.Queue()

    async def origin(request: web.BaseRequest) -> web.StreamResponse:
        try:
            await request.read()
            ended.put_nowait("whole")
        except (ConnectionError, asyncio.CancelledError, aiohttp.ClientError, aiohttp.http.HttpProcessingError):
            ended.put_nowait("broken off")
            raise
        return web.Response()

    await serve(origin)
    _, writer = await client.connect()
    writer.write(b"POST / HTTP/1.1\r\n" + ASK + framing)
    await writer.drain()
    await asyncio.sleep(0.2)
    writer.transport.abort()
    assert await asyncio.wait_for(ended.get(), 10) == "broken off"


@pytest.mark.parametrize(
    "head",
    [
        b"POST / HTTP/1.1\r\n" + ASK + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST / HTTP/1.1\r\n" + ASK + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
        b"POST / HTTP/1.1\r\n" + ASK + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + ASK + b"Host: other.test\r\n\r\n",
        b"GET / HTTP/1.1\r\nConnection: close\r\n\r\n",
        b"GET / HTTP/1.1\r\nConnection: close\r\nHost: a b\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + ASK + b"X: a\r\n b\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + ASK + b"X : a\r\n\r\n",
        b"GET nowhere HTTP/1.1\r\n" + ASK + b"\r\n",
        b"GET /" + b"a" * 20_000 + b" HTTP/1.1\r\n" + ASK + b"\r\n",
        b"GET / HTTP/1.1\r\n" + ASK + b"X: " + b"a" * 140_000 + b"\r\n\r\n",
    ],
)
async def test_what_could_be_read_in_two_ways_is_refused(client: Any, serve: Any, head: bytes) -> None:
    reached = False

    async def origin(_: web.BaseRequest) -> web.StreamResponse:
        nonlocal reached
        reached = True
        return web.Response()

    await serve(origin)
    assert (await client.raw(head)).startswith((b"HTTP/1.1 400", b"HTTP/1.0 400"))
    assert not reached


async def test_a_websocket_passes_through_with_its_subprotocol_and_close_code(client: Any, serve: Any) -> None:
    closed: asyncio.Queue[tuple[int | None, str | None]] = asyncio.Queue()

    async def origin(request: web.BaseRequest) -> web.StreamResponse:
        socket = web.WebSocketResponse(protocols=["chat"])
        await socket.prepare(request)
        async for message in socket:
            if message.type is WSMsgType.TEXT:
                await socket.send_str(message.data.upper())
            else:
                await socket.send_bytes(message.data[::-1])
        closed.put_nowait((socket.close_code, None))
        return socket

    await serve(origin)
    async with client.session.ws_connect(client.url("/ws"), protocols=["other", "chat"], max_msg_size=0) as socket:
        assert socket.protocol == "chat"
        await socket.send_str("hé")
        assert await socket.receive_str(timeout=5) == "HÉ"
        await socket.send_bytes(b"ab" * 1_000_000)
        assert await socket.receive_bytes(timeout=5) == b"ba" * 1_000_000
        await socket.close(code=4001)
    assert (await asyncio.wait_for(closed.get(), 5))[0] == 4001


async def test_a_websocket_that_the_origin_closes_is_closed_with_its_code(client: Any, serve: Any) -> None:
    async def origin(request: web.BaseRequest) -> web.StreamResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        await socket.close(code=4002, message=b"go")
        return socket

    await serve(origin)
    async with client.session.ws_connect(client.url("/ws")) as socket:
        message = await socket.receive(timeout=5)
        assert (message.type, message.data, message.extra) == (WSMsgType.CLOSE, 4002, "go")


async def test_a_websocket_that_the_origin_refuses_is_refused(client: Any, serve: Any) -> None:
    async def origin(_: web.BaseRequest) -> web.StreamResponse:
        return web.Response(status=401, headers={"X-Release": "1.0.0"})

    await serve(origin)
    with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
        await client.session.ws_connect(client.url("/ws"))
    assert caught.value.status == 401
    assert caught.value.headers is not None
    assert caught.value.headers["X-Release"] == "1.0.0"


async def test_what_the_origin_says_as_it_takes_a_websocket_reaches_the_client(client: Any, serve: Any) -> None:
    async def origin(request: web.BaseRequest) -> web.StreamResponse:
        socket = web.WebSocketResponse()
        socket.headers["X-Release"] = "2.0.0"
        await socket.prepare(request)
        await socket.close()
        return socket

    await serve(origin)
    async with client.session.ws_connect(client.url("/ws")) as socket:
        headers = socket._response.headers
        assert headers["X-Release"] == "2.0.0"
        assert headers.getall("Server") == ["cloudflare"]
        assert len(headers.getall("Sec-WebSocket-Accept")) == 1


async def test_server_sent_events_come_as_they_are_sent(client: Any, serve: Any) -> None:
    async def origin(request: web.BaseRequest) -> web.StreamResponse:
        answer = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await answer.prepare(request)
        await answer.write(b"event: one\n\n")
        await asyncio.wait_for(read.wait(), 5)
        await answer.write(b"event: two\n\n")
        return answer

    read = asyncio.Event()
    await serve(origin)
    async with client.get("/events") as answer:
        assert await asyncio.wait_for(answer.content.readuntil(b"\n\n"), 2) == b"event: one\n\n"
        read.set()
        assert await answer.content.read() == b"event: two\n\n"


async def test_an_origin_sees_at_once_that_the_reader_of_a_stream_has_left(client: Any, serve: Any) -> None:
    left = asyncio.Event()

    async def origin(request: web.BaseRequest) -> web.StreamResponse:
        answer = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await answer.prepare(request)
        try:
            while request.transport is not None:
                await answer.write(b": here\n\n")
                await asyncio.sleep(0.05)
        finally:
            left.set()
        return answer

    await serve(origin)
    async with client.get("/events") as answer:
        await answer.content.readuntil(b"\n\n")
        answer.connection.transport.abort()
    await asyncio.wait_for(left.wait(), 5)
