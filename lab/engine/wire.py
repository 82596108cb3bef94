"""Property values as Pulumi puts them on the wire, and as this engine holds them.

On the wire (``google.protobuf.Struct``) a secret, an output or a reference to a resource is a map with a signature key,
an unknown value is a fixed string, and every number is a float. Here they are plain Python values plus two types:
:class:`Secret` and :data:`UNKNOWN`. The signatures are those of ``pulumi.runtime.rpc``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from google.protobuf import struct_pb2

from core.pulumi_crypt import SECRET_SIGNATURE, SIGNATURE_KEY
from core.secret import REDACTED

OUTPUT_SIGNATURE: Final = "d0e6a833031e9bbcd3f4e8bde6ca49a4"
RESOURCE_SIGNATURE: Final = "5cf8f73096256a8f31e491e813e4eb8e"
UNKNOWN_STRING: Final = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
MASK: Final = REDACTED

# The largest integer that a float holds exactly: beyond it a number stays a float.
_EXACT = 2**53

Properties = dict[str, Any]


class Unknown:
    """The one value that stands for "known only after it is applied"."""

    _only: Unknown | None = None

    def __new__(cls) -> Unknown:
        if cls._only is None:
            cls._only = super().__new__(cls)
        return cls._only

    def __repr__(self) -> str:
        return "UNKNOWN"


UNKNOWN: Final = Unknown()


@dataclass(frozen=True)
class Secret:
    """A value that is never shown: its ``repr`` and ``str`` do not hold it."""

    value: Any

    def __repr__(self) -> str:
        return MASK

    __str__ = __repr__


def from_struct(struct: struct_pb2.Struct) -> Properties:
    """Return the plain form of a wire map."""
    return {key: from_value(value) for key, value in struct.fields.items()}


def from_value(value: struct_pb2.Value) -> Any:
    """Return the plain form of one wire value."""
    kind = value.WhichOneof("kind")
    if kind == "string_value":
        return UNKNOWN if value.string_value == UNKNOWN_STRING else value.string_value
    if kind == "number_value":
        return _number(value.number_value)
    if kind == "bool_value":
        return value.bool_value
    if kind == "struct_value":
        return _from_map(from_struct(value.struct_value))
    if kind == "list_value":
        return [from_value(item) for item in value.list_value.values]
    return None


def _number(number: float) -> int | float:
    return int(number) if number.is_integer() and abs(number) <= _EXACT else number


def _from_map(fields: Properties) -> Any:
    signature = fields.get(SIGNATURE_KEY)
    if signature == SECRET_SIGNATURE:
        return secret(fields.get("value"))
    if signature == OUTPUT_SIGNATURE:
        value = fields.get("value", UNKNOWN)
        return secret(value) if fields.get("secret") else value
    if signature == RESOURCE_SIGNATURE:
        return fields.get("id") or fields.get("urn")
    return fields


def secret(value: Any) -> Secret:
    """Return ``value`` as a secret, once."""
    return value if isinstance(value, Secret) else Secret(value)


def to_struct(properties: Mapping[str, Any]) -> struct_pb2.Struct:
    """Return the wire form of ``properties``."""
    struct = struct_pb2.Struct()
    _fill(struct, properties)
    return struct


def _fill(struct: struct_pb2.Struct, properties: Mapping[str, Any]) -> None:
    for key, value in properties.items():
        _set(struct.fields[key], value)


def _set(target: struct_pb2.Value, value: Any) -> None:
    if value is None:
        target.null_value = struct_pb2.NULL_VALUE
    elif isinstance(value, bool):
        target.bool_value = value
    elif isinstance(value, str):
        target.string_value = value
    elif isinstance(value, (int, float)):
        target.number_value = float(value)
    elif isinstance(value, Mapping):
        # Touching struct_value makes an empty map an empty map and not "no value".
        target.struct_value.SetInParent()
        _fill(target.struct_value, value)
    elif isinstance(value, (list, tuple)):
        target.list_value.SetInParent()
        for item in value:
            _set(target.list_value.values.add(), item)
    elif isinstance(value, Secret):
        _fill(target.struct_value, {SIGNATURE_KEY: SECRET_SIGNATURE, "value": value.value})
    elif isinstance(value, Unknown):
        target.string_value = UNKNOWN_STRING
    else:
        raise TypeError(f"a {type(value).__name__} cannot be put on Pulumi's wire")


def rebuild(value: Any, leaf: Callable[[Any], Any]) -> Any:
    """Return a copy of ``value`` with ``leaf`` applied to everything in it that is neither a map nor a list."""
    if isinstance(value, Mapping):
        return {key: rebuild(item, leaf) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [rebuild(item, leaf) for item in value]
    return leaf(value)


def reveal(value: Any) -> Any:
    """Return ``value`` with every secret in it laid open: for a provider's call, never for show."""
    return rebuild(value, lambda leaf: reveal(leaf.value) if isinstance(leaf, Secret) else leaf)


def mask(value: Any) -> Any:
    """Return ``value`` for show: secrets as ``[secret]``, unknown values as Pulumi's placeholder string."""
    return rebuild(value, _mask_leaf)


def _mask_leaf(leaf: Any) -> Any:
    if isinstance(leaf, Secret):
        return MASK
    return UNKNOWN_STRING if isinstance(leaf, Unknown) else leaf


def leaves(value: Any) -> Iterator[Any]:
    """Yield everything in ``value`` that is neither a map nor a list; secrets are yielded closed."""
    if isinstance(value, Mapping):
        for item in value.values():
            yield from leaves(item)
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from leaves(item)
    else:
        yield value


def has_secret(value: Any) -> bool:
    """Say whether there is a secret anywhere in ``value``."""
    return any(isinstance(leaf, Secret) for leaf in leaves(value))


def has_unknown(value: Any) -> bool:
    """Say whether anything in ``value`` is unknown, inside of secrets too."""
    return any(
        isinstance(leaf, Unknown) or (isinstance(leaf, Secret) and has_unknown(leaf.value)) for leaf in leaves(value)
    )


def close_like(value: Any, pattern: Any) -> Any:
    """Return ``value`` with a secret wherever ``pattern`` (an input of the same name) has one.

    Where the two differ in shape and the pattern holds a secret, all of ``value`` becomes one: too much rather than
    too little.
    """
    if isinstance(pattern, Secret):
        return secret(value)
    if not has_secret(pattern):
        return value
    if isinstance(pattern, Mapping) and isinstance(value, Mapping):
        return {key: close_like(item, pattern.get(key)) for key, item in value.items()}
    if isinstance(pattern, list) and isinstance(value, list) and len(pattern) == len(value):
        return [close_like(item, like) for item, like in zip(value, pattern, strict=True)]
    return secret(value)


def without_nulls(value: Any) -> Any:
    """Return ``value`` without the keys of maps whose value is null: Pulumi's wire does not tell these from absent."""
    if isinstance(value, Mapping):
        return {key: without_nulls(item) for key, item in value.items() if item is not None}
    if isinstance(value, list):
        return [without_nulls(item) for item in value]
    if isinstance(value, Secret):
        return Secret(without_nulls(value.value))
    return value
