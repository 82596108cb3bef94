"""Requests to origins over connections that are kept, and what is said when one fails (Cloudflare's 52x statuses)."""

from __future__ import annotations

import errno
import ssl
from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeVar

import aiohttp
from aiohttp.client_middlewares import ClientHandlerType
from yarl import URL

from lab.cloudflare.snapshot import PullCertificate
from lab.edge import pages
from lab.edge.headers import Pairs
from lab.edge.sites import SslMode
from lab.edge.tls import origin_context
from lab.pki import Pki

# Cloudflare re-uses an idle connection to an origin for up to 900 s, and waits 100 s for an answer.
KEEPALIVE_SECONDS: Final = 900
READ_SECONDS: Final = 100
CONNECT_SECONDS: Final = 15
T = TypeVar("T")
_MAX_FIELD: Final = 128 * 1024
# Nothing was sent when one of these happens. A bad certificate is shown, not hidden behind a good one; a load balancer
# hides it ("Adaptive routing").
_TRY_NEXT: Final = frozenset({pages.WEB_SERVER_IS_DOWN, pages.CONNECTION_TIMED_OUT, pages.ORIGIN_IS_UNREACHABLE})
FAILS_OVER: Final = _TRY_NEXT | {pages.SSL_HANDSHAKE_FAILED, pages.INVALID_SSL_CERTIFICATE}
_BY_ERRNO: Final = {
    errno.ECONNREFUSED: pages.WEB_SERVER_IS_DOWN,
    errno.ETIMEDOUT: pages.CONNECTION_TIMED_OUT,
    errno.EHOSTUNREACH: pages.ORIGIN_IS_UNREACHABLE,
    errno.ENETUNREACH: pages.ORIGIN_IS_UNREACHABLE,
    errno.EADDRNOTAVAIL: pages.ORIGIN_IS_UNREACHABLE,
}
_AUTOMATIC: Final = ("Accept", "Accept-Encoding", "Content-Type", "User-Agent")


class OriginError(Exception):
    """No answer from an origin. ``code`` is the status to answer with, ``shown`` the number in the body."""

    def __init__(self, code: int, detail: str, shown: int | None = None) -> None:
        super().__init__(detail)
        self.code = code
        self.shown = shown or code


class AnswerLostError(aiohttp.ClientError):
    """The connection ended after the request had begun to go out."""


@dataclass(frozen=True)
class Outgoing:
    """A request to send. ``body`` makes its body anew for each attempt; None for none.

    ``shown`` is the certificate that the origin is shown, if it asks. ``addresses`` are tried in their order, as long
    as it is for one of the statuses ``retried`` that one gives no answer.
    """

    method: str
    target: str
    host: str
    headers: Pairs
    body: Callable[[], AsyncIterable[bytes]] | None
    shown: PullCertificate | None = None
    addresses: Sequence[str] = ()
    retried: frozenset[int] = _TRY_NEXT


async def _never_again(request: aiohttp.ClientRequest, send: ClientHandlerType) -> aiohttp.ClientResponse:
    """Keep aiohttp from repeating a request whose connection was lost: the origin may have acted on it already."""
    try:
        return await send(request)
    except aiohttp.ClientConnectorError:
        raise
    except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as error:
        raise AnswerLostError(str(error) or type(error).__name__) from error


class Origins:
    """The pool of connections to all origins. Use as an asynchronous context manager."""

    def __init__(self, pki: Pki, source: str, ports: tuple[int, int] = (80, 443)) -> None:
        """``source`` is the address that connections come from; ``ports`` are the origins', for HTTP and HTTPS."""
        self._http_port, self._https_port = ports
        self._pki = pki
        self._contexts: dict[tuple[SslMode, str], ssl.SSLContext | None] = {}
        connector = aiohttp.TCPConnector(limit=0, keepalive_timeout=KEEPALIVE_SECONDS, local_addr=(source, 0))
        self.session = aiohttp.ClientSession(
            connector=connector,
            auto_decompress=False,
            cookie_jar=aiohttp.DummyCookieJar(),
            skip_auto_headers=_AUTOMATIC,
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_SECONDS, sock_read=READ_SECONDS),
            max_line_size=_MAX_FIELD,
            max_field_size=_MAX_FIELD,
            middlewares=(_never_again,),
        )

    async def __aenter__(self) -> Origins:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.session.close()

    async def send(self, outgoing: Outgoing, mode: SslMode) -> aiohttp.ClientResponse:
        """Send to the first address that takes the connection, and return the answer's head.

        Raises :class:`OriginError`.
        """
        return await self.first(outgoing, lambda address: self._attempt(outgoing, address, mode))

    async def first(self, outgoing: Outgoing, attempt: Callable[[str], Awaitable[T]]) -> T:
        """What ``attempt`` gives for the first address that takes the connection, whatever the method.

        The next one is tried only if nothing was sent. Raises :class:`OriginError`, and aiohttp's own error for a
        WebSocket that the origin refused.
        """
        failure = OriginError(pages.ORIGIN_IS_UNREACHABLE, "there is no origin")
        for address in outgoing.addresses:
            try:
                return await attempt(address)
            except aiohttp.WSServerHandshakeError:
                raise
            except aiohttp.ClientError as error:
                failure = origin_error(error, address)
                if failure.code not in outgoing.retried:
                    break
        raise failure

    async def _attempt(self, outgoing: Outgoing, address: str, mode: SslMode) -> aiohttp.ClientResponse:
        url, tls = self.location(outgoing, address, mode)
        return await self.session.request(
            outgoing.method,
            url,
            headers=outgoing.headers,
            data=outgoing.body() if outgoing.body else None,
            allow_redirects=False,
            **tls,
        )

    def location(self, outgoing: Outgoing, address: str, mode: SslMode) -> tuple[URL, dict[str, Any]]:
        """The URL at ``address``, and aiohttp's arguments for TLS: the server name is the host that was asked for."""
        context = self._context(mode, outgoing.shown)
        scheme, port = ("http", self._http_port) if context is None else ("https", self._https_port)
        url = URL(f"{scheme}://{address}:{port}{outgoing.target}", encoded=True)
        return url, {} if context is None else {"ssl": context, "server_hostname": outgoing.host}

    def _context(self, mode: SslMode, shown: PullCertificate | None) -> ssl.SSLContext | None:
        """One context for each mode and certificate: connections are kept by it."""
        key = (mode, shown.id if shown else "")
        if key not in self._contexts:
            self._contexts[key] = origin_context(mode, self._pki, shown)
        return self._contexts[key]


async def answer_body(answer: aiohttp.ClientResponse) -> AsyncIterator[bytes]:
    """The body of an answer as it comes. Raises :class:`OriginError` if it breaks off."""
    try:
        async for chunk in answer.content.iter_any():
            yield chunk
    except aiohttp.ClientError as error:
        raise origin_error(error, answer.url.host or "") from error


def origin_error(error: aiohttp.ClientError, address: str) -> OriginError:
    """What Cloudflare calls this failure."""
    match error:
        case aiohttp.ClientConnectorCertificateError():
            code = pages.INVALID_SSL_CERTIFICATE
        case aiohttp.ClientConnectorSSLError():
            code = pages.SSL_HANDSHAKE_FAILED
        case aiohttp.ConnectionTimeoutError():
            code = pages.CONNECTION_TIMED_OUT
        case aiohttp.ClientConnectorError(os_error=OSError(errno=number)):
            code = _BY_ERRNO.get(number or 0, pages.SSL_HANDSHAKE_FAILED)
        case aiohttp.ServerTimeoutError():
            code = pages.A_TIMEOUT_OCCURRED
        case _:
            code = pages.WEB_SERVER_UNKNOWN_ERROR
    return OriginError(code, f"origin {address}: {error or type(error).__name__}")
