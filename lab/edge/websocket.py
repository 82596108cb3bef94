"""WebSockets (RFC 6455) through the edge: every frame of one side is sent to the other."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, Final

import aiohttp
from aiohttp import WSCloseCode, WSMsgType, web

from lab.edge import pages
from lab.edge.headers import Pairs
from lab.edge.origin import OriginError, Origins, Outgoing, origin_error
from lab.edge.sites import Site

_Side = web.WebSocketResponse[bool] | aiohttp.ClientWebSocketResponse[bool]
_DATA: Final = (WSMsgType.TEXT, WSMsgType.BINARY, WSMsgType.PING, WSMsgType.PONG)
# Each side of the proxy shakes hands by itself.
_HANDSHAKE: Final = "sec-websocket-"


def is_websocket(request: web.BaseRequest) -> bool:
    """Whether the client asks for one."""
    return request.method == "GET" and request.headers.get("Upgrade", "").lower() == "websocket"


async def pass_through(
    request: web.BaseRequest, outgoing: Outgoing, site: Site, origins: Origins, added: Pairs
) -> web.StreamResponse:
    """Join the client to the origin until either closes. Raises :class:`OriginError` if the origin refuses."""
    origin = await _open(request, outgoing, site, origins)
    async with origin:
        client = web.WebSocketResponse(
            protocols=[origin.protocol] if origin.protocol else (),
            autoping=False,
            autoclose=False,
            compress=False,
            max_msg_size=0,
            decode_text=False,
        )
        client.headers.extend(added)
        await client.prepare(request)
        code, reason = await _first(_pump(client, origin), _pump(origin, client))
        await asyncio.gather(client.close(code=code, message=reason), origin.close(code=code, message=reason))
    return client


async def _open(
    request: web.BaseRequest, outgoing: Outgoing, site: Site, origins: Origins
) -> aiohttp.ClientWebSocketResponse[bool]:
    offered = request.headers.get("Sec-WebSocket-Protocol", "")
    address = next(iter(site.origins()), None)
    if address is None:
        raise OriginError(pages.ORIGIN_IS_UNREACHABLE, f"{outgoing.host} has no origin")
    url, tls = origins.location(outgoing, address, site.zone.ssl)
    try:
        opened: aiohttp.ClientWebSocketResponse[bool] = await origins.session.ws_connect(
            url,
            headers=[pair for pair in outgoing.headers if not pair[0].lower().startswith(_HANDSHAKE)],
            protocols=[name.strip() for name in offered.split(",") if name.strip()],
            autoping=False,
            autoclose=False,
            max_msg_size=0,
            decode_text=False,
            **tls,
        )
    except aiohttp.ClientError as error:
        raise origin_error(error, address) from error
    return opened


async def _pump(source: _Side, sink: _Side) -> tuple[int, bytes]:
    """Send every frame of ``source`` to ``sink``; the code and the reason of the close that ends it."""
    while True:
        message = await source.receive()
        if message.type in _DATA:
            await sink.send_frame(message.data, message.type)
        elif message.type is WSMsgType.CLOSE:
            return message.data or WSCloseCode.OK, (message.extra or "").encode()
        else:
            return WSCloseCode.GOING_AWAY, b""


async def _first(*pumps: Coroutine[Any, Any, tuple[int, bytes]]) -> tuple[int, bytes]:
    """The result of the pump that ends first; the others are cancelled."""
    tasks = [asyncio.ensure_future(pump) for pump in pumps]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        failed = next(iter(done)).exception()
        return (WSCloseCode.GOING_AWAY, b"") if failed else next(iter(done)).result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
