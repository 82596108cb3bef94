"""One keep-alive connection of HTTP/1.1 over TLS, parsed by httptools: as little between the client and the wire as
can be, for the client must not be what limits the load."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import cast

import httptools

from lab.swarm.plan import Door

ANSWER_SECONDS = 20.0
CONNECT_SECONDS = 10.0


class LostError(Exception):
    """No whole answer came; the text is the reason, in a few words that can be counted."""


@dataclass
class Answer:
    """A whole answer. ``headers`` have names in lower case."""

    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""

    @property
    def release(self) -> str:
        """Which release says that it answered; "" where a proxy did."""
        return self.headers.get("x-release", "")

    @property
    def colour(self) -> str:
        """And on which colour."""
        return self.headers.get("x-colour", "")


@lru_cache
def trusting(ca_file: str) -> ssl.SSLContext:
    """A client's context that trusts one authority."""
    return ssl.create_default_context(cafile=ca_file)


class Wire(asyncio.Protocol):
    """The protocol of one connection: one answer at a time."""

    def __init__(self) -> None:
        self.transport: asyncio.Transport
        self.closed = ""
        self.reusable = True
        self._waiting: asyncio.Future[Answer] | None = None
        self._answer = Answer()
        self._parts: list[bytes] = []
        self._parser = httptools.HttpResponseParser(self)
        self.writable = asyncio.Event()
        self.writable.set()

    def expect(self) -> asyncio.Future[Answer]:
        """Wait for the answer to what is about to be sent."""
        self._waiting = asyncio.get_running_loop().create_future()
        return self._waiting

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """asyncio's own word that there is a connection."""
        # uvloop's transports fulfil the protocol and are no subclasses.
        self.transport = cast("asyncio.Transport", transport)

    def connection_lost(self, exc: Exception | None) -> None:
        """The other side is gone: who waits has lost its request, and so will who asks next."""
        self._fail(f"closed in the middle ({type(exc).__name__})" if exc else "closed in the middle")
        self.closed = self.closed or "closed while idle"

    def pause_writing(self) -> None:
        """The other side reads too slowly."""
        self.writable.clear()

    def resume_writing(self) -> None:
        """It has caught up."""
        self.writable.set()

    def data_received(self, data: bytes) -> None:
        """Part of an answer, or what nobody asked for."""
        if self._waiting is None:
            self.closed = "spoke without being asked"
            self.transport.abort()
            return
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError:
            self._fail("not HTTP")
            self.transport.abort()

    def on_message_begin(self) -> None:
        """httptools: an answer begins."""
        self._answer, self._parts = Answer(), []

    def on_header(self, name: bytes, value: bytes) -> None:
        """httptools: a field."""
        self._answer.headers[name.decode("latin-1").lower()] = value.decode("latin-1")

    def on_body(self, body: bytes) -> None:
        """httptools: a piece of the body."""
        self._parts.append(body)

    def on_message_complete(self) -> None:
        """httptools: the answer is whole."""
        answer = self._answer
        answer.status, answer.body = self._parser.get_status_code(), b"".join(self._parts)
        self.reusable = self._parser.should_keep_alive()
        waiting, self._waiting = self._waiting, None
        if waiting is not None and not waiting.done():
            waiting.set_result(answer)

    def _fail(self, reason: str) -> None:
        waiting, self._waiting = self._waiting, None
        if waiting is not None and not waiting.done():
            waiting.set_exception(LostError(reason))


class Connection:
    """A client's keep-alive connection through a door. It is opened anew only after a loss, or a close announced."""

    def __init__(self, door: Door, source: str, headers: Mapping[str, str]) -> None:
        self.door = door
        self.opened = 0
        self.headers = dict(headers)
        self._source = source
        self._wire: Wire | None = None

    async def send(
        self, method: str, path: str, body: bytes = b"", kind: str = "", pieces: AsyncIterator[bytes] | None = None
    ) -> Answer:
        """One request, once. ``kind`` is the body's type; ``pieces``, ``body`` in all, are sent as they come.

        Raises :class:`LostError`, also where the connection was closed since the last request.
        """
        try:
            async with asyncio.timeout(ANSWER_SECONDS + (60 if pieces else 0)):
                return await self._exchange(method, path, body, kind, pieces)
        except TimeoutError:
            self.close()
            raise LostError("no answer in time") from None
        except LostError:
            self.close()
            raise

    async def _exchange(
        self, method: str, path: str, body: bytes, kind: str, pieces: AsyncIterator[bytes] | None
    ) -> Answer:
        wire = self._wire or await self._open()
        if wire.closed:
            raise LostError(wire.closed)
        answer = wire.expect()
        head = self._head(method, path, len(body), kind)
        if pieces is None:
            wire.transport.write(head + body)
        else:
            wire.transport.write(head)
            async for piece in pieces:
                await wire.writable.wait()
                if answer.done():
                    break
                wire.transport.write(piece)
        found = await answer
        if not wire.reusable:
            self.close()
        return found

    def _head(self, method: str, path: str, length: int, kind: str) -> bytes:
        lines = [f"{method} {path} HTTP/1.1", f"Host: {self.door.host}"]
        lines += [f"{name}: {value}" for name, value in self.headers.items()]
        if method != "GET":
            lines += [f"Content-Length: {length}", f"Content-Type: {kind}"]
        return ("\r\n".join(lines) + "\r\n\r\n").encode()

    async def _open(self) -> Wire:
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                _, wire = await loop.create_connection(
                    Wire,
                    self.door.address,
                    self.door.port,
                    ssl=trusting(self.door.ca_file),
                    server_hostname=self.door.host,
                    local_addr=(self._source, 0),
                )
        except TimeoutError:
            raise LostError("no connection in time") from None
        except OSError as error:
            raise LostError(f"no connection ({type(error).__name__})") from None
        self._wire = wire
        self.opened += 1
        return wire

    def close(self) -> None:
        """Let the connection go."""
        if self._wire is not None:
            self._wire.transport.close()
            self._wire = None
