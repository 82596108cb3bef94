"""What is said of a request by field names, brought to the types of the rules language."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
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
    return {ALIASES.get(name, name): typed_field(name, value, error) for name, value in given.items()}


def typed_field(name: str, value: Any, error: Callable[[str], Exception]) -> FieldValue:
    """The value of one field, None if it is known to be absent. Raises ``error``."""
    kind = FIELDS.get(name) or FACTS.get(name)
    if kind is None:
        raise error(f"there is no field {str(name)[:100]!r} at Cloudflare")
    try:
        return None if value is None else _typed(kind, value)
    except ValueError:
        raise error(f"the field {name} is {str(value)[:80]!r}, and it must be of type {kind}") from None


def _typed(kind: Type, value: Any) -> FieldValue:
    """``value`` as ``kind``. Raises :class:`ValueError`."""
    if kind == BYTES:
        return _octets(value)
    if kind == IP:
        return _address(str(value))
    if kind == INT:
        if isinstance(value, int) and not isinstance(value, bool):
            return value
    elif kind == BOOL:
        if isinstance(value, bool):
            return value
    elif isinstance(kind, ArrayOf):
        if isinstance(value, Sequence) and not isinstance(value, str | bytes):
            return [_typed(kind.item, item) for item in value]
    elif isinstance(kind, MapOf) and isinstance(value, Mapping):
        return {_octets(key): _typed(kind.item, item) for key, item in value.items()}
    raise ValueError(value)


def _octets(text: Any) -> bytes:
    if isinstance(text, bytes):
        return text
    if isinstance(text, str):
        return text.encode("utf-8", "surrogatepass")
    raise ValueError(text)


@lru_cache(maxsize=4096)
def _address(text: str) -> Address:
    return ipaddress.ip_address(text)
