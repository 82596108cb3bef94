"""What is said of a request by field names, brought to the types of the rules language."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from edge.scheme import BOOL, BYTES, FIELDS, INT, IP, ArrayOf, MapOf, Type
from edge.syntax import Address

# A value of the language. Absent parts of a map or an array are None; what is not known is never a value.
FieldValue = bool | int | bytes | Address | Sequence["FieldValue"] | Mapping[bytes, "FieldValue"] | None

# Names that Cloudflare keeps for the same thing ("Fields reference", deprecated names).
ALIASES: Final[Mapping[str, str]] = {
    "ip.geoip.asnum": "ip.src.asnum",
    "ip.geoip.continent": "ip.src.continent",
    "ip.geoip.country": "ip.src.country",
    "ip.geoip.is_in_european_union": "ip.src.is_in_european_union",
    "ip.geoip.subdivision_1_iso_code": "ip.src.subdivision_1_iso_code",
    "ip.geoip.subdivision_2_iso_code": "ip.src.subdivision_2_iso_code",
}
# What only Cloudflare can find out, said by the token configuration's id: {"is_jwt_valid": {"…": True}}.
FACTS: Final[Mapping[str, Type]] = {"is_jwt_present": MapOf(BOOL), "is_jwt_valid": MapOf(BOOL)}


def typed_fields(given: Mapping[str, Any], error: Callable[[str], Exception]) -> dict[str, FieldValue]:
    """The fields by the name that is current. Raises ``error`` with a sentence that names the field."""
    try:
        return {(known := _KNOWN[name])[0]: None if value is None else known[1](value) for name, value in given.items()}
    except (KeyError, ValueError, RecursionError):
        raise error(_wrong(given)) from None


def _wrong(given: Mapping[str, Any]) -> str:
    """Which field is none of Cloudflare's, or of another type."""
    for name, value in given.items():
        if name not in _KNOWN:
            return f"there is no field {str(name)[:100]!r} at Cloudflare"
        try:
            if value is not None:
                _KNOWN[name][1](value)
        except (ValueError, RecursionError):
            return f"the field {name} is {str(value)[:80]!r}, and it must be of type {_TYPES[name]}"
    return "a field changed while it was read"


def typed_field(name: str, value: Any, error: Callable[[str], Exception]) -> None:
    """Raise ``error`` unless there is such a field and the value fits it."""
    typed_fields({name: value}, error)


def _ip(value: Any) -> Address:
    text = value if isinstance(value, str) else str(value)
    try:
        # Three times as fast as ip_address, for the addresses that nearly all clients have.
        return ipaddress.IPv4Address(int.from_bytes(socket.inet_pton(socket.AF_INET, text), "big"))
    except (OSError, ValueError):
        return ipaddress.ip_address(text)


def _octets(value: Any) -> bytes:
    if isinstance(value, str):
        return value.encode("utf-8", "surrogatepass")
    if isinstance(value, bytes):
        return value
    raise ValueError(value)


def _whole(value: Any) -> int:
    # The exact types first, for nearly all values are of them.
    if type(value) is int or (isinstance(value, int) and not isinstance(value, bool)):
        return value
    raise ValueError(value)


def _boolean(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    raise ValueError(value)


def _list_of(convert: Callable[[Any], FieldValue]) -> Callable[[Any], FieldValue]:
    def converted(value: Any) -> FieldValue:
        if isinstance(value, Sequence) and not isinstance(value, str | bytes):
            return [convert(item) for item in value]
        raise ValueError(value)

    return converted


def _map_of(convert: Callable[[Any], FieldValue]) -> Callable[[Any], FieldValue]:
    def converted(value: Any) -> FieldValue:
        if isinstance(value, Mapping):
            return {_octets(key): convert(item) for key, item in value.items()}
        raise ValueError(value)

    return converted


def _converter(kind: Type) -> Callable[[Any], FieldValue]:
    if isinstance(kind, ArrayOf):
        return _list_of(_converter(kind.item))
    if isinstance(kind, MapOf):
        return _map_of(_converter(kind.item))
    return _PRIMITIVE[kind]


_PRIMITIVE: Final[Mapping[Type, Callable[[Any], FieldValue]]] = {
    BOOL: _boolean,
    BYTES: _octets,
    INT: _whole,
    IP: _ip,
}
_TYPES: Final[Mapping[str, Type]] = {**FIELDS, **FACTS}
_KNOWN: Final = {name: (ALIASES.get(name, name), _converter(kind)) for name, kind in _TYPES.items()}
