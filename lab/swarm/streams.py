"""WebSockets and server-sent events that stay open while releases change, each pushed post counted.

A stream that ends before its client ends it is lost, unless the app closed it as a drain ends: WebSocket close code
1012, or the event ``end`` and a whole last chunk. That is counted apart, as cut.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
import socket
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import aiohttp
from aiohttp import WSMsgType

from lab.load.client import EdgeResolver
from lab.swarm.member import Member, pause
from lab.swarm.plan import Door, Plan
from lab.swarm.wire import ANSWER_SECONDS, Answer, LostError, trusting

SERVICE_RESTART = 1012
# What was accepted so shortly before a clean cut may have been made after the stream's last look: its client reads
# the space again when it is back.
CUT_GRACE_SECONDS = 2.0
PUSH_SECONDS = 5.0


@dataclass
class _Open:
    """One stream: since when it is ready, what it got, and how the app ended it."""

    since: float
    got: list[str] = field(default_factory=list)
    cut: bool = False
    ended: asyncio.Event = field(default_factory=asyncio.Event)


class Stream:
    """Opens stream after stream on a member's space through ``door``; ``kind`` is ``websocket`` or ``events``."""

    def __init__(self, kind: str, member: Member, door: Door, plan: Plan) -> None:
        self._kind, self._member, self._door, self._plan = kind, member, door, plan

    async def keep_open(self, stop: asyncio.Event) -> None:
        """Until ``stop``; the last one is ended by its client as all are."""
        async with _session(self._member, self._door) as session:
            while not stop.is_set():
                seconds = random.uniform(self._plan.shortest, self._plan.longest)  # noqa: S311 - a pace, no secret
                await self._once(session, seconds, stop)

    async def _once(self, session: aiohttp.ClientSession, seconds: float, stop: asyncio.Event) -> None:
        tally, at = self._member.tally, time.time()
        counts = tally.counts[self._kind]
        counts.sent += 1
        opened = self._websocket(session) if self._kind == "websocket" else self._events(session)
        try:
            async with asyncio.timeout(ANSWER_SECONDS + seconds + PUSH_SECONDS), opened as (stream, answer):
                await _either(stream.ended, seconds, stop)
                await self._all_pushed(stream)
                _require_own_end(stream)
        except (aiohttp.ClientError, OSError, TimeoutError, LostError, ValueError) as lost:
            tally.lose(self._kind, self._door.name, at, _reason(lost))
            # A host that refuses is not asked again in a rush.
            await pause(1.0, stop)
            return
        if stream.cut:
            counts.cut += 1
        else:
            tally.answer(self._kind, self._door.name, at, answer, answer.status)
        self._count(stream)

    async def _all_pushed(self, stream: _Open) -> None:
        ends = time.time() + PUSH_SECONDS
        while self._missing(stream) and not stream.ended.is_set() and time.time() < ends:
            await asyncio.sleep(0.02)

    def _wanted(self, stream: _Open) -> list[str]:
        until = time.time() - (CUT_GRACE_SECONDS if stream.cut else 0.0)
        return [post for began, accepted, post in self._member.posted if began > stream.since and accepted < until]

    def _missing(self, stream: _Open) -> int:
        return len(set(self._wanted(stream)) - set(stream.got))

    def _count(self, stream: _Open) -> None:
        pushed = self._member.tally.streams
        pushed.expected += len(self._wanted(stream))
        pushed.missing += self._missing(stream)
        pushed.received += len(stream.got)
        pushed.doubled += len(stream.got) - len(set(stream.got))

    @contextlib.asynccontextmanager
    async def _websocket(self, session: aiohttp.ClientSession) -> AsyncIterator[tuple[_Open, Answer]]:
        url = f"https://{self._door.host}:{self._door.port}{self._member.space}/live"
        async with session.ws_connect(url, origin=f"https://{self._door.host}") as opened:
            if (await opened.receive_json(timeout=ANSWER_SECONDS)).get("type") != "ready":
                raise LostError("not ready")
            stream = _Open(time.time())
            reading = asyncio.create_task(_read_websocket(opened, stream))
            try:
                yield stream, _answer(101, opened._response)
            finally:
                await _ended(reading)

    @contextlib.asynccontextmanager
    async def _events(self, session: aiohttp.ClientSession) -> AsyncIterator[tuple[_Open, Answer]]:
        url = f"https://{self._door.host}:{self._door.port}{self._member.space}/events"
        async with session.get(url) as answer:
            if answer.status != 200:
                raise LostError(f"status {answer.status}")
            await asyncio.wait_for(answer.content.readuntil(b"\n\n"), ANSWER_SECONDS)
            stream = _Open(time.time())
            reading = asyncio.create_task(_read_events(answer.content, stream))
            try:
                yield stream, _answer(200, answer)
            finally:
                await _ended(reading)
                # TLS's own goodbye would keep the connection, and so the drain of a colour, for up to 30 s.
                if answer.connection is not None and answer.connection.transport is not None:
                    answer.connection.transport.abort()


async def _read_websocket(opened: aiohttp.ClientWebSocketResponse[bool], stream: _Open) -> None:
    try:
        async for message in opened:
            if message.type is WSMsgType.TEXT:
                stream.got.append(json.loads(message.data)["post"]["id"])
        stream.cut = opened.close_code == SERVICE_RESTART
    finally:
        stream.ended.set()


async def _read_events(content: aiohttp.StreamReader, stream: _Open) -> None:
    said_end = False
    try:
        while block := await content.readuntil(b"\n\n"):
            fields = dict(line.split(": ", 1) for line in block.decode().splitlines() if ": " in line)
            said_end = fields.get("event") == "end"
            if fields.get("event") == "post":
                stream.got.append(fields["id"])
            if not block.endswith(b"\n\n"):
                return
        # Reached only where the last chunk came: aiohttp raises for an answer that is cut short.
        stream.cut = said_end
    finally:
        stream.ended.set()


async def _ended(reading: asyncio.Task[None]) -> None:
    """Stop reading; what went wrong there has set the stream's end without a cut."""
    reading.cancel()
    with contextlib.suppress(asyncio.CancelledError, aiohttp.ClientError, OSError, ValueError, KeyError):
        await reading


def _require_own_end(stream: _Open) -> None:
    if stream.ended.is_set() and not stream.cut:
        raise LostError("ended by the other side")


async def _either(ended: asyncio.Event, seconds: float, stop: asyncio.Event) -> None:
    waits = [asyncio.create_task(each.wait()) for each in (ended, stop)]
    await asyncio.wait(waits, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    for each in waits:
        each.cancel()


def _session(member: Member, door: Door) -> aiohttp.ClientSession:
    """A session from the member's own address, with its cookie, that finds every name at the door."""
    connector = aiohttp.TCPConnector(
        ssl=trusting(door.ca_file),
        resolver=EdgeResolver(door.address),
        local_addr=(member.source, 0),
        family=socket.AF_INET,
        force_close=True,
    )
    return aiohttp.ClientSession(
        connector=connector,
        headers={"Cookie": member.connection.headers["Cookie"]},
        timeout=aiohttp.ClientTimeout(total=None, sock_connect=ANSWER_SECONDS),
    )


def _answer(status: int, response: aiohttp.ClientResponse) -> Answer:
    return Answer(status, {name.lower(): value for name, value in response.headers.items()})


def _reason(lost: Exception) -> str:
    if isinstance(lost, aiohttp.WSServerHandshakeError):
        return f"refused with {lost.status}"
    return str(lost) if isinstance(lost, LostError) else type(lost).__name__
