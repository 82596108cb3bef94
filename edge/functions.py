"""What each function gives (Cloudflare, "Functions"). None stands for a value that is not there."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Mapping
from typing import Any, Final
from urllib.parse import unquote_to_bytes

from edge.syntax import Address

# "%uXXXX", which url_decode takes with its option "u".
_UNICODE_ESCAPE: Final = re.compile(rb"%u([0-9A-Fa-f]{4})")
_MAX_DECODINGS: Final = 10


def _url_decode(text: bytes, options: bytes = b"") -> bytes:
    """Percent escapes and plus signs decoded: once, or with ``r`` until nothing changes; with ``u`` ``%uXXXX`` too."""
    for _ in range(_MAX_DECODINGS if b"r" in options else 1):
        before = text
        if b"u" in options:
            text = _UNICODE_ESCAPE.sub(lambda found: chr(int(found[1], 16)).encode("utf-8", "surrogatepass"), text)
        text = unquote_to_bytes(text.replace(b"+", b" "))
        if text == before:
            break
    return text


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


# Arguments were checked against their signatures by the parser, so that Any cannot hide a wrong type here.
CALL: Final[Mapping[str, Callable[..., Any]]] = {
    "cidr": _cidr,
    "cidr6": _cidr6,
    "ends_with": bytes.endswith,
    "has_key": lambda found, key: key in found,
    "has_value": lambda found, value: value in found,
    "len": len,
    # bytes.lower and bytes.upper touch ASCII alone, as Cloudflare's do.
    "lower": bytes.lower,
    "remove_bytes": _remove_bytes,
    "starts_with": bytes.startswith,
    "substring": _substring,
    "to_string": lambda number: str(number).encode(),
    "upper": bytes.upper,
    "url_decode": _url_decode,
}
