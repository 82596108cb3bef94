"""A space's new posts as they are made: by WebSocket (RFC 6455), and as server-sent events (WHATWG HTML, 9.2)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from uuid import UUID

from fastapi import APIRouter, WebSocket
from fastapi.responses import StreamingResponse
from fastapi.sse import EventSourceResponse, format_sse_event
from starlette.requests import HTTPConnection
from starlette.websockets import WebSocketDisconnect, WebSocketState

from .. import access
from ..database import PoolOf
from ..feed import End, Feed, Item, Subscription
from ..problems import UNAVAILABLE, Problem
from ..sessions import SignedIn, visitor

router = APIRouter(prefix="/api/orgs/{org_id}/spaces/{space_id}", tags=["live"])

# Below the idle timeouts of every proxy on the way; who has left the space is let go as late as this, too.
HEARTBEAT_SECONDS = 15.0
# RFC 6455 section 7.4.1 and IANA's registry: service restart, try again later, policy violation.
_CODES = {End.DRAINED: 1012, End.BEHIND: 1013, End.LOST: 1013, End.REFUSED: 1008}

_UNSEEN: tuple[type[Exception], ...] = (Problem, *UNAVAILABLE)

MaySee = Callable[[], Awaitable[bool]]


@router.get(
    "/events",
    response_class=StreamingResponse,
    responses={200: {"content": {"text/event-stream": {}}}},
)
async def events(
    request: HTTPConnection, org_id: UUID, space_id: UUID, user: SignedIn, pool: PoolOf
) -> EventSourceResponse:
    """New posts as server-sent events: ``ready`` first, a ``post`` each, ``end`` when the release goes."""
    async with pool.acquire() as connection:
        await access.space(connection, user, org_id, space_id)
    stream = _stream(request.app.state.feed, space_id, _looker(request, pool, org_id, space_id))
    return EventSourceResponse(stream, headers={"X-Accel-Buffering": "no", "Cache-Control": "no-store"})


async def _stream(feed: Feed, space_id: UUID, may_see: MaySee) -> AsyncIterator[bytes]:
    async with feed.subscribe(space_id) as posts:
        yield format_sse_event(event="ready", data_str="{}", retry=1000)
        async for item in _watch(posts, may_see):
            if isinstance(item, End):
                yield format_sse_event(event="end", data_str=item.value)
            elif item is None:
                yield format_sse_event(comment="still here")
            else:
                yield format_sse_event(event="post", data_str=item.model_dump_json(), id=str(item.id))


@router.websocket("/live")
async def live(websocket: WebSocket, org_id: UUID, space_id: UUID, user: SignedIn, pool: PoolOf) -> None:
    """New posts by WebSocket: ``{"type": "ready"}`` first, then ``{"type": "post", "post": …}`` each."""
    async with pool.acquire() as connection:
        await access.space(connection, user, org_id, space_id)
    async with websocket.app.state.feed.subscribe(space_id) as posts:
        await websocket.accept()
        await websocket.send_json({"type": "ready"})
        reading = asyncio.create_task(_read(websocket, posts))
        try:
            async for item in _watch(posts, _looker(websocket, pool, org_id, space_id)):
                await _push(websocket, item)
        except WebSocketDisconnect:
            # It left while it was being told something; nobody is left to tell.
            return
        finally:
            reading.cancel()


async def _push(websocket: WebSocket, item: Item | None) -> None:
    if item is None or websocket.client_state is not WebSocketState.CONNECTED:
        return
    if not isinstance(item, End):
        await websocket.send_json({"type": "post", "post": item.model_dump(mode="json")})
    elif item is not End.GONE:
        await websocket.close(_CODES[item], item.value)


async def _read(websocket: WebSocket, posts: Subscription) -> None:
    """Nothing is asked of the client: what it sends is dropped, and that it leaves is noted."""
    while (await websocket.receive())["type"] != "websocket.disconnect":
        pass
    posts.put(End.GONE)


async def _watch(posts: Subscription, may_see: MaySee) -> AsyncIterator[Item | None]:
    """Each post as it comes, None after each quiet while, and at last why it ends."""
    clock = asyncio.get_running_loop().time
    due = clock() + HEARTBEAT_SECONDS
    item: Item | None = None
    while not isinstance(item, End):
        item = await posts.next(due - clock())
        if clock() >= due:
            due = clock() + HEARTBEAT_SECONDS
            item = item if await may_see() else End.REFUSED
        yield item


def _looker(request: HTTPConnection, pool: PoolOf, org_id: UUID, space_id: UUID) -> MaySee:
    """Whether whoever opened the stream is still signed in and still a member."""

    async def may_see() -> bool:
        try:
            user = await visitor(request, pool)
            if user is None:
                return False
            async with pool.acquire() as connection:
                await access.space(connection, user, org_id, space_id)
        except _UNSEEN:
            return False
        return True

    return may_see
