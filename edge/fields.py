"""Where the value of each field comes from (Cloudflare, "Fields reference").

What the maker of a request says of a field goes first. A field that is missing here, or whose value is
:data:`UNKNOWN`, is not known.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import Enum
from itertools import chain
from typing import Any, Final

from edge import body
from edge.request import Request, StringMap, extension
from edge.typed import ALIASES, FieldValue


class Unknown(Enum):
    """The one value that says that nothing is known: None says that something is known to be absent."""

    UNKNOWN = "unknown"


UNKNOWN: Final = Unknown.UNKNOWN
# As many header fields as Cloudflare makes room for is not published; from here on the answer is open.
_HEADERS_SEEN: Final = 100


def reader(name: str) -> Callable[[Request], FieldValue | Unknown]:
    """What gives a field of a request: its value, None if it is known to be absent, or :data:`UNKNOWN`."""
    current = ALIASES.get(name, name)
    derive = DERIVED.get(current)

    def read(request: Request) -> Any:
        given = request.given
        if current in given:
            return given[current]
        return UNKNOWN if derive is None else derive(request)

    return read


def _names(found: StringMap) -> list[bytes]:
    return [name for name, values in found.items() for _ in values]


def _values(found: StringMap) -> list[bytes]:
    return list(chain.from_iterable(found.values()))


def _known(value: Any) -> Any:
    return UNKNOWN if value is None else value


def _if_known(read: Callable[[Request], Any], change: Callable[[Any], Any]) -> Callable[[Request], Any]:
    def changed(request: Request) -> Any:
        value = read(request)
        return UNKNOWN if value is None else change(value)

    return changed


def _parts(name: str) -> Callable[[Request], Any]:
    return _if_known(body.multipart, lambda parts: getattr(parts, name))


def _languages(request: Request) -> list[bytes]:
    """The languages of Accept-Language from the most wanted to the least (RFC 9110 section 12.5.4)."""
    wanted: list[tuple[float, bytes]] = []
    for item in request.header(b"accept-language").split(b","):
        language, _, weight = item.partition(b";")
        try:
            share = float(weight.strip().removeprefix(b"q=") or 1)
        except ValueError:
            share = 0.0
        if language.strip():
            wanted.append((share, language.strip()))
    return [language for _, language in sorted(wanted, key=lambda pair: -pair[0])]


def _of_response(request: Request, part: Callable[[StringMap], list[bytes]]) -> Any:
    """What follows from the response's header fields, where they were given."""
    headers = request.given.get("http.response.headers")
    return UNKNOWN if headers is None else part(headers)


DERIVED: Final[Mapping[str, Callable[[Request], Any]]] = {
    "cf.edge.server_port": lambda request: request.port,
    "http.cookie": lambda request: request.header(b"cookie"),
    "http.host": lambda request: request.host_octets,
    "http.referer": lambda request: request.referer,
    "http.request.accepted_languages": _languages,
    "http.request.body.form": _if_known(body.form, lambda found: found),
    "http.request.body.form.names": _if_known(body.form, _names),
    "http.request.body.form.values": _if_known(body.form, _values),
    "http.request.body.mime": body.mime,
    "http.request.body.multipart": _if_known(body.multipart_map, lambda found: found),
    "http.request.body.multipart.content_dispositions": _parts("content_dispositions"),
    "http.request.body.multipart.content_transfer_encodings": _parts("content_transfer_encodings"),
    "http.request.body.multipart.content_types": _parts("content_types"),
    "http.request.body.multipart.filenames": _parts("filenames"),
    "http.request.body.multipart.names": _parts("names"),
    "http.request.body.multipart.values": _parts("values"),
    "http.request.body.raw": lambda request: _known(body.seen(request)),
    "http.request.body.size": lambda request: UNKNOWN if request.body is None else len(request.body),
    "http.request.body.truncated": lambda request: (
        UNKNOWN if request.body is None else len(request.body) > body.MOST_SEEN
    ),
    "http.request.cookies": lambda request: request.cookies,
    "http.request.full_uri": lambda request: request.full_uri(request.uri),
    "http.request.headers": lambda request: request.header_map,
    "http.request.headers.names": lambda request: _names(request.header_map),
    "http.request.headers.truncated": lambda request: False if len(request.headers) <= _HEADERS_SEEN else UNKNOWN,
    "http.request.headers.values": lambda request: _values(request.header_map),
    "http.request.method": lambda request: request.method_octets,
    "http.request.timestamp.msec": lambda request: UNKNOWN if request.at is None else int(request.at % 1 * 1000),
    "http.request.timestamp.sec": lambda request: UNKNOWN if request.at is None else int(request.at),
    "http.request.uri": lambda request: request.uri,
    "http.request.uri.args": lambda request: request.arguments,
    "http.request.uri.args.names": lambda request: _names(request.arguments),
    "http.request.uri.args.values": lambda request: _values(request.arguments),
    "http.request.uri.path": lambda request: request.path,
    "http.request.uri.path.extension": lambda request: extension(request.path),
    "http.request.uri.query": lambda request: request.query,
    "http.response.headers.names": lambda request: _of_response(request, _names),
    "http.response.headers.values": lambda request: _of_response(request, _values),
    "http.user_agent": lambda request: request.user_agent,
    "http.x_forwarded_for": lambda request: request.header(b"x-forwarded-for"),
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
