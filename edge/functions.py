"""What each function gives (Cloudflare, "Functions"). None stands for a value that is not there."""

from __future__ import annotations

import hashlib
import ipaddress
import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from edge import encoding, replacing
from edge.syntax import Address, Call

# What url_decode decodes; "%uXXXX" with its option "u" alone.
_ESCAPE: Final = re.compile(rb"\+|%([0-9A-Fa-f]{2})")
_ESCAPE_OR_UNICODE: Final = re.compile(rb"\+|%([0-9A-Fa-f]{2})|%u([0-9A-Fa-f]{4})")
_MAX_DECODINGS: Final = 10
_MOST_PIECES: Final = 128


def _url_decode(text: bytes, options: bytes = b"") -> bytes:
    """Percent escapes and plus signs decoded: once, or with ``r`` until nothing changes; with ``u`` ``%uXXXX`` too."""
    escape = _ESCAPE_OR_UNICODE if b"u" in options else _ESCAPE
    for _ in range(_MAX_DECODINGS if b"r" in options else 1):
        before = text
        # In one pass: what an escape stands for is no part of another one.
        text = escape.sub(_decoded, text)
        if text == before:
            break
    return text


def _decoded(found: re.Match[bytes]) -> bytes:
    if found[0] == b"+":
        return b" "
    return bytes([int(found[1], 16)]) if found[1] else chr(int(found[2], 16)).encode("utf-8", "surrogatepass")


def _substring(text: bytes, start: int, end: int | None = None) -> bytes:
    """From ``start`` to before ``end``; negative ones count from the end."""
    return text[start:end]


def _remove_bytes(text: bytes, unwanted: bytes) -> bytes:
    return text.translate(None, unwanted)


def _network(address: Address, bits: int) -> Address:
    return ipaddress.ip_network(f"{address}/{min(bits, address.max_prefixlen)}", strict=False).network_address


def _cidr(address: Address, bits4: int, bits6: int) -> Address:
    """The network address, by the number of leading bits for IPv4 and for IPv6."""
    return _network(address, bits4 if address.version == 4 else bits6)


def _cidr6(address: Address, bits: int) -> Address:
    """The network address of an IPv6 address; an IPv4 address stays as it is."""
    return _network(address, bits) if address.version == 6 else address


def _ip_in_range(address: Address, block: bytes) -> bool | None:
    """Whether the address lies in a CIDR block."""
    try:
        network = ipaddress.ip_network(block.decode())
    except ValueError:
        return None
    return address.version == network.version and address in network


def _bit_slice(text: bytes, start: int, end: int) -> int | None:
    """The bits from ``start`` to before ``end``, the first octet's highest first, as a number of at most 32 bits."""
    if not 0 <= start < end <= min(len(text) * 8, start + 32):
        return None
    return int.from_bytes(text, "big") >> (len(text) * 8 - end) & ((1 << (end - start)) - 1)


def _to_string(value: bool | int | Address) -> bytes:
    return str(value).lower().encode() if isinstance(value, bool) else str(value).encode()


def _remove_query_args(query: bytes, *names: bytes) -> bytes:
    """The query without any argument of these names; the others keep their order."""
    return b"&".join(pair for pair in query.split(b"&") if pair.partition(b"=")[0] not in names)


def _split(text: bytes, separator: bytes, limit: int) -> list[bytes] | None:
    """At most ``limit`` pieces (1 to 128), the rest in the last."""
    if not separator or not 1 <= limit <= _MOST_PIECES:
        return None
    return text.split(separator, limit - 1)


def _trimming(strip: Callable[[bytes, bytes | None], bytes]) -> Callable[..., bytes]:
    """White space of ASCII is taken away, or the octets that the second argument names."""
    return lambda text, unwanted=None: strip(text, unwanted)


# Arguments were checked against their signatures by the parser, so that Any cannot hide a wrong type here.
CALL: Final[Mapping[str, Callable[..., Any]]] = {
    "bit_slice": _bit_slice,
    "cidr": _cidr,
    "cidr6": _cidr6,
    "contains": lambda text, part: part in text,
    "decode_base64": encoding.decode_base64,
    "encode_base64": encoding.encode_base64,
    "ends_with": bytes.endswith,
    "has_key": lambda found, key: key in found,
    "has_value": lambda found, value: value in found,
    "ip_in_range": _ip_in_range,
    "is_timed_hmac_valid_v0": encoding.is_timed_hmac_valid,
    "join": lambda items, separator: separator.join(items),
    "len": len,
    "lookup_json_integer": encoding.lookup_json_integer,
    "lookup_json_string": encoding.lookup_json_string,
    # bytes.lower and bytes.upper touch ASCII alone, as Cloudflare's do.
    "lower": bytes.lower,
    "regex_replace": replacing.regex_replace,
    "remove_bytes": _remove_bytes,
    "remove_query_args": _remove_query_args,
    "sha256": lambda text: hashlib.sha256(text).digest(),
    "sha512": lambda text: hashlib.sha512(text).digest(),
    "split": _split,
    "starts_with": bytes.startswith,
    "substring": _substring,
    "to_string": _to_string,
    "trim": _trimming(bytes.strip),
    "trim_end": _trimming(bytes.rstrip),
    "trim_start": _trimming(bytes.lstrip),
    "upper": bytes.upper,
    "url_decode": _url_decode,
    "wildcard": replacing.wildcard,
    "wildcard_replace": replacing.wildcard_replace,
}

# What these give cannot be known offline: a random number; and functions whose definition Cloudflare does not publish
# (the parser that we have of theirs takes them).
_UNDECIDABLE: Final = frozenset({"hash_in_range", "hmac", "uuidv4"})


def is_undecidable(call: Call) -> bool:
    """Whether nobody can tell offline what this call gives."""
    # The documentation has the key first; what another order means is not published.
    unpublished = call.function == "is_timed_hmac_valid_v0" and not isinstance(call.arguments[0], bytes)
    return unpublished or call.function in _UNDECIDABLE
