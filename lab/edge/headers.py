"""Header fields on their way through the proxy, pure (RFC 9110 section 7.6; Cloudflare, "HTTP headers")."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from multidict import CIMultiDict, CIMultiDictProxy

Headers = Mapping[str, str]
Pairs = list[tuple[str, str]]

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


def for_origin(headers: CIMultiDictProxy[str], *, client: str, scheme: str, ray: str) -> Pairs:
    """The client's header fields as the origin gets them.

    ``CF-*`` of the client are dropped: an origin trusts them. ``X-Forwarded-For`` is appended to.
    """
    pairs = [(name, value) for name, value in _without(headers, _NOT_FORWARDED) if not name.lower().startswith("cf-")]
    forwarded = [*headers.getall("X-Forwarded-For", ()), client]
    return [
        ("Host", headers["Host"]),
        *pairs,
        ("X-Forwarded-For", ", ".join(forwarded)),
        ("X-Forwarded-Proto", scheme),
        ("CF-Connecting-IP", client),
        ("CF-Ray", ray),
        ("CF-Visitor", f'{{"scheme":"{scheme}"}}'),
    ]


def for_client(headers: CIMultiDictProxy[str], added: Sequence[tuple[str, str]]) -> CIMultiDict[str]:
    """The origin's header fields as the client gets them; what the edge adds replaces what the origin said."""
    replaced = _SET_ON_ANSWER | {name.lower() for name, _ in added}
    answer = CIMultiDict(_without(headers, replaced))
    answer.extend(added)
    return answer


def from_edge(ray: str) -> Pairs:
    """What stands in every answer."""
    return [("Server", "cloudflare"), ("CF-Ray", ray)]


def _without(headers: CIMultiDictProxy[str], unwanted: Iterable[str]) -> Iterator[tuple[str, str]]:
    """The fields but ``unwanted`` ones (lower case) and those that ``Connection`` names as hop-by-hop."""
    named = ",".join(headers.getall("Connection", ())).lower()
    dropped = frozenset(unwanted) | {token.strip() for token in named.split(",")}
    return ((name, value) for name, value in headers.items() if name.lower() not in dropped)
