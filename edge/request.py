"""A request as the rules language sees it. No I/O: who makes one says what is known of it."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final
from urllib.parse import unquote_to_bytes

from core.errors import SettingsError
from edge.lazy import lazy
from edge.typed import typed_fields

_UNRESERVED: Final = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~"
# Escapes, and octets that are neither unreserved nor reserved. A per cent sign that escapes nothing stays as it is.
_NOT_NORMAL: Final = re.compile(rb"%[0-9A-Fa-f]{2}|[^A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=%]")
# What normalisation may change of a path; most have nothing of it.
_ODD_IN_PATH: Final = re.compile(rb"[^A-Za-z0-9\-._~/:@!$&'()*+,;=]|/[/.]")
_URL: Final = re.compile(
    r"(https?)://(\[[^\]/?#]*\]|[^:/?#\[\]@\\\s]+)(?::([0-9]{1,5}))?(/[^?#]*)?(\?[^#]*)?(?:#.*)?",
    re.DOTALL | re.IGNORECASE,
)
_PORTS: Final = {"http": 80, "https": 443}

StringMap = Mapping[bytes, Sequence[bytes]]
Headers = Sequence[tuple[str, str]]


class RequestError(SettingsError):
    """A URL that is none, or a field that Cloudflare does not have or has with another type."""


class Request:
    """One request, and what is known of it.

    ``url`` is absolute, ``http`` or ``https``, its path and query as the client sends them. ``headers`` are name and
    value pairs in their order, names in any case. ``body`` is the whole body; None says that it is not known.
    ``fields`` are more of Cloudflare's fields by name (``ip.src``, ``cf.threat_score`` …): texts, numbers, Booleans,
    addresses as texts, lists and mappings; they go before what follows from the rest. ``at`` is when it arrives, in
    seconds since 1970. What is not said is not known: a rule that needs it gives "cannot tell".

    ``target`` is path and query as sent, ``raw_path`` and ``raw_query`` each as octets; ``path``, ``lower_path`` and
    ``query`` are so after URL normalisation and rewriting.

    Raises :class:`RequestError`.
    """

    def __init__(
        self,
        method: str = "GET",
        url: str = "",
        headers: Headers = (),
        body: bytes | None = None,
        fields: Mapping[str, Any] | None = None,
        at: float | None = None,
    ) -> None:
        found = _URL.fullmatch(url)
        if found is None:
            raise RequestError(
                f"{url[:200]!r} is no URL of a request: it must be http:// or https://, a host and a path"
            )
        scheme, host, port, path, query = found.groups()
        self.method, self.method_octets = method, to_bytes(method)
        self.scheme = scheme.lower()
        self.host = host.rstrip(".").lower()
        self.host_octets = to_bytes(self.host)
        self.port = int(port) if port else _PORTS[self.scheme]
        self.target = (path or "/") + (query or "")
        # Nearly every rule asks for these: they are worked out at once, the rest when it is asked for.
        self.raw_path = to_bytes(path or "/")
        self.raw_query = to_bytes(query[1:]) if query else b""
        self.path = normalise_path(self.raw_path)
        self.query = _normalise_escapes(self.raw_query) if query else b""
        self.lower_path = self.path.lower()
        self.headers = headers
        self.body = body
        self.at = at
        self.given: Mapping[str, Any] = typed_fields(fields, RequestError) if fields else {}

    def __repr__(self) -> str:
        return f"Request({self.method} {self.scheme}://{self.host}{self.target})"

    def knowing(self, fields: Mapping[str, Any]) -> Request:
        """The same request, of which more is known. Raises :class:`RequestError`."""
        other = copy.copy(self)
        other.given = {**self.given, **typed_fields(fields, RequestError)}
        return other

    def rewritten(self, path: bytes | None, query: bytes | None) -> Request:
        """The request with another path or query, as later phases see it; the ``raw.`` fields stay (None: as it is)."""
        other = copy.copy(self)
        # This is where lazy properties keep what they once found.
        other.__dict__.pop("arguments", None)
        other.path = self.path if path is None else path
        other.lower_path = other.path.lower()
        other.query = self.query if query is None else query
        return other

    @lazy
    def user_agent(self) -> bytes:
        """The header of this name."""
        return self.header(b"user-agent")

    @lazy
    def referer(self) -> bytes:
        """The header of this name."""
        return self.header(b"referer")

    @lazy
    def raw_uri(self) -> bytes:
        """Path and query as sent."""
        return to_bytes(self.target)

    @property
    def uri(self) -> bytes:
        """Path and query after URL normalisation and rewriting."""
        return self.path + b"?" + self.query if self.query else self.path

    def full_uri(self, uri: bytes) -> bytes:
        """``uri`` with scheme and host."""
        return to_bytes(f"{self.scheme}://{self.host}") + uri

    @lazy
    def header_map(self) -> StringMap:
        """Values by name in lower case, each name's in their order. There is always a Host."""
        found = grouped((to_bytes(name).lower(), to_bytes(value)) for name, value in self.headers)
        return found if b"host" in found else {b"host": [to_bytes(self.host)], **found}

    @lazy
    def cookies(self) -> StringMap:
        """Values by cookie name. Names are URL-decoded, as Cloudflare does, and values are as sent."""
        pairs = b";".join(self.header_map.get(b"cookie", ())).split(b";")
        sent = (split_pair(pair.strip()) for pair in pairs if pair.strip())
        return grouped((unquote_to_bytes(name), value) for name, value in sent)

    @lazy
    def arguments(self) -> StringMap:
        """Values by name of the normalised query's arguments, percent escapes left as they are."""
        return arguments_of(self.query)

    @lazy
    def raw_arguments(self) -> StringMap:
        """Values by name of the query's arguments as sent."""
        return arguments_of(self.raw_query)

    def header(self, name: bytes) -> bytes:
        """The values of a header joined by commas; empty without one."""
        return b", ".join(self.header_map.get(name, ()))


def normalise_path(path: bytes) -> bytes:
    """A path as Cloudflare's default URL normalisation leaves it ("How URL normalization works").

    Back slashes become slashes, runs of slashes one, then RFC 3986 section 6.2.2: escapes of unreserved characters are
    decoded, other octets escaped, hexadecimal digits made upper case, dot segments removed.
    """
    if path[:1] == b"/" and not _ODD_IN_PATH.search(path):
        return path
    merged = re.sub(rb"/{2,}", b"/", path.replace(b"\\", b"/"))
    return _remove_dot_segments(_normalise_escapes(merged))


def extension(path: bytes) -> bytes:
    """What follows the last dot of the last part of ``path``, in lower case; empty without one."""
    _, dot, found = path.rpartition(b"/")[2].rpartition(b".")
    return found.lower() if dot else b""


def arguments_of(query: bytes) -> StringMap:
    """Values by name of what stands between the ampersands."""
    return grouped(split_pair(pair) for pair in query.split(b"&") if pair)


def split_pair(pair: bytes) -> tuple[bytes, bytes]:
    """Name and value at the first equals sign."""
    name, _, value = pair.partition(b"=")
    return name, value


def grouped(pairs: Iterable[tuple[bytes, bytes]]) -> StringMap:
    """Values by name, in their order."""
    found: dict[bytes, list[bytes]] = {}
    for name, value in pairs:
        found.setdefault(name, []).append(value)
    return found


def to_bytes(text: str) -> bytes:
    """``text`` as octets: aiohttp, as WSGI's PEP 3333 before it, keeps octets that are no UTF-8 as surrogates."""
    if text.isascii():
        return text.encode()
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogatepass")


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
