"""One client: its own address, its own connections, its own account, organisation and space."""

from __future__ import annotations

import asyncio
import json
import secrets
import socket
import ssl
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult

from core.errors import LabError
from core.terminal import clean
from lab.load.records import Record
from lab.load.target import Target
from lab.mail.token import verify_token

ANSWER_SECONDS = 15.0
PAGE = 100


class EdgeResolver(AbstractResolver):
    """Every name is at the edge: what its DNS says is for the DNS tests; here one address takes all."""

    def __init__(self, address: str) -> None:
        self._address = address

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """The edge's address, under the name asked for, so that SNI and verification use that name."""
        return [
            ResolveResult(
                hostname=host, host=self._address, port=port, family=family, proto=0, flags=socket.AI_NUMERICHOST
            )
        ]

    async def close(self) -> None:
        """Nothing is held."""


def session(target: Target, number: int) -> aiohttp.ClientSession:
    """A keep-alive session from the client's own address, trusting the lab's edge authority and no other."""
    context = ssl.create_default_context(cafile=target.ca_file)
    made = aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(
            ssl=context,
            resolver=EdgeResolver(target.address),
            local_addr=(target.source(number), 0),
            family=socket.AF_INET,
            keepalive_timeout=600,
            limit=4,
        ),
        timeout=aiohttp.ClientTimeout(total=ANSWER_SECONDS),
        headers={"User-Agent": "launch-ready-load/1"},
    )
    # aiohttp sends a GET again when a kept connection turns out closed: here that is a loss to be counted.
    made._retry_connection = False
    return made


@dataclass(frozen=True)
class _Answer:
    status: int | None
    error: str
    headers: Mapping[str, str]
    content: Any


class Client:
    """A signed-in member of the platform. ``keep`` gets a record of each request; use as a context manager."""

    def __init__(self, target: Target, number: int, run: str, keep: Callable[[Record], None]) -> None:
        self.number = number
        self.accepted: list[str] = []
        self._target, self._run, self._keep = target, run, keep
        self._org = self._space = ""
        self._posts = 0

    async def __aenter__(self) -> Client:
        """Open the session."""
        self._session = session(self._target, self.number)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close its connections."""
        await self._session.close()

    async def settle(self) -> None:
        """Sign up, prove the address, log in, make an organisation and a space. Raises :class:`LabError`."""
        account = {"email": f"load-{self._run}-{self.number}@example.test", "password": secrets.token_urlsafe(24)}
        await self._must("/api/auth/signup", {**account, "name": f"Load {self.number}"}, 202)
        if self._target.messages_url:
            token = await verify_token(self._target.messages_url, account["email"])
            await self._must("/api/auth/verify", {"token": token}, 204)
        await self._must("/api/auth/login", account, 200)
        org = await self._must("/api/orgs", {"name": f"Load {self.number}"}, 201)
        self._org = f"/api/orgs/{org['id']}"
        space = await self._must(f"{self._org}/spaces", {"name": "General"}, 201, "/api/orgs/{id}/spaces")
        self._space = f"{self._org}/spaces/{space['id']}"

    def reads(self) -> list[tuple[str, str]]:
        """The paths that the client reads in turn, each with its class."""
        return [
            ("/", "/"),
            (f"{self._space}/posts", "/api/orgs/{id}/spaces/{id}/posts"),
            ("/api/orgs", "/api/orgs"),
            ("/login", "/login"),
            (f"{self._org}/spaces", "/api/orgs/{id}/spaces"),
            ("/api/auth/me", "/api/auth/me"),
        ]

    async def get(self, path: str, kind: str) -> None:
        """One GET."""
        await self._send("GET", path, kind, None)

    async def post(self) -> None:
        """One post, with a text like no other, so that it can be told whether it was stored, and how often."""
        self._posts += 1
        body = f"{self._run} client {self.number} post {self._posts}"
        sent, _ = await self._send("POST", f"{self._space}/posts", "/api/orgs/{id}/spaces/{id}/posts", {"body": body})
        if sent.status == 201:
            self.accepted.append(body)

    async def listed(self) -> list[str]:
        """The texts of all posts in the client's space. Raises :class:`LabError`."""
        texts: list[str] = []
        after = ""
        while True:
            path = f"{self._space}/posts?limit={PAGE}{after}"
            sent, page = await self._send("GET", path, "/api/orgs/{id}/spaces/{id}/posts", None)
            if sent.status != 200:
                raise LabError(f"client {self.number} cannot list its posts to count them: {_outcome(sent)}")
            texts += [post["body"] for post in page["items"]]
            if page["next"] is None:
                return texts
            after = f"&before={page['next']}"

    async def _must(self, path: str, form: dict[str, str], wanted: int, kind: str | None = None) -> Any:
        sent, content = await self._send("POST", path, kind or path, form)
        if sent.status != wanted:
            reason = clean(str(content.get("detail", "")))[:200] if isinstance(content, dict) else ""
            raise LabError(f"client {self.number}: POST {path}: {_outcome(sent)} instead of {wanted}. {reason}".strip())
        return content

    async def _send(self, method: str, path: str, kind: str, form: dict[str, str] | None) -> tuple[Record, Any]:
        """One request, once; returns its record, which is kept whatever came of it, and its JSON content."""
        at, began = time.time(), time.perf_counter()
        answer = await self._exchange(method, self._target.origin + path, form)
        record = Record(
            at=at,
            seconds=time.perf_counter() - began,
            method=method,
            path=kind,
            status=answer.status,
            error=answer.error,
            release=answer.headers.get("X-Release", ""),
            colour=answer.headers.get("X-Colour", ""),
            ray=answer.headers.get("CF-Ray", ""),
            client=self.number,
        )
        self._keep(record)
        return record, answer.content

    async def _exchange(self, method: str, url: str, form: dict[str, str] | None) -> _Answer:
        try:
            async with self._session.request(method, url, json=form, allow_redirects=False) as answer:
                raw = await answer.read()
                content = json.loads(raw) if raw and answer.content_type.endswith("json") else None
                return _Answer(answer.status, "", answer.headers, content)
        except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as failure:
            return _Answer(None, type(failure).__name__, {}, None)


def _outcome(sent: Record) -> str:
    return f"no answer ({sent.error})" if sent.status is None else f"status {sent.status}"


async def in_turn(clients: list[Client], at_once: int) -> None:
    """Settle ``clients``, ``at_once`` at a time: a password's hash is work for the hosts."""
    slots = asyncio.Semaphore(at_once)

    async def one(client: Client) -> None:
        async with slots:
            await client.settle()

    async with asyncio.TaskGroup() as group:
        for client in clients:
            group.create_task(one(client))
