"""Health checks that probe and notifications that arrive, over real sockets: DNS, TLS, HTTP and SMTP."""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from core.secret import Secret
from lab.cloudflare.monitoring import dispatch
from lab.cloudflare.monitoring.internet import Internet
from lab.cloudflare.monitoring.probe import probe
from lab.cloudflare.server import make_app
from lab.cloudflare.snapshot import health_file
from lab.cloudflare.store import Store
from lab.mail.exchanger import exchanger_session
from lab.pki import Pki
from lab.place import ACCOUNT_ID, here
from lab.sink.server import application
from lab.sink.shelf import Shelf

ADDRESS = here().address(9, 7)
NAMES = {
    "app.community.test": ([ADDRESS], True),
    "other.example.test": ([ADDRESS], True),
    "far.community.test": (["192.0.2.1"], True),
    "gone.community.test": ([], True),
    "hooks.elsewhere.test": ([], False),
}
TOKEN = "a-token-of-this-test"


@dataclass(frozen=True)
class Named(Internet):
    """An internet whose names are in a table."""

    async def look_up(self, host: str) -> tuple[list[str], bool]:
        return NAMES.get(host, ([host], True))


@dataclass
class World:
    """What listens: a site by HTTPS and HTTP, a sink, a mail server; ``asked`` are the site's requests."""

    internet: Internet
    https: int
    http: int
    received: Shelf
    mails: Shelf
    asked: list[web.Request]
    broken: list[str]


async def _site(world: World, request: web.Request) -> web.StreamResponse:
    world.asked.append(request)
    match request.path:
        case "/slow":
            await asyncio.sleep(5)
        case "/moved":
            return web.Response(status=302, headers={"Location": "/fine"})
        case "/out":
            return web.Response(status=302, headers={"Location": "http://192.0.2.1/"})
        case "/round":
            return web.Response(status=302, headers={"Location": "/round"})
        case "/long":
            return web.Response(text="x" * 10 * 1024 + "well")
    good = request.path not in ("/none", *world.broken)
    return web.Response(status=200 if good else 503, text="All is WELL")


async def _world(stack: AsyncExitStack, folder: Path) -> World:
    pki = Pki(folder)
    world = World(Named(("", 0), "", ("", 0), pki.edge_ca_file), 0, 0, Shelf(), Shelf(), [], [])

    def site() -> web.Application:
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", partial(_site, world))
        return app

    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(*pki.edge_certificate("community.test"))
    world.https = await _listening(stack, site(), tls)
    world.http = await _listening(stack, site(), None)
    sink = await _listening(stack, application(world.received), None)
    smtp = await asyncio.get_running_loop().create_server(lambda: exchanger_session(world.mails, ADDRESS), ADDRESS, 0)
    stack.callback(smtp.close)
    world.internet = Named(("", 0), f"http://{ADDRESS}:{sink}", smtp.sockets[0].getsockname(), pki.edge_ca_file)
    return world


async def _listening(stack: AsyncExitStack, app: web.Application, tls: ssl.SSLContext | None) -> int:
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    stack.push_async_callback(runner.cleanup)
    await web.TCPSite(runner, ADDRESS, 0, ssl_context=tls).start()
    return int(runner.addresses[0][1])


def in_world(folder: Path, test: Callable[[World, AsyncExitStack], Awaitable[None]]) -> None:
    async def run() -> None:
        async with asyncio.timeout(20), AsyncExitStack() as stack:
            await test(await _world(stack, folder), stack)

    asyncio.run(run())


def check(port: int, **more: Any) -> dict[str, Any]:
    config = {
        "method": "GET",
        "path": "/fine",
        "port": port,
        "expected_codes": ["200"],
        "expected_body": "",
        "follow_redirects": False,
        "allow_insecure": False,
        "header": {},
    }
    config |= {name: more.pop(name) for name in list(more) if name in config}
    kept = {"id": "c" * 32, "name": "x", "type": "HTTPS", "address": "app.community.test", "timeout": 1, "retries": 0}
    return {**kept, "http_config": config, "tcp_config": {"port": port}, **more}


CASES: list[tuple[dict[str, Any], str]] = [
    ({}, ""),
    ({"expected_codes": ["404", "2xx"]}, ""),
    ({"expected_codes": ["404", "3xx"]}, "Response code mismatch error"),
    ({"path": "/none"}, "Response code mismatch error"),
    ({"path": "/moved"}, "Response code mismatch error"),
    ({"path": "/moved", "follow_redirects": True}, ""),
    ({"path": "/round", "follow_redirects": True}, "Response code mismatch error"),
    ({"expected_body": "is well"}, ""),
    ({"expected_body": "is ill"}, "Response body mismatch error"),
    ({"path": "/long", "expected_body": "well"}, "Response body mismatch error"),
    ({"address": "other.example.test"}, "TLS name mismatch error"),
    ({"address": "other.example.test", "header": {"Host": ["app.community.test"]}}, ""),
    ({"address": "other.example.test", "allow_insecure": True}, ""),
    ({"address": "far.community.test"}, "No route to host error"),
    ({"address": "gone.community.test"}, "DNS Unknown Host"),
    # Documentation's (RFC 5737): neither a name nor a redirect leads out of the lab.
    ({"address": "192.0.2.1", "type": "HTTP"}, "No route to host error"),
    ({"path": "/out", "follow_redirects": True}, "No route to host error"),
    ({"port": 1}, "TCP connection failed"),
    ({"type": "TCP"}, ""),
    ({"type": "TCP", "tcp_config": {"port": 1}}, "TCP connection failed"),
    ({"type": "TCP", "address": "gone.community.test"}, "DNS Unknown Host"),
    ({"type": "TCP", "address": "far.community.test"}, "No route to host error"),
]


def test_a_probe_says_what_cloudflares_would(tmp_path: Path) -> None:
    async def cases(world: World, _stack: AsyncExitStack) -> None:
        for more, reason in CASES:
            assert await probe(check(**{"port": world.https, **more}), world.internet) == reason, more
        assert await probe(check(world.http, type="HTTP"), world.internet) == ""
        assert await probe(check(world.http), world.internet) == "TLS protocol error"
        strange = Named(("", 0), "", ("", 0), Pki(tmp_path / "other").edge_ca_file)
        assert await probe(check(world.https), strange) == "TLS untrusted certificate error"
        assert world.asked[0].headers["User-Agent"].endswith(f"healthcheck-id: {'c' * 32})")

    in_world(tmp_path, cases)


def test_a_timeout_is_tried_again_at_once(tmp_path: Path) -> None:
    async def slow(world: World, _stack: AsyncExitStack) -> None:
        asked = check(world.https, path="/slow", timeout=0.1, retries=2)
        assert await probe(asked, world.internet) == "HTTP timeout occurred"
        assert len(world.asked) == 3

    in_world(tmp_path, slow)


class Client:
    """The API, asked over HTTP."""

    def __init__(self, url: str, session: aiohttp.ClientSession) -> None:
        self._url, self._session = url, session

    async def ask(self, method: str, path: str, body: Any = None) -> Any:
        headers = {"Authorization": f"Bearer {TOKEN}"}
        async with self._session.request(method, self._url + path, json=body, headers=headers) as answer:
            found = await answer.json()
        assert found["success"], found
        return found["result"]


async def _api(world: World, stack: AsyncExitStack, folder: Path) -> Client:
    store = Store(folder / "cloudflare" / "state.json", ACCOUNT_ID)
    port = await _listening(stack, make_app(store, Secret(TOKEN), internet=world.internet), None)
    session = await stack.enter_async_context(aiohttp.ClientSession())
    return Client(f"http://{ADDRESS}:{port}/client/v4", session)


async def until(look: Callable[[], Any]) -> Any:
    while not (found := look()):
        await asyncio.sleep(0.01)
    return found


def sent(world: World, text: str) -> Callable[[], list[dict[str, Any]]]:
    return lambda: [item for item in world.received.items() if text in item["body"]]


HOOKS = f"/accounts/{ACCOUNT_ID}/alerting/v3/destinations/webhooks"
POLICIES = f"/accounts/{ACCOUNT_ID}/alerting/v3/policies"
HISTORY = f"/accounts/{ACCOUNT_ID}/alerting/v3/history"


def test_a_check_that_fails_and_recovers_is_told_of_twice(tmp_path: Path) -> None:
    async def story(world: World, stack: AsyncExitStack) -> None:
        client = await _api(world, stack, tmp_path)
        zone = (await client.ask("POST", "/zones", {"account": {"id": ACCOUNT_ID}, "name": "community.test"}))["id"]
        hook = {"name": "on-call", "url": "https://hooks.elsewhere.test/on-call?a=1", "secret": "s3cret-s3cret"}
        hook["id"] = (await client.ask("POST", HOOKS, hook))["id"]
        (hello,) = await until(sent(world, "This is a test message"))
        assert (hello["path"], hello["query"]) == ("/on-call", "a=1")
        assert (hello["headers"]["host"], hello["headers"]["cf-webhook-auth"]) == (
            "hooks.elsewhere.test",
            "s3cret-s3cret",
        )
        wanted = check(world.https, interval=15, suspended=True, consecutive_fails=1, consecutive_successes=1)
        made = await client.ask("POST", f"/zones/{zone}/healthchecks", wanted)
        path = f"/zones/{zone}/healthchecks/{made['id']}"
        ways = {"webhooks": [{"id": hook["id"]}], "email": [{"id": "oncall@community.test"}]}
        told = {"name": "down", "alert_type": "health_check_status_notification", "enabled": True, "mechanisms": ways}
        await client.ask("POST", POLICIES, {**told, "filters": {"health_check_id": [made["id"]]}})
        assert (made["status"], world.asked) == ("suspended", [])
        world.broken.append("/fine")
        await client.ask("PATCH", path, {"suspended": False})
        (down,) = await until(sent(world, "ALERT_STATE_EVENT_START"))
        found = await client.ask("GET", path)
        assert (found["status"], found["failure_reason"]) == ("unhealthy", "Response code mismatch error")
        world.broken.clear()
        await client.ask("PATCH", path, {"description": "has it probed anew"})
        (up,) = await until(sent(world, "ALERT_STATE_EVENT_END"))
        incidents = {json.loads(one["body"])["alert_correlation_id"] for one in (down, up)}
        assert len(incidents) == 1
        await until(lambda: len(world.mails.items()) == 2)
        assert {mail["rcpt_tos"][0] for mail in world.mails.items()} == {"oncall@community.test"}
        assert (await client.ask("GET", path))["status"] == "healthy"
        assert [item["mechanism_type"] for item in await client.ask("GET", HISTORY)].count("webhook") == 2
        assert (await client.ask("GET", f"{HOOKS}/{hook['id']}"))["last_success"]
        assert len(sent(world, "ALERT")()) == 2

    in_world(tmp_path, story)


def test_a_webhook_that_leads_nowhere_is_known_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dispatch, "_TRIES", (0.0, 0.0))

    async def story(world: World, stack: AsyncExitStack) -> None:
        client = await _api(world, stack, tmp_path)
        await client.ask("POST", "/zones", {"account": {"id": ACCOUNT_ID}, "name": "community.test"})
        for name, url in (
            ("gone", "https://gone.community.test/"),
            ("refuses", f"https://app.community.test:{world.https}/none"),
        ):
            hook = (await client.ask("POST", HOOKS, {"name": name, "url": url}))["id"]
            while "last_failure" not in (found := await client.ask("GET", f"{HOOKS}/{hook}")):
                await asyncio.sleep(0.01)
            assert "last_success" not in found
        assert (len(world.asked), world.received.items()) == (2, [])

    in_world(tmp_path, story)


MONITORS, POOLS = (f"/accounts/{ACCOUNT_ID}/load_balancers/{what}" for what in ("monitors", "pools"))


async def _origin(stack: AsyncExitStack, folder: Path, asked: list[web.Request], ill: set[str]) -> int:
    """The port of an origin with the Origin CA's certificate; it is ill while ``ill`` has anything."""

    async def answer(request: web.Request) -> web.Response:
        asked.append(request)
        return web.Response(status=503 if ill else 200)

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(*Pki(folder).origin_certificate("origin", ["app.community.test"]))
    return await _listening(stack, app, tls)


def test_origins_of_a_monitored_pool_are_probed_and_the_edge_is_told(tmp_path: Path) -> None:
    async def story(world: World, stack: AsyncExitStack) -> None:
        asked: list[web.Request] = []
        ill: set[str] = set()
        port = await _origin(stack, tmp_path / "cloudflare" / "pki", asked, ill)
        client = await _api(world, stack, tmp_path)
        file = health_file(tmp_path / "cloudflare" / "state.json")
        monitor = {"type": "https", "path": "/fine", "port": port, "expected_codes": "2xx", "interval": 5, "retries": 0}
        monitor |= {"header": {"Host": ["app.community.test"]}, "timeout": 1, "consecutive_down": 1}
        made = await client.ask("POST", MONITORS, monitor)
        origins = [{"name": "here", "address": ADDRESS}, {"name": "off", "address": "127.0.0.9", "enabled": False}]
        pool = await client.ask("POST", POOLS, {"name": "hosts", "monitor": made["id"], "origins": origins})
        health = f"{POOLS}/{pool['id']}/health"
        await until(lambda: json.loads(file.read_text()) == {pool["id"]: {ADDRESS: True}})
        assert asked[0].headers["User-Agent"].endswith(f"pool-id: {pool['id']})")
        assert (await client.ask("GET", health))["pop_health"]["LAB"] == {
            "healthy": True,
            "origins": [{ADDRESS: {"healthy": True, "failure_reason": "No failures"}}],
        }
        ill.add("/")
        # What is other than it was is probed at once.
        await client.ask("PATCH", f"{MONITORS}/{made['id']}", {"path": "/other"})
        await until(lambda: json.loads(file.read_text()) == {pool["id"]: {ADDRESS: False}})
        found = (await client.ask("GET", health))["pop_health"]["LAB"]
        assert (found["healthy"], found["origins"][0][ADDRESS]["failure_reason"]) == (
            False,
            "Response code mismatch error",
        )
        await client.ask("PATCH", f"{POOLS}/{pool['id']}", {"enabled": False})
        await until(lambda: json.loads(file.read_text()) == {})
        assert (await client.ask("GET", health))["pop_health"] == {}

    in_world(tmp_path, story)
