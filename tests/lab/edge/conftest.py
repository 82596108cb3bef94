"""A real edge process, origins in the test's own loop, and a Cloudflare state that a test writes."""

from __future__ import annotations

import asyncio
import json
import signal
import socket
import ssl
import subprocess
import sys
import time
import urllib.request
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.abc import AbstractResolver, ResolveResult

from lab.pki import Pki
from lab.place import here

ROOT = Path(__file__).resolve().parents[3]
PLACE = here()
EDGE = PLACE.address(9, 1)
SOURCE = PLACE.address(9, 2)
ORIGINS = (PLACE.address(9, 11), PLACE.address(9, 12))
HOST = "app.community.test"
SETTINGS = {"ssl": "strict", "min_tls_version": "1.2", "tls_1_3": "on", "always_use_https": "on"}


def free_port(*addresses: str) -> int:
    """A port that is free on every one of the addresses."""
    for port in range(20000, 30000):
        with suppress(OSError):
            for address in addresses:
                with socket.socket() as probe:
                    probe.bind((address, port))
            return port
    raise AssertionError("no free port")


@dataclass
class EdgeProcess:
    """``python -m lab.edge`` and the files around it."""

    folder: Path
    http: int = field(default_factory=lambda: free_port(EDGE))
    origin_http: int = field(default_factory=lambda: free_port(*ORIGINS))
    revision: int = 0

    def __post_init__(self) -> None:
        self.https = free_port_after(self.http, EDGE)
        self.origin_https = free_port_after(self.origin_http, *ORIGINS)
        self.smtp = free_port(SOURCE)
        self.pki = Pki(self.folder / "pki")
        self.state = self.folder / "state.json"
        self.log = self.folder / "log"

    def start(self) -> None:
        command = [
            *(sys.executable, "-m", "lab.edge", "--address", EDGE, "--source", SOURCE),
            *("--http-port", str(self.http), "--https-port", str(self.https)),
            *("--origin-http-port", str(self.origin_http), "--origin-https-port", str(self.origin_https)),
            *("--state", str(self.state), "--pki", str(self.pki.folder), "--smtp", f"{SOURCE}:{self.smtp}"),
        ]
        with self.log.open("a") as log:
            self.process = subprocess.Popen(command, cwd=ROOT, stderr=log)
        self.wait_for(lambda: "h=" in self.trace(), 15)

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(5)

    def trace(self) -> str:
        try:
            with urllib.request.urlopen(f"http://{EDGE}:{self.http}/cdn-cgi/trace", timeout=2) as answer:
                return str(answer.read().decode())
        except OSError:
            return ""

    def wait_for(self, holds: Callable[[], bool], seconds: float) -> None:
        end = time.monotonic() + seconds
        while not holds():
            assert self.process.poll() is None, self.log.read_text()
            assert time.monotonic() < end, self.log.read_text()
            time.sleep(0.02)

    def write(self, text: str) -> None:
        aside = self.state.with_suffix(".new")
        aside.write_text(text)
        aside.replace(self.state)

    def declare(
        self,
        *,
        settings: dict[str, Any] | None = None,
        custom: list[dict[str, Any]] | None = None,
        limits: list[dict[str, Any]] | None = None,
        origins: tuple[str, ...] = ORIGINS[:1],
        other_settings: dict[str, Any] | None = None,
        more: dict[str, list[dict[str, Any]]] | None = None,
        purges: list[dict[str, Any]] | None = None,
        pulls: dict[str, Any] | None = None,
        balancers: list[dict[str, Any]] | None = None,
        pools: list[dict[str, Any]] | None = None,
        access: dict[str, list[dict[str, Any]]] | None = None,
    ) -> None:
        """Change the Cloudflare state, and wait until the edge follows: within a second."""
        self.revision += 1
        rulesets = {"http_request_firewall_custom": custom or [], "http_ratelimit": limits or [], **(more or {})}
        zone = {
            "id": "zone",
            "name": "community.test",
            "status": "active",
            "plan": "pro",
            "purges": purges or [],
            "origin_pulls": pulls or {},
            "load_balancers": balancers or [],
            "settings": SETTINGS | (settings or {}),
            "dns_records": [
                {"id": address, "type": "A", "name": HOST, "content": address, "ttl": 1, "proxied": True}
                for address in origins
            ],
            "rulesets": [
                {"id": phase, "name": phase, "kind": "zone", "phase": phase, "version": "1", "rules": rules}
                for phase, rules in rulesets.items()
            ],
        }
        zones = [zone]
        if other_settings:
            zones.append(zone | {"name": "other.test", "settings": other_settings, "dns_records": [], "rulesets": []})
        account = {"id": "account", "name": "account", "pools": pools or [], **(access or {})}
        self.write(json.dumps({"revision": self.revision, "accounts": [account], "zones": zones, "secrets_stores": []}))
        self.wait_for(lambda: f"lab_revision={self.revision}\n" in self.trace(), 1)


def free_port_after(port: int, *addresses: str) -> int:
    """Another free port."""
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind((addresses[0], port))
        return free_port(*addresses)


@pytest.fixture(scope="session")
def edge_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EdgeProcess]:
    process = EdgeProcess(tmp_path_factory.mktemp("edge"))
    process.start()
    yield process
    process.stop()


@pytest.fixture
def edge(edge_process: EdgeProcess) -> EdgeProcess:
    """The edge with one strict zone and no rules."""
    edge_process.declare()
    return edge_process


class _ToEdge(AbstractResolver):
    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        return [ResolveResult(hostname=host, host=EDGE, port=port, family=family, proto=0, flags=0)]

    async def close(self) -> None:
        return


@dataclass
class Client:
    """A client that finds every name at the edge, and trusts the lab's edge CA."""

    edge: EdgeProcess
    session: aiohttp.ClientSession

    def url(self, path: str, scheme: str = "https", host: str = HOST) -> str:
        return f"{scheme}://{host}:{self.edge.https if scheme == 'https' else self.edge.http}{path}"

    def get(self, path: str, **more: Any) -> Any:
        return self.session.get(self.url(path), allow_redirects=False, **more)

    def post(self, path: str, **more: Any) -> Any:
        return self.session.post(self.url(path), allow_redirects=False, **more)

    async def raw(self, sent: bytes, **tls: Any) -> bytes:
        """Everything that comes back for these bytes, until the edge closes."""
        reader, writer = await self.connect(**tls)
        writer.write(sent)
        try:
            return await asyncio.wait_for(reader.read(), 10)
        finally:
            writer.close()

    async def connect(self, context: ssl.SSLContext | None = None) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection(
            EDGE, self.edge.https, ssl=context or self.tls(), server_hostname=HOST, limit=1 << 20
        )

    def tls(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=str(self.edge.pki.edge_ca_file))


@pytest.fixture
async def client(edge: EdgeProcess) -> AsyncIterator[Client]:
    context = ssl.create_default_context(cafile=str(edge.pki.edge_ca_file))
    connector = aiohttp.TCPConnector(ssl=context, resolver=_ToEdge())
    async with aiohttp.ClientSession(connector=connector, auto_decompress=False) as session:
        yield Client(edge, session)


Handler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]
Serve = Callable[..., Awaitable[None]]


def origin_tls(edge: EdgeProcess, hostnames: tuple[str, ...] = (HOST,)) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*edge.pki.origin_certificate("-".join(hostnames).replace("*", "_"), hostnames))
    return context


@pytest.fixture
async def serve(edge: EdgeProcess) -> AsyncIterator[Serve]:
    """Start an HTTP origin: ``await serve(handler, address=…, tls=…, port=…)``."""
    runners: list[web.ServerRunner] = []

    async def start(
        handler: Handler, *, address: str = ORIGINS[0], tls: ssl.SSLContext | None = None, plain: bool = False
    ) -> None:
        runner = web.ServerRunner(web.Server(handler, access_log=None), shutdown_timeout=0.1)
        await runner.setup()
        context = None if plain else (tls or origin_tls(edge))
        port = edge.origin_http if plain else edge.origin_https
        await web.TCPSite(runner, address, port, ssl_context=context).start()
        runners.append(runner)

    yield start
    for runner in runners:
        await runner.cleanup()


@pytest.fixture
async def serve_raw(edge: EdgeProcess) -> AsyncIterator[Serve]:
    """Start an origin that gets the bytes: ``await serve_raw(on_connection, tls=…)``."""
    servers: list[asyncio.Server] = []

    async def start(
        handler: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]], *, tls: bool = True
    ) -> None:
        context = origin_tls(edge) if tls else None
        servers.append(await asyncio.start_server(handler, ORIGINS[0], edge.origin_https, ssl=context, limit=1 << 20))

    yield start
    for server in servers:
        server.close()
