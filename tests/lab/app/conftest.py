"""The app's own releases as processes of this machine, on the lab's database, a schema for each test module."""

from __future__ import annotations

import asyncio
import os
import re
import secrets
import signal
import subprocess
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest

from lab import artifacts
from lab.hosts.identity import app_environment
from lab.place import here

HEALTHY_SECONDS = 20.0
MAIL_SECONDS = 10.0
WEBHOOK_KEY = secrets.token_hex(32)
PASSWORD = "correct horse battery"


class Platform:
    """What a test starts: releases on one database. ``environment`` is as the hosts have it."""

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        self.folder = folder
        self.environment = environment

    def migrate(self, release: str) -> subprocess.CompletedProcess[str]:
        """Run a release's migrations."""
        return subprocess.run(
            [self.folder / release / "bin/migrate"], env=self.environment, capture_output=True, text=True, timeout=60
        )

    async def execute(self, statement: str) -> None:
        """Change the database behind the app's back."""
        await _execute(self.environment["DATABASE_URL"], statement)

    @contextmanager
    def running(self, release: str, colour: str = "blue", healthy: bool = True, drain: str = "") -> Iterator[Running]:
        """The release's own process, as the unit would start it, until the block ends."""
        socket = self.folder / f"{colour}.sock"
        socket.unlink(missing_ok=True)
        environment = {
            **self.environment,
            "APP_SOCKET": str(socket),
            "APP_COLOUR": colour,
            "APP_VERSION": VERSIONS[release],
            "APP_DRAIN_SECONDS": drain,
        }
        process = subprocess.Popen([self.folder / release / "bin/serve"], env=environment, umask=0o007)
        running = Running(socket, process)
        try:
            running.wait(healthy)
            yield running
        finally:
            process.kill()
            process.wait()


class Running:
    """A process that serves."""

    def __init__(self, socket: Path, process: subprocess.Popen[bytes]) -> None:
        self.socket = socket
        self.process = process

    def client(self) -> httpx.AsyncClient:
        """A client of its own, as a browser would be."""
        transport = httpx.AsyncHTTPTransport(uds=str(self.socket))
        return httpx.AsyncClient(transport=transport, base_url="http://app.community.test")

    def wait(self, healthy: bool) -> None:
        """Until it answers, and is healthy if it shall be."""
        transport = httpx.HTTPTransport(uds=str(self.socket))
        deadline = time.monotonic() + HEALTHY_SECONDS
        with httpx.Client(transport=transport, base_url="http://app.community.test") as client:
            while time.monotonic() < deadline:
                try:
                    answer = client.get("/healthz")
                except httpx.TransportError:
                    time.sleep(0.02)
                    continue
                if not healthy or answer.status_code == 200:
                    return
                pytest.fail(f"not healthy: {answer.text}")
        pytest.fail("no answer in time")

    def terminate(self) -> None:
        """What systemd sends at a stop."""
        self.process.send_signal(signal.SIGTERM)

    @asynccontextmanager
    async def member(self, email: str = "") -> AsyncIterator[Member]:
        """A new account, signed in; of an address of its own unless ``email`` is given."""
        async with self.client() as client:
            member = Member(client, email or f"{secrets.token_hex(6)}@example.test")
            await member.sign_up()
            await member.log_in()
            yield member


class Member:
    """A signed-in client. The cookie is Secure, and a Unix socket is no TLS: it is carried over by hand."""

    def __init__(self, client: httpx.AsyncClient, email: str) -> None:
        self.client = client
        self.email = email
        self.id = ""

    async def sign_up(self) -> None:
        """Make the account, and prove the address by the mail that comes."""
        form = {"email": self.email, "name": "Somebody", "password": PASSWORD}
        assert (await self.client.post("/api/auth/signup", json=form)).status_code == 202
        await self.send("POST", "/api/auth/verify", 204, token=await self.mailed("verify"))

    async def mailed(self, page: str, count: int = 1) -> str:
        """The token in the link to ``page`` of the ``count``-th mail that has one; waits until it is there."""
        letters = await self.letters(lambda texts: sum(f"/{page}?token=" in text for text in texts) >= count)
        links = [found[1] for text in letters if (found := re.search(rf"/{page}\?token=(\S+)", text))]
        return links[count - 1]

    async def letters(self, enough: Callable[[list[str]], bool]) -> list[str]:
        """The texts of all mail to this address, once ``enough`` of it is there."""
        address, _smtp, port = here().mail
        ends = time.monotonic() + MAIL_SECONDS
        async with httpx.AsyncClient() as client:
            while True:
                answer = await client.get(f"http://{address}:{port}/messages", params={"to": self.email})
                texts = [message["text"] for message in answer.json()]
                if enough(texts) or time.monotonic() > ends:
                    return texts
                await asyncio.sleep(0.02)

    @asynccontextmanager
    async def elsewhere(self, running: Running, password: str = PASSWORD) -> AsyncIterator[Member]:
        """The same account in another browser."""
        async with running.client() as client:
            other = Member(client, self.email)
            await other.log_in(password)
            yield other

    async def log_in(self, password: str = PASSWORD) -> None:
        """Log in and keep the session."""
        answer = await self.client.post("/api/auth/login", json={"email": self.email, "password": password})
        assert answer.status_code == 200
        self.id = answer.json()["id"]
        self.client.headers["Cookie"] = answer.headers["set-cookie"].partition(";")[0]

    async def get(self, path: str, wanted: int = 200) -> Any:
        """GET; the answer's JSON."""
        return _content(await self.client.get(path), wanted)

    async def send(self, method: str, path: str, wanted: int, **form: Any) -> Any:
        """Any other method with a JSON form; the answer's JSON."""
        return _content(await self.client.request(method, path, json=form), wanted)

    async def org(self) -> str:
        """The path of a new organisation of theirs."""
        return f"/api/orgs/{(await self.send('POST', '/api/orgs', 201, name='Org'))['id']}"

    async def space(self, org: str) -> str:
        """The path of a new space in it."""
        space = await self.send("POST", f"{org}/spaces", 201, name=secrets.token_hex(4))
        return f"{org}/spaces/{space['id']}"

    async def post(self, space: str, body: str = "Hello") -> str:
        """The path of a new post in it."""
        return f"{space}/posts/{(await self.send('POST', f'{space}/posts', 201, body=body))['id']}"

    async def invite(self, org: str, **form: Any) -> str:
        """The token of a new invite."""
        return str((await self.send("POST", f"{org}/invites", 201, **form))["token"])

    async def join(self, token: str, wanted: int = 200) -> Any:
        """Accept an invite."""
        return await self.send("POST", "/api/invites/accept", wanted, token=token)


def _content(answer: httpx.Response, wanted: int) -> Any:
    assert answer.status_code == wanted, answer.text
    if wanted >= 400:
        assert answer.headers["content-type"] == "application/problem+json"
    return answer.json() if answer.content else None


VERSIONS = {"v1": "1.0.0", "v2": "2.0.0", "unhealthy": "3.0.0", "turns-bad": "4.0.0"}


@pytest.fixture(scope="session")
def unpacked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with each release unpacked under its key."""
    folder = tmp_path_factory.mktemp("releases")
    for key, path in artifacts.build(here(), lambda _line: None).items():
        (folder / key).mkdir()
        subprocess.run(["tar", "-xzf", path, "-C", folder / key], check=True)
    return folder


@pytest.fixture(scope="module")
def platform(lab: dict[str, Any], unpacked: Path) -> Iterator[Platform]:
    """Releases on an empty schema of the lab's database; not migrated yet."""
    known = dict(line.split("=", 1) for line in app_environment(here()).splitlines())
    schema = f"test_{secrets.token_hex(4)}"
    asyncio.run(_execute(known["DATABASE_URL"], f"CREATE SCHEMA {schema}"))
    known["WEBHOOK_SIGNING_KEY"] = WEBHOOK_KEY
    environment = {**os.environ, **known, "DATABASE_URL": f"{known['DATABASE_URL']}?search_path={schema}"}
    try:
        yield Platform(unpacked, environment)
    finally:
        asyncio.run(_execute(known["DATABASE_URL"], f"DROP SCHEMA {schema} CASCADE"))


async def _execute(url: str, statement: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()
