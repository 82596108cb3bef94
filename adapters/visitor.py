"""A visitor by HTTP: paced, bounded in time and bytes, from an address of its own, with names looked up as told."""

from __future__ import annotations

import re
import socket
import ssl
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import HTTPError

from core.site import Reply

MOST_BYTES = 8 * 1024 * 1024
_LONGEST_WAIT = 15.0
_AGENT = "launch-ready-check/1"
_VISIBLE = re.compile(r"[!-~]+")


class Turns(Protocol):
    """Who says when a host may be asked."""

    def wait(self, host: str) -> None:
        """Come back when it may."""
        ...


@dataclass(frozen=True)
class Way:
    """How a connection is made.

    ``address_of`` gives address and port for a name and its port; ``source`` is the address to ask from ("" for any);
    ``ca_file`` the authorities ("" for this machine's own), ``certificate`` a client's certificate and key, PEM files.
    ``through`` makes the connection itself, in so many seconds, where it is no plain one. Without ``known`` the site's
    certificate is taken whoever signed it: for a way that leads to nobody else.
    """

    address_of: Callable[[str, int], tuple[str, int]] = lambda name, port: (name, port)
    source: str = ""
    ca_file: str = ""
    certificate: tuple[str, str] | None = None
    through: Callable[[float | None], socket.socket] | None = None
    known: bool = True

    def connected(self, name: str, port: int, seconds: float | None) -> socket.socket:
        """A connection for ``name`` and ``port``. Raises :class:`OSError`."""
        if self.through:
            return self.through(seconds)
        source = (self.source, 0) if self.source else None
        return socket.create_connection(self.address_of(name, port), seconds, source)


class HttpVisitor:
    """Fulfils :class:`core.site.Visitor`."""

    def __init__(self, way: Way, turns: Turns, most_bytes: int = MOST_BYTES) -> None:
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.verify = (way.ca_file or True) if way.known else False
        self._session.cert = way.certificate
        self._turns = turns
        self._most = most_bytes
        adapter = _Adapter(way)
        self._session.mount("https://", adapter)
        self._session.mount("http://", adapter)

    @property
    def cookies(self) -> dict[str, str]:
        """By name."""
        return {cookie.name: cookie.value or "" for cookie in self._session.cookies}

    def set_cookie(self, name: str, value: str, host: str) -> None:
        """Have one."""
        self._session.cookies.set(name, value, domain=host, path="/", secure=True)

    def forget_cookies(self) -> None:
        """Have none."""
        self._session.cookies.clear()

    def ask(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes | Iterable[bytes] = b"",
        json: Any = None,
        patient: bool = False,
        timeout: float = 10.0,
    ) -> Reply:
        """One request, or two if ``patient``. Method and path go out as they are given, odd ones too."""
        reply = self._once(method, url, headers or {}, body, json, timeout)
        if patient and reply.status == 429:
            time.sleep(_asked_to_wait(reply))
            reply = self._once(method, url, headers or {}, body, json, timeout)
        return reply

    def _once(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: bytes | Iterable[bytes],
        json: Any,
        timeout: float,
    ) -> Reply:
        self._turns.wait(urlsplit(url).hostname or "")
        began = time.monotonic()
        try:
            request = self._prepared(method, url, {"User-Agent": _AGENT, **headers}, body, json)
            with self._session.send(request, timeout=timeout, allow_redirects=False, stream=True) as answer:
                content, why = self._read(answer, began + timeout)
        except (requests.RequestException, HTTPError, OSError, UnicodeError, ValueError) as error:
            return Reply(0, seconds=time.monotonic() - began, reason=_why(error, timeout))
        fields = tuple((name, value) for name, value in answer.raw.headers.items())
        return Reply(answer.status_code, fields, content, time.monotonic() - began, why, bool(why))

    def _prepared(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes | Iterable[bytes], json: Any
    ) -> requests.PreparedRequest:
        asked = requests.Request(method, url, headers, data=body or None, json=json, auth=lambda request: request)
        request = self._session.prepare_request(asked)
        # It has made the method upper case and taken escapes out of the path: a check may be about just these.
        request.method = method
        if _VISIBLE.fullmatch(url):
            request.url = url
        return request

    def _read(self, answer: requests.Response, ends: float) -> tuple[bytes, str]:
        """What is read of the body, and why no more of it was."""
        data = bytearray()
        try:
            for piece in answer.iter_content(64 * 1024):
                data += piece
                if len(data) > self._most:
                    return bytes(data[: self._most]), f"longer than {self._most} bytes"
                if time.monotonic() > ends:
                    return bytes(data), "it did not end in time"
        except (requests.RequestException, HTTPError, OSError) as error:
            return bytes(data), f"it broke off ({type(error).__name__})"
        return bytes(data), ""


class _Adapter(HTTPAdapter):
    """Connections that are made as a :class:`Way` says; the name stays in TLS and in Host."""

    def __init__(self, way: Way) -> None:
        self._way = way
        super().__init__(max_retries=0, pool_maxsize=4)

    def request_url(self, request: requests.PreparedRequest, _proxies: Any) -> str:
        """The path and query."""
        parts = urlsplit(request.url or "")
        return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {
            "http": _pool(HTTPConnectionPool, HTTPConnection, self._way),
            "https": _pool(HTTPSConnectionPool, HTTPSConnection, self._way),
        }


def _pool(pool: type, connection: type, way: Way) -> type:
    class Connection(connection):  # type: ignore[misc]
        def _new_conn(self) -> socket.socket:
            return way.connected(self.host, self.port, self.timeout)

        def connect(self) -> None:
            super().connect()
            # Who answers is known by the way itself; urllib3 would warn at each request.
            if not way.known:
                self.is_verified = True

    return type(pool.__name__, (pool,), {"ConnectionCls": Connection})


def _asked_to_wait(reply: Reply) -> float:
    text = reply.header("Retry-After")
    return min(float(text), _LONGEST_WAIT) if text.isdecimal() else 1.0


def _why(error: Exception, timeout: float) -> str:
    reason: BaseException | None = error
    while reason is not None:
        if isinstance(reason, ssl.SSLCertVerificationError):
            return f"its certificate does not hold: {reason.verify_message}"
        if isinstance(reason, (requests.Timeout, TimeoutError)):
            return f"no answer within {timeout:g} s"
        if isinstance(reason, ConnectionRefusedError):
            return "the connection was refused"
        reason = reason.__cause__ or reason.__context__
    return f"no answer ({type(error).__name__})"
