"""HTTP connections with an end: an exchange has so many seconds and so many bytes, whatever the site does.

A timeout of ``requests`` is for each read alone, so that one byte a second holds it for ever; and a chunk's length or
the headers of "100 Continue" are read as long as they come. So both bounds are kept where the bytes are read.
"""

from __future__ import annotations

import http.client
import io
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool


class TooLongError(OSError):
    """More bytes came than are read of one answer."""


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


class Deadline(threading.local):
    """When the exchange that this thread is in has to be over."""

    _at = 0.0

    def begin(self, seconds: float) -> None:
        """It has so many seconds from now."""
        self._at = time.monotonic() + seconds

    def left(self) -> float:
        """Seconds, more than 0. Raises :class:`TimeoutError`."""
        seconds = self._at - time.monotonic()
        if seconds <= 0:
            raise TimeoutError("the exchange has had its time")
        return seconds


class BoundedAdapter(HTTPAdapter):
    """Connections that are made as ``way`` says and end by ``deadline``; the name stays in TLS and in Host.

    ``most_bytes`` is for all of an answer, its headers and chunks' lengths too.
    """

    def __init__(self, way: Way, deadline: Deadline, most_bytes: int) -> None:
        self._bounds = _Bounds(way, deadline, most_bytes)
        super().__init__(max_retries=0, pool_maxsize=4)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """As ``requests`` does, with connections of our own."""
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {
            "http": _pool(HTTPConnectionPool, HTTPConnection, self._bounds),
            "https": _pool(HTTPSConnectionPool, HTTPSConnection, self._bounds),
        }

    def request_url(self, request: requests.PreparedRequest, _proxies: Any) -> str:
        """Path and query as they stand: ``requests`` makes ``/x`` of ``//x``, and that is what some ask for."""
        parts = urlsplit(request.url or "")
        return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")


@dataclass(frozen=True)
class _Bounds:
    way: Way
    deadline: Deadline
    most_bytes: int


def _pool(pool: type, connection: type, bounds: _Bounds) -> type:
    class Connection(connection):  # type: ignore[misc]
        def _new_conn(self) -> socket.socket:
            made = bounds.way.connected(self.host, self.port, bounds.deadline.left())
            made.settimeout(bounds.deadline.left())
            return made

        def connect(self) -> None:
            super().connect()
            # Who answers is known by the way itself; urllib3 would warn at each request.
            if not bounds.way.known:
                self.is_verified = True

        def send(self, data: Any) -> None:
            if self.sock is not None:
                self.sock.settimeout(bounds.deadline.left())
            super().send(data)

        def response_class(self, sock: socket.socket, *args: Any, **kwargs: Any) -> http.client.HTTPResponse:
            answer = http.client.HTTPResponse(sock, *args, **kwargs)
            answer.fp = io.BufferedReader(_Meter(answer.fp.detach(), sock, bounds))
            return answer

    return type(pool.__name__, (pool,), {"ConnectionCls": Connection})


class _Meter(io.RawIOBase):
    """The bytes of one answer as they come from ``raw``, which reads from ``sock``."""

    def __init__(self, raw: io.RawIOBase, sock: socket.socket, bounds: _Bounds) -> None:
        self._raw, self._sock, self._bounds = raw, sock, bounds
        self._left = bounds.most_bytes

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        self._sock.settimeout(self._bounds.deadline.left())
        count: int | None = self._raw.readinto(buffer)
        self._left -= count or 0
        if self._left < 0:
            raise TooLongError(f"more than {self._bounds.most_bytes} bytes came")
        return count

    def close(self) -> None:
        self._raw.close()
        super().close()
