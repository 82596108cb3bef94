"""A request as the rules language sees it. No I/O: who makes one says what is known of it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from ipaddress import IPv4Address, IPv6Address
from typing import Final, Literal

_UNRESERVED: Final = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~"
# Escapes, and octets that are neither unreserved nor reserved. A per cent sign that escapes nothing stays as it is.
_NOT_NORMAL: Final = re.compile(rb"%[0-9A-Fa-f]{2}|[^A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=%]")

StringMap = Mapping[bytes, Sequence[bytes]]


@dataclass(frozen=True)
class Request:
    """One request.

    ``target`` is the request target in origin form (path and query) as the client sent it; ``headers`` are name and
    value pairs in their order, names in any case; ``received`` is in seconds since 1970; ``port`` is the edge's.
    What may be None is not known then, and a rule that needs it gives "cannot tell".
    """

    method: str
    scheme: Literal["http", "https"]
    host: str
    target: str
    address: IPv4Address | IPv6Address
    headers: Sequence[tuple[str, str]] = ()
    version: str = "HTTP/1.1"
    port: int | None = None
    country: str | None = None
    received: float | None = None
    tls_version: str | None = None
    response_code: int | None = None

    @cached_property
    def raw_path(self) -> bytes:
        """The path as sent."""
        return _bytes(self.target).partition(b"?")[0]

    @cached_property
    def raw_query(self) -> bytes:
        """The query as sent, without its question mark."""
        return _bytes(self.target).partition(b"?")[2]

    @cached_property
    def path(self) -> bytes:
        """The path after URL normalisation."""
        return normalise_path(self.raw_path)

    @cached_property
    def query(self) -> bytes:
        """The query after URL normalisation."""
        return _normalise_escapes(self.raw_query)

    @property
    def uri(self) -> bytes:
        """Path and query after URL normalisation."""
        return _joined(self.path, self.query)

    @property
    def raw_uri(self) -> bytes:
        """Path and query as sent."""
        return _bytes(self.target)

    def full_uri(self, uri: bytes) -> bytes:
        """``uri`` with scheme and host."""
        return f"{self.scheme}://{self.host}".encode() + uri

    @cached_property
    def header_map(self) -> StringMap:
        """Values by name in lower case, each name's in their order."""
        return _grouped((_bytes(name).lower(), _bytes(value)) for name, value in self.headers)

    @cached_property
    def cookies(self) -> StringMap:
        """Values by cookie name, as sent."""
        pairs = b";".join(self.header_map.get(b"cookie", ())).split(b";")
        return _grouped(_split(pair.strip(), b"=") for pair in pairs if pair.strip())

    @cached_property
    def arguments(self) -> StringMap:
        """Values by name of the normalised query's arguments, percent escapes left as they are."""
        return _arguments(self.query)

    @cached_property
    def raw_arguments(self) -> StringMap:
        """Values by name of the query's arguments as sent."""
        return _arguments(self.raw_query)

    def header(self, name: bytes) -> bytes:
        """The values of a header joined by commas; empty without one."""
        return b", ".join(self.header_map.get(name, ()))


def normalise_path(path: bytes) -> bytes:
    """A path as Cloudflare's default URL normalisation leaves it ("How URL normalization works").

    Back slashes become slashes, runs of slashes one, then RFC 3986 section 6.2.2: escapes of unreserved characters are
    decoded, other octets escaped, hexadecimal digits made upper case, dot segments removed.
    """
    merged = re.sub(rb"/{2,}", b"/", path.replace(b"\\", b"/"))
    return _remove_dot_segments(_normalise_escapes(merged))


def extension(path: bytes) -> bytes:
    """What follows the last dot of the last part of ``path``, in lower case; empty without one."""
    _, dot, found = path.rpartition(b"/")[2].rpartition(b".")
    return found.lower() if dot else b""


def _normalise_escapes(text: bytes) -> bytes:
    return _NOT_NORMAL.sub(_normalise_octet, text)


def _normalise_octet(found: re.Match[bytes]) -> bytes:
    text = found[0]
    if len(text) == 1:
        return b"%%%02X" % text[0]
    octet = bytes.fromhex(text[1:].decode())
    return octet if octet in _UNRESERVED else text.upper()


def _remove_dot_segments(path: bytes) -> bytes:
    """RFC 3986 section 5.2.4, for a path that begins with a slash."""
    kept: list[bytes] = []
    segments = path.split(b"/")[1:]
    for segment in segments:
        if segment == b"..":
            del kept[-1:]
        elif segment != b".":
            kept.append(segment)
    ends_in_slash = segments[-1:] in ([b"."], [b".."])
    return b"/" + b"/".join(kept) + (b"/" if ends_in_slash and kept else b"")


def _bytes(text: str) -> bytes:
    # aiohttp, like WSGI's PEP 3333 before it, keeps octets that are not UTF-8 as surrogates.
    return text.encode("utf-8", "surrogateescape")


def _joined(path: bytes, query: bytes) -> bytes:
    return path + b"?" + query if query else path


def _split(pair: bytes, sign: bytes) -> tuple[bytes, bytes]:
    name, _, value = pair.partition(sign)
    return name, value


def _arguments(query: bytes) -> StringMap:
    return _grouped(_split(pair, b"=") for pair in query.split(b"&") if pair)


def _grouped(pairs: Iterable[tuple[bytes, bytes]]) -> StringMap:
    grouped: dict[bytes, list[bytes]] = {}
    for name, value in pairs:
        grouped.setdefault(name, []).append(value)
    return grouped
