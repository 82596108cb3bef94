"""A request's body as the rules language sees it (Cloudflare, "Fields reference", ``http.request.body.*``)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from edge.request import Request, StringMap, arguments_of

# All fields but the size see this much of a body on Enterprise, which alone has these fields ("http.request.body.raw").
MOST_SEEN: Final = 128 * 1024
_BOUNDARY: Final = re.compile(rb';\s*boundary=(?:"([^"]{1,70})"|([^\s;"]{1,70}))', re.IGNORECASE)
_PARAMETER: Final = re.compile(rb';\s*([A-Za-z*]+)=(?:"((?:[^"\\]|\\.)*)"|([^\s;"]*))')


@dataclass
class Multipart:
    """The parts of ``multipart/form-data`` (RFC 7578), an item a part: each header's values, and the content."""

    names: list[list[bytes]] = field(default_factory=list)
    filenames: list[list[bytes]] = field(default_factory=list)
    content_types: list[list[bytes]] = field(default_factory=list)
    content_dispositions: list[list[bytes]] = field(default_factory=list)
    content_transfer_encodings: list[list[bytes]] = field(default_factory=list)
    values: list[bytes] = field(default_factory=list)


def seen(request: Request) -> bytes | None:
    """As much of the body as rules see, None if it is not known."""
    return None if request.body is None else request.body[:MOST_SEEN]


def mime(request: Request) -> bytes:
    """The media type that the request says its body has, in lower case, without parameters."""
    return request.header(b"content-type").partition(b";")[0].strip().lower()


def form(request: Request) -> StringMap | None:
    """The fields of an ``application/x-www-form-urlencoded`` body, as sent; empty for another type of body."""
    body = seen(request)
    if body is None:
        return None
    return arguments_of(body) if mime(request) == b"application/x-www-form-urlencoded" else {}


def multipart(request: Request) -> Multipart | None:
    """The parts of the body, none for another type of body; None if it is not known."""
    body = seen(request)
    if body is None:
        return None
    parts = Multipart()
    boundary = _BOUNDARY.search(request.header(b"content-type"))
    if mime(request).startswith(b"multipart/") and boundary:
        delimiter = b"--" + (boundary[1] or boundary[2])
        for section in _sections(body, delimiter):
            _add(parts, section)
    return parts


def multipart_map(request: Request) -> StringMap | None:
    """The contents of the parts by their names."""
    parts = multipart(request)
    if parts is None:
        return None
    found: dict[bytes, list[bytes]] = {}
    for names, value in zip(parts.names, parts.values, strict=True):
        for name in names:
            found.setdefault(name, []).append(value)
    return found


def _sections(body: bytes, delimiter: bytes) -> Sequence[bytes]:
    """What stands between delimiter lines (RFC 2046 section 5.1.1); a last one that was cut off is one too."""
    lines = (b"\r\n" + body).split(b"\r\n" + delimiter)[1:]
    return [section.partition(b"\r\n")[2] for section in lines if not section.startswith(b"--")]


def _add(parts: Multipart, section: bytes) -> None:
    head, _, content = (b"\r\n" + section).partition(b"\r\n\r\n")
    headers: dict[bytes, list[bytes]] = {}
    for line in head.split(b"\r\n"):
        name, colon, value = line.partition(b":")
        if colon:
            headers.setdefault(name.strip().lower(), []).append(value.strip())
    dispositions = headers.get(b"content-disposition", [])
    parts.content_dispositions.append(dispositions)
    parts.content_types.append(headers.get(b"content-type", []))
    parts.content_transfer_encodings.append(headers.get(b"content-transfer-encoding", []))
    parts.names.append(_parameter(dispositions, b"name"))
    parts.filenames.append(_parameter(dispositions, b"filename"))
    parts.values.append(content)


def _parameter(values: Sequence[bytes], wanted: bytes) -> list[bytes]:
    found = (match for value in values for match in _PARAMETER.finditer(value))
    return [match[2] if match[2] is not None else match[3] for match in found if match[1].lower() == wanted]
