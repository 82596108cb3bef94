"""Where the value of each field comes from (Cloudflare, "Fields reference").

A field that is missing here, or whose value is None, is not known.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import chain
from typing import Final

from edge.request import Request, StringMap, extension
from edge.syntax import Address

# A value of the language. Absent parts of a map or an array are None; what is not known is never a value.
Value = bool | int | bytes | Address | Sequence["Value"] | Mapping[bytes, "Value"] | None


def _names(found: StringMap) -> list[bytes]:
    return [name for name, values in found.items() for _ in values]


def _values(found: StringMap) -> list[bytes]:
    return list(chain.from_iterable(found.values()))


def _seconds(request: Request) -> int | None:
    return None if request.received is None else int(request.received)


def _milliseconds(request: Request) -> int | None:
    return None if request.received is None else int(request.received % 1 * 1000)


def _text(value: str | None) -> bytes | None:
    return None if value is None else value.encode()


READ: Final[Mapping[str, Callable[[Request], Value]]] = {
    "cf.edge.server_port": lambda request: request.port,
    "cf.tls_version": lambda request: _text(request.tls_version),
    "http.cookie": lambda request: request.header(b"cookie"),
    "http.host": lambda request: _text(request.host),
    "http.referer": lambda request: request.header(b"referer"),
    "http.request.cookies": lambda request: request.cookies,
    "http.request.full_uri": lambda request: request.full_uri(request.uri),
    "http.request.headers": lambda request: request.header_map,
    "http.request.headers.names": lambda request: _names(request.header_map),
    "http.request.headers.values": lambda request: _values(request.header_map),
    "http.request.method": lambda request: _text(request.method),
    "http.request.timestamp.msec": _milliseconds,
    "http.request.timestamp.sec": _seconds,
    "http.request.uri": lambda request: request.uri,
    "http.request.uri.args": lambda request: request.arguments,
    "http.request.uri.args.names": lambda request: _names(request.arguments),
    "http.request.uri.args.values": lambda request: _values(request.arguments),
    "http.request.uri.path": lambda request: request.path,
    "http.request.uri.path.extension": lambda request: extension(request.path),
    "http.request.uri.query": lambda request: request.query,
    "http.request.version": lambda request: _text(request.version),
    "http.response.code": lambda request: request.response_code,
    "http.user_agent": lambda request: request.header(b"user-agent"),
    "http.x_forwarded_for": lambda request: request.header(b"x-forwarded-for"),
    "ip.geoip.country": lambda request: _text(request.country),
    "ip.src": lambda request: request.address,
    "ip.src.country": lambda request: _text(request.country),
    "raw.http.request.full_uri": lambda request: request.full_uri(request.raw_uri),
    "raw.http.request.uri": lambda request: request.raw_uri,
    "raw.http.request.uri.args": lambda request: request.raw_arguments,
    "raw.http.request.uri.args.names": lambda request: _names(request.raw_arguments),
    "raw.http.request.uri.args.values": lambda request: _values(request.raw_arguments),
    "raw.http.request.uri.path": lambda request: request.raw_path,
    "raw.http.request.uri.path.extension": lambda request: extension(request.raw_path),
    "raw.http.request.uri.query": lambda request: request.raw_query,
    "ssl": lambda request: request.scheme == "https",
}
