"""The load generator against a small TLS server that does to it what a bad release does to clients."""

import asyncio
import ssl
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp import web

from core.errors import LabError
from lab.load import Record, Stored, Summary, run, summary
from lab.load.target import Target
from lab.pki import Pki
from lab.place import here

HOST = "app.community.test"
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Platform:
    """The few routes that the load uses, and a ``trouble`` that may answer in their place."""

    def __init__(self) -> None:
        self.posts: dict[str, list[str]] = {}
        self.seen: set[str] = set()
        self.trouble: Callable[[web.Request, int], Awaitable[web.StreamResponse | None]] | None = None
        self._reads = 0

    def application(self) -> web.Application:
        made = web.Application(middlewares=[self._around])
        made.router.add_post("/api/auth/signup", self._answer(202))
        made.router.add_post("/api/auth/login", self._answer(200))
        made.router.add_post("/api/orgs", self._answer(201))
        made.router.add_post("/api/orgs/{org}/spaces", self._answer(201))
        made.router.add_post("/api/orgs/{org}/spaces/{space}/posts", self._post)
        made.router.add_get("/api/orgs/{org}/spaces/{space}/posts", self._list)
        made.router.add_get("/{rest:.*}", self._answer(200))
        return made

    @web.middleware
    async def _around(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        self.seen.add(request.remote or "")
        if request.method == "GET" and "limit" not in request.query:
            self._reads += 1
            if self.trouble and (answer := await self.trouble(request, self._reads)) is not None:
                return answer
        answer = await handler(request)
        answer.headers.update({"X-Release": "1.0.0", "X-Colour": "blue"})
        return answer

    def _answer(self, status: int) -> Handler:
        async def handler(_: web.Request) -> web.Response:
            return web.json_response({"id": str(uuid.uuid4())}, status=status)

        return handler

    async def _post(self, request: web.Request) -> web.Response:
        body = (await request.json())["body"]
        self.store(request.path, body)
        return web.json_response({"id": "x"}, status=201)

    def store(self, space: str, body: str) -> None:
        self.posts.setdefault(space, []).append(body)

    async def _list(self, request: web.Request) -> web.Response:
        items = [{"body": body} for body in self.posts.get(request.path, [])]
        return web.json_response({"items": items, "next": None})


@asynccontextmanager
async def _served(platform: Platform, folder: Path) -> AsyncIterator[Target]:
    pki = Pki(folder)
    chain, key = pki.edge_certificate("community.test")
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(chain, key)
    runner = web.AppRunner(platform.application())
    await runner.setup()
    place = here()
    address = place.address(100, 254)
    site = web.TCPSite(runner, address, 0, ssl_context=context)
    await site.start()
    port = runner.addresses[0][1]
    try:
        yield Target(address, port, pki.edge_ca_file, HOST, place.net)
    finally:
        await runner.cleanup()


async def _load(platform: Platform, folder: Path, seconds: float = 1.0) -> tuple[Summary, Stored, list[Record]]:
    records: list[Record] = []
    plan = run.Plan(clients=3, rate=20, seconds=seconds)
    async with _served(platform, folder) as target:
        stored = await run.load(target, plan, records.append, asyncio.Event(), lambda: None)
    return summary(records), stored, records


@pytest.fixture(autouse=True)
def _posts_often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "POST_SECONDS", 0.2)


async def test_a_good_server_loses_nothing_and_sees_each_client_at_its_own_address(tmp_path: Path) -> None:
    platform = Platform()
    found, stored, _ = await _load(platform, tmp_path)
    assert (found.lost, found.errors, found.by_proxy) == (0, 0, {})
    assert stored.exact
    assert stored.accepted >= 6
    assert [release.release for release in found.releases] == ["1.0.0"]
    assert platform.seen == {here().address(100, number) for number in (1, 2, 3)}


async def test_each_kind_of_loss_is_counted_once_and_never_tried_again(tmp_path: Path) -> None:
    platform = Platform()
    asked: list[int] = []

    async def trouble(request: web.Request, count: int) -> web.StreamResponse | None:
        asked.append(count)
        if count == 5 and request.transport:
            request.transport.abort()
        if count == 10:
            return web.Response(status=502)
        if count == 15:
            return await _short(request)
        if count == 20:
            return web.Response(status=429)
        return None

    platform.trouble = trouble
    found, stored, records = await _load(platform, tmp_path)
    assert found.lost == 3
    assert found.reasons.pop("502") == 1
    assert sum(found.reasons.values()) == 2
    assert found.by_proxy == {429: 1}
    assert stored.exact
    assert len(asked) == sum(1 for record in records if record.method == "GET") - 3  # the three final lists


async def _short(request: web.Request) -> web.StreamResponse:
    answer = web.StreamResponse(headers={"Content-Length": "1000", "X-Release": "1.0.0"})
    await answer.prepare(request)
    await answer.write(b"half")
    if request.transport:
        request.transport.close()
    return answer


async def test_an_error_of_the_app_is_not_a_loss_but_counts_against_its_release(tmp_path: Path) -> None:
    platform = Platform()

    async def trouble(_: web.Request, count: int) -> web.StreamResponse | None:
        return web.Response(status=503, headers={"X-Release": "4.0.0", "X-Colour": "green"}) if count > 10 else None

    platform.trouble = trouble
    found, _, _ = await _load(platform, tmp_path)
    assert found.lost == 0
    bad = {release.release: release.errors for release in found.releases}
    assert bad["1.0.0"] == 0
    assert bad["4.0.0"] > 10


async def test_posts_that_were_dropped_or_stored_twice_come_to_light(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    platform = Platform()
    counted: list[str] = []
    store = platform.store

    def faulty(space: str, body: str) -> None:
        counted.append(body)
        for _ in range({2: 0, 4: 2}.get(len(counted), 1)):
            store(space, body)

    monkeypatch.setattr(platform, "store", faulty)
    _, stored, _ = await _load(platform, tmp_path)
    assert (stored.missing, stored.doubled) == (1, 1)
    assert not stored.exact


async def test_a_slow_request_is_in_flight_all_the_time(tmp_path: Path) -> None:
    platform = Platform()
    at_once: list[int] = []
    running = 0

    async def trouble(request: web.Request, _: int) -> web.StreamResponse | None:
        nonlocal running
        if request.path == "/api/slow":
            running += 1
            at_once.append(running)
            await asyncio.sleep(0.3)
            running -= 1
        return None

    platform.trouble = trouble
    await _load(platform, tmp_path)
    assert len(at_once) >= 3
    assert set(at_once) == {1}


async def test_a_slow_request_that_fails_at_once_is_not_sent_in_a_rush(tmp_path: Path) -> None:
    _, _, records = await _load(Platform(), tmp_path)
    slow = [record for record in records if record.path == "/api/slow"]
    assert 3 <= len(slow) <= 6


async def test_a_server_of_another_authority_is_not_talked_to(tmp_path: Path) -> None:
    async with _served(Platform(), tmp_path / "one") as target:
        stranger = Target(target.address, target.port, Pki(tmp_path / "two").edge_ca_file, HOST, target.net)
        with pytest.raises(
            LabError, match=r"client 1: POST /api/auth/signup: no answer \(ClientConnectorCertificateError\)"
        ):
            await run.load(stranger, run.Plan(1, 1, 1), lambda _: None, asyncio.Event(), lambda: None)
