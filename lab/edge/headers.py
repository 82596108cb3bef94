"""Header fields on their way through the proxy, pure (RFC 9110 section 7.6; Cloudflare, "HTTP headers")."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from multidict import CIMultiDict, CIMultiDictProxy

from edge.decision import HeaderChange

Headers = Mapping[str, str]
Pairs = list[tuple[str, str]]

_TOKEN: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_NOT_IN_VALUE: Final = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")

# RFC 9110 section 7.6.1. Transfer-Encoding belongs to a message's framing, which each side of the proxy has its own of.
_HOP_BY_HOP: Final = frozenset(
    {
        "connection",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)
# Set anew for the origin, or dealt with at the edge.
_NOT_FORWARDED: Final = _HOP_BY_HOP | {"host", "expect", "x-forwarded-proto", "x-forwarded-for"}
_SET_ON_ANSWER: Final = _HOP_BY_HOP | {"server"}


def for_origin(headers: CIMultiDictProxy[str], *, client: str, scheme: str, ray: str, host: str | None = None) -> Pairs:
    """The client's header fields as the origin gets them, with another ``host`` where a rule says so.

    ``CF-*`` of the client are dropped: an origin trusts them. ``X-Forwarded-For`` is appended to.
    """
    pairs = [(name, value) for name, value in _without(headers, _NOT_FORWARDED) if not name.lower().startswith("cf-")]
    forwarded = [*headers.getall("X-Forwarded-For", ()), client]
    return [
        ("Host", host or headers["Host"]),
        *pairs,
        ("X-Forwarded-For", ", ".join(forwarded)),
        ("X-Forwarded-Proto", scheme),
        ("CF-Connecting-IP", client),
        ("CF-Ray", ray),
        ("CF-Visitor", f'{{"scheme":"{scheme}"}}'),
    ]


def for_client(headers: CIMultiDictProxy[str], added: Sequence[tuple[str, str]]) -> CIMultiDict[str]:
    """The origin's header fields as the client gets them; what the edge adds replaces what the origin said, but for
    cookies, of which each side may set its own.
    """
    replaced = (_SET_ON_ANSWER | {name.lower() for name, _ in added}) - {"set-cookie"}
    answer = CIMultiDict(_without(headers, replaced))
    answer.extend(added)
    return answer


def change(headers: CIMultiDict[str], changes: Iterable[HeaderChange]) -> None:
    """Do what rules say to header fields; a text that no field can hold (RFC 9110 section 5.5) is left out."""
    for one in changes:
        value = _NOT_IN_VALUE.sub("", one.value)
        if not _TOKEN.fullmatch(one.name) or one.name.lower() in _HOP_BY_HOP:
            continue
        if one.operation == "add":
            headers.add(one.name, value)
        else:
            headers.popall(one.name, None)
        if one.operation == "set":
            headers[one.name] = value


def from_edge(ray: str) -> Pairs:
    """What stands in every answer."""
    return [("Server", "cloudflare"), ("CF-Ray", ray)]


def _without(headers: CIMultiDictProxy[str], unwanted: Iterable[str]) -> Iterator[tuple[str, str]]:
    """The fields but ``unwanted`` ones (lower case) and those that ``Connection`` names as hop-by-hop."""
    named = ",".join(headers.getall("Connection", ())).lower()
    dropped = frozenset(unwanted) | {token.strip() for token in named.split(",")}
    return ((name, value) for name, value in headers.items() if name.lower() not in dropped)
