"""Uploads, WebSockets and server-sent events of the releases themselves, and what a stop does to them."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import aiohttp
import httpx
import pytest

if TYPE_CHECKING:
    from tests.lab.app.conftest import Member, Platform, Running

URL = "http://app.community.test"


@pytest.fixture(scope="module", autouse=True)
def _migrated(platform: Platform) -> None:
    assert platform.migrate("v2").returncode == 0


@asynccontextmanager
async def _space(running: Running) -> AsyncIterator[tuple[Member, str]]:
    async with running.member() as member:
        yield member, await member.space(await member.org())


@asynccontextmanager
async def _session(running: Running, member: Member) -> AsyncIterator[aiohttp.ClientSession]:
    connector = aiohttp.UnixConnector(str(running.socket))
    headers = {"Cookie": member.client.headers["Cookie"]}
    async with aiohttp.ClientSession(connector=connector, headers=headers) as session:
        yield session


async def test_a_file_comes_back_as_it_went_as_an_attachment(platform: Platform) -> None:
    content = os.urandom(700_001)
    with platform.running("v1") as running:
        async with _space(running) as (member, space):
            sent = await member.client.post(f"{space}/uploads", params={"name": "r é.html"}, content=content)
            assert sent.status_code == 201, sent.text
            assert sent.json()["sha256"] == hashlib.sha256(content).hexdigest()
            assert sent.json()["size"] == len(content)
            back = await member.client.get(f"{space}/uploads/{sent.json()['id']}")
            assert back.content == content
            assert back.headers["content-disposition"] == "attachment; filename*=UTF-8''r%20%C3%A9.html"
            assert back.headers["content-type"] == "application/octet-stream"
            assert [file["id"] for file in await member.get(f"{space}/uploads")] == [sent.json()["id"]]
            async with _space(running) as (other, elsewhere):
                await other.get(f"{space}/uploads/{sent.json()['id']}", 404)
                await other.get(f"{elsewhere}/uploads/{sent.json()['id']}", 404)
                assert (await other.client.post(f"{space}/uploads?name=x", content=b"x")).status_code == 404
            await member.send("DELETE", f"{space}/uploads/{sent.json()['id']}", 204)
            assert await member.get(f"{space}/uploads") == []


@pytest.mark.parametrize("name", ["", "a/b", "a\r\nX: y", "x" * 201, "..", "\u202egnp.exe"])
async def test_a_name_that_is_none_is_refused(platform: Platform, name: str) -> None:
    with platform.running("v1") as running:
        async with _space(running) as (member, space):
            answer = await member.client.post(f"{space}/uploads", params={"name": name}, content=b"x")
            assert answer.status_code == 422


@pytest.mark.parametrize("announced", [True, False])
async def test_a_file_that_is_too_large_is_not_kept(platform: Platform, announced: bool) -> None:
    large = bytes(16 * 1024 * 1024 + 1)

    async def pieces() -> AsyncIterator[bytes]:
        yield large

    with platform.running("v1") as running:
        async with _space(running) as (member, space):
            content: Any = large if announced else pieces()
            answer = await member.client.post(f"{space}/uploads?name=x", content=content)
            assert answer.status_code == 413
            assert await member.get(f"{space}/uploads") == []


async def test_slow_uploads_keep_nobody_else_from_the_database(platform: Platform) -> None:
    async def trickle() -> AsyncIterator[bytes]:
        for _ in range(8):
            yield b"x"
            await asyncio.sleep(0.25)

    with platform.running("v1") as running:
        async with _space(running) as (member, space):
            slow = [
                asyncio.create_task(member.client.post(f"{space}/uploads?name=x", content=trickle())) for _ in range(8)
            ]
            await asyncio.sleep(0.5)
            began = time.monotonic()
            await member.get("/api/orgs")
            assert time.monotonic() - began < 1.0
            assert [(await each).status_code for each in slow] == [201] * 8


async def test_a_websocket_gets_what_is_posted_on_any_colour_and_is_named(platform: Platform) -> None:
    with platform.running("v1", "blue") as blue, platform.running("v2", "green") as green:
        async with (
            _space(blue) as (member, space),
            _session(green, member) as session,
            session.ws_connect(f"{URL}{space}/live", headers={"Origin": URL}) as watched,
        ):
            names = watched._response.headers
            assert (names["X-Release"], names["X-Colour"]) == ("2.0.0", "green")
            assert await watched.receive_json(timeout=5) == {"type": "ready"}
            made = [await member.post(space, f"post {number}") for number in range(3)]
            got = [await watched.receive_json(timeout=5) for _ in made]
            assert [item["post"]["body"] for item in got] == ["post 0", "post 1", "post 2"]
            await watched.ping(b"here?")
            await watched.send_str("dropped")
            await member.post(space, "after")
            assert (await watched.receive_json(timeout=5))["post"]["body"] == "after"


@pytest.mark.parametrize(
    ("headers", "path", "status"),
    [
        ({"Cookie": ""}, "{space}/live", 401),
        ({"Origin": "https://evil.example"}, "{space}/live", 403),
        ({}, "{space}0/live", 422),
        ({}, "/api/orgs/9a0dc5ac-7a4c-4fd4-9f4a-6a4c4e3ad111/spaces/9a0dc5ac-7a4c-4fd4-9f4a-6a4c4e3ad111/live", 404),
    ],
)
async def test_a_websocket_is_refused_in_the_releases_name(
    platform: Platform, headers: dict[str, str], path: str, status: int
) -> None:
    with platform.running("v1") as running:
        async with _space(running) as (member, space), _session(running, member) as session:
            with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
                await session.ws_connect(URL + path.format(space=space), headers=headers)
            assert refused.value.status == status
            assert refused.value.headers is not None
            assert refused.value.headers["X-Release"] == "1.0.0"


async def test_a_websocket_lives_through_the_drain_and_is_told_to_go_at_its_end(platform: Platform) -> None:
    with platform.running("v1", "blue", drain="2") as old, platform.running("v2", "green") as new:
        async with _space(new) as (member, space), _session(old, member) as session:
            async with session.ws_connect(f"{URL}{space}/live") as watched:
                await watched.receive_json(timeout=5)
                began = time.monotonic()
                old.terminate()
                await asyncio.sleep(1.0)
                await member.post(space, "while it drains")
                assert (await watched.receive_json(timeout=5))["post"]["body"] == "while it drains"
                assert (await watched.receive(timeout=5)).data == 1012
                assert 1.9 < time.monotonic() - began < 3.0
            assert await asyncio.to_thread(old.process.wait, 5) == -15


async def test_a_drain_ends_when_the_last_websocket_leaves(platform: Platform) -> None:
    with platform.running("v1", drain="20") as running:
        async with _space(running) as (member, space), _session(running, member) as session:
            async with session.ws_connect(f"{URL}{space}/live") as watched:
                await watched.receive_json(timeout=5)
                running.terminate()
                await asyncio.sleep(0.5)
                assert running.process.poll() is None
            assert await asyncio.to_thread(running.process.wait, 5) == -15


async def test_events_stream_and_end_cleanly_at_the_drains_end(platform: Platform) -> None:
    with platform.running("v1", "blue", drain="1.5") as old, platform.running("v2", "green") as new:
        async with _space(new) as (member, space):
            transport = httpx.AsyncHTTPTransport(uds=str(old.socket))
            headers = {"Cookie": member.client.headers["Cookie"]}
            async with (
                httpx.AsyncClient(transport=transport, base_url=URL, headers=headers) as client,
                client.stream("GET", f"{space}/events") as answer,
            ):
                assert answer.headers["content-type"].startswith("text/event-stream")
                assert answer.headers["x-accel-buffering"] == "no"
                lines = answer.aiter_lines()
                assert await anext(lines) == "event: ready"
                old.terminate()
                await asyncio.sleep(0.5)
                await member.post(space, "one")
                # The generator only ends without an error if the last chunk came (RFC 9112, section 7.1).
                rest = [line async for line in lines]
            events = [line for line in rest if line.startswith("event: ")]
            assert events == ["event: post", "event: end"]
            [data] = [line for line in rest if line.startswith('data: {"id"')]
            assert json.loads(data.removeprefix("data: "))["body"] == "one"
            assert await asyncio.to_thread(old.process.wait, 5) == -15


async def test_readers_are_told_when_posts_may_have_been_missed(platform: Platform) -> None:
    with platform.running("v1") as running:
        async with _space(running) as (member, space), _session(running, member) as session:
            async with session.ws_connect(f"{URL}{space}/live") as watched:
                await watched.receive_json(timeout=5)
                await platform.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'community feed'"
                )
                assert (await watched.receive(timeout=5)).data == 1013
            async with session.ws_connect(f"{URL}{space}/live") as watched:
                await watched.receive_json(timeout=5)
                await member.post(space, "again")
                assert (await watched.receive_json(timeout=5))["post"]["body"] == "again"
