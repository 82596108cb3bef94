"""A load-balanced name at the edge: who gets a request, and what the API's monitors change about that."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from lab.place import here
from tests.lab.edge.test_origins import bad_certificate

ORIGINS = (here().address(9, 11), here().address(9, 12))
POOL: dict[str, Any] = {
    "id": "p",
    "name": "p",
    "enabled": True,
    "minimum_origins": 1,
    "origins": [{"name": one, "address": one, "enabled": True, "weight": 1, "port": 0} for one in ORIGINS],
}
BALANCER = {
    "name": "app.community.test",
    "enabled": True,
    "proxied": True,
    "default_pools": ["p"],
    "fallback_pool": "p",
    "steering_policy": "off",
    "session_affinity": "none",
}


def declare(edge: Any, balancer: dict[str, Any] | None = None, pool: dict[str, Any] | None = None) -> None:
    edge.declare(origins=(), balancers=[{**BALANCER, **(balancer or {})}], pools=[{**POOL, **(pool or {})}])


@pytest.fixture
def report(edge: Any) -> Any:
    """Write what the API's monitors have found, and wait for longer than the edge takes to see it."""
    file = edge.state.with_name("pool-health.json")

    async def write(**well: bool) -> None:
        aside = file.with_suffix(".new")
        aside.write_text(json.dumps({"p": {ORIGINS[int(place[1:])]: is_well for place, is_well in well.items()}}))
        aside.replace(file)
        await asyncio.sleep(0.3)

    yield write
    file.write_text("{}")


@pytest.fixture
async def names(serve: Any) -> list[str]:
    """Both origins, each of which answers with its address; the list has who was asked."""
    asked: list[str] = []
    for address in ORIGINS:

        async def origin(_: web.BaseRequest, mine: str = address) -> web.StreamResponse:
            asked.append(mine)
            return web.Response(text=mine, headers={"Set-Cookie": "own=1; Path=/"})

        await serve(origin, address=address)
    return asked


async def answers(client: Any, times: int = 40, path: str = "/", **more: Any) -> set[str]:
    found = set()
    for _ in range(times):
        async with client.get(path, **more) as answer:
            assert answer.status == 200
            found.add(await answer.text())
    return found


async def test_requests_go_to_what_is_well_and_to_both_where_nobody_knows(
    client: Any, edge: Any, names: list[str], report: Callable[..., Awaitable[None]]
) -> None:
    declare(edge)
    assert await answers(client) == set(ORIGINS)
    await report(o0=False)
    assert await answers(client) == {ORIGINS[1]}
    await report(o0=False, o1=False)
    assert await answers(client) == set(ORIGINS)
    await report(o0=True, o1=False)
    assert await answers(client) == {ORIGINS[0]}


@pytest.mark.parametrize("flaw", ["nobody listens", "a bad certificate"])
async def test_a_request_that_meets_a_dead_origin_is_sent_to_the_other_once(
    client: Any, edge: Any, serve: Any, tmp_path: Path, flaw: str
) -> None:
    async def origin(_: web.BaseRequest) -> web.StreamResponse:
        return web.Response(text="alive")

    await serve(origin, address=ORIGINS[1])
    if flaw == "a bad certificate":
        await serve(origin, address=ORIGINS[0], tls=bad_certificate(edge.pki, tmp_path, "another name"))
    declare(edge)
    assert await answers(client) == {"alive"}


async def test_where_no_pool_is_on_it_is_530_with_1016(client: Any, edge: Any, names: list[str]) -> None:
    declare(edge, pool={"enabled": False})
    async with client.get("/") as answer:
        assert (answer.status, answer.reason, await answer.text()) == (530, "Origin DNS Error", "error code: 1016\n")
    assert names == []


async def test_a_client_that_has_the_cookie_stays_and_the_origins_own_cookie_is_kept(
    client: Any, edge: Any, names: list[str], report: Callable[..., Awaitable[None]]
) -> None:
    declare(edge, {"session_affinity": "cookie", "session_affinity_ttl": 1800})
    async with client.get("/") as answer:
        first, cookies = await answer.text(), answer.headers.getall("Set-Cookie")
    own, set_ = sorted(cookies, key=lambda cookie: cookie.startswith("__cflb"))
    assert own == "own=1; Path=/"
    value = set_.partition(";")[0]
    assert set(set_.split("; ")[1:]) > {"HttpOnly", "Secure", "path=/", "SameSite=Lax"}
    assert not any(address in set_ for address in ORIGINS)
    assert await answers(client, headers={"Cookie": value}) == {first}
    await report(**{f"o{ORIGINS.index(first)}": False})
    async with client.get("/", headers={"Cookie": value}) as answer:
        assert await answer.text() != first
        assert any(cookie.startswith("__cflb=") for cookie in answer.headers.getall("Set-Cookie"))


async def test_what_an_origin_has_in_hand_counts_until_its_answer_is_over(client: Any, edge: Any, serve: Any) -> None:
    go_on = asyncio.Event()
    for address in ORIGINS:

        async def origin(request: web.BaseRequest, mine: str = address) -> web.StreamResponse:
            response = web.StreamResponse()
            await response.prepare(request)
            await response.write(mine.encode())
            if request.path == "/slow":
                await go_on.wait()
            return response

        await serve(origin, address=address)
    declare(edge, pool={"origin_steering": {"policy": "least_outstanding_requests"}})
    async with client.get("/slow") as slow:
        busy = (await slow.content.readany()).decode()
        assert await answers(client, 20) == set(ORIGINS) - {busy}
        go_on.set()
        await slow.read()
    assert await answers(client) == set(ORIGINS)


async def test_a_websocket_goes_where_a_request_goes(
    client: Any, edge: Any, serve: Any, report: Callable[..., Awaitable[None]]
) -> None:
    for address in ORIGINS:

        async def origin(request: web.BaseRequest, mine: str = address) -> web.StreamResponse:
            socket = web.WebSocketResponse()
            await socket.prepare(request)
            await socket.send_str(mine)
            await socket.close()
            return socket

        await serve(origin, address=address)
    declare(edge)
    await report(o1=False)
    for _ in range(6):
        async with client.session.ws_connect(client.url("/")) as socket:
            message = await socket.receive()
            assert (message.type, message.data) == (aiohttp.WSMsgType.TEXT, ORIGINS[0])


async def test_what_is_not_done_is_in_the_log(client: Any, edge: Any, names: list[str]) -> None:
    pool = {"origins": [*POOL["origins"], {**POOL["origins"][0], "name": "far", "address": "192.0.2.1"}]}
    declare(edge, {"steering_policy": "geo"}, pool)
    assert await answers(client) == set(ORIGINS)
    log = edge.log.read_text()
    assert "load balancer app.community.test: steering by geo is as if it were off" in log
    assert re.search(r"pool p: .*192\.0\.2\.1", log)
