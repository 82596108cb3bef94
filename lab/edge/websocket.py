"""WebSockets (RFC 6455) through the edge: every frame of one side is sent to the other."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final

import aiohttp
from aiohttp import WSCloseCode, WSMsgType, web
from aiohttp.http import WS_CLOSED_MESSAGE
from multidict import CIMultiDict, CIMultiDictProxy

from lab.edge.headers import Pairs, for_client
from lab.edge.origin import Origins, Outgoing
from lab.edge.sites import SslMode

_Side = web.WebSocketResponse[bool] | aiohttp.ClientWebSocketResponse[bool]
_DATA: Final = (WSMsgType.TEXT, WSMsgType.BINARY, WSMsgType.PING, WSMsgType.PONG)
# Each side of the proxy shakes hands by itself.
_HANDSHAKE: Final = "sec-websocket-"


def is_websocket(request: web.BaseRequest) -> bool:
    """Whether the client asks for one."""
    return request.method == "GET" and request.headers.get("Upgrade", "").lower() == "websocket"


async def pass_through(
    request: web.BaseRequest, outgoing: Outgoing, mode: SslMode, origins: Origins, added: Pairs
) -> web.StreamResponse:
    """Join the client to the origin until either closes; or give the status with which the origin refuses.

    Raises :class:`lab.edge.origin.OriginError` if no origin answers.
    """
    offered = request.headers.get("Sec-WebSocket-Protocol", "")
    protocols = [name.strip() for name in offered.split(",") if name.strip()]
    try:
        origin = await origins.first(outgoing, lambda address: _open(origins, outgoing, address, mode, protocols))
    except aiohttp.WSServerHandshakeError as refusal:
        # The body of a refusal does not come through aiohttp's client.
        refused = CIMultiDictProxy(CIMultiDict(refusal.headers or ()))
        return web.Response(status=refusal.status, headers=_without_handshake(for_client(refused, added)))
    client = web.WebSocketResponse(
        protocols=[origin.protocol] if origin.protocol else (),
        autoping=False,
        autoclose=False,
        compress=False,
        max_msg_size=0,
        decode_text=False,
    )
    # aiohttp shows what the origin said with its 101 nowhere else.
    client.headers.extend(_without_handshake(for_client(origin._response.headers, added)))
    async with origin:
        await client.prepare(request)
        await asyncio.gather(_pump(client, origin), _pump(origin, client))
    return client


def _without_handshake(headers: CIMultiDict[str]) -> CIMultiDict[str]:
    """The origin's own words, without what is about its side of the connection or the body of a refusal."""
    own = (_HANDSHAKE, "content-", "date")
    return CIMultiDict((name, value) for name, value in headers.items() if not name.lower().startswith(own))


async def _open(
    origins: Origins, outgoing: Outgoing, address: str, mode: SslMode, protocols: Sequence[str]
) -> aiohttp.ClientWebSocketResponse[bool]:
    url, tls = origins.location(outgoing, address, mode)
    opened: aiohttp.ClientWebSocketResponse[bool] = await origins.session.ws_connect(
        url,
        headers=[pair for pair in outgoing.headers if not pair[0].lower().startswith(_HANDSHAKE)],
        protocols=protocols,
        autoping=False,
        autoclose=False,
        max_msg_size=0,
        decode_text=False,
        **tls,
    )
    return opened


async def _pump(source: _Side, sink: _Side) -> None:
    """Send every frame of ``source`` to ``sink``, and close both when it closes or is lost."""
    code, reason = WSCloseCode.GOING_AWAY, b""
    try:
        while (message := await source.receive()).type in _DATA:
            await sink.send_frame(message.data, message.type)
    except ConnectionError:
        message = WS_CLOSED_MESSAGE
    if message.type is WSMsgType.CLOSING:
        # The other pump is closing both, which ended the wait here.
        return
    if message.type is WSMsgType.CLOSE:
        code, reason = message.data or WSCloseCode.OK, (message.extra or "").encode()
    await sink.close(code=code, message=reason)
    await source.close(code=code, message=reason)
