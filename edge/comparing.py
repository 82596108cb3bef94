"""What stands on the right of a value as a predicate on it (Cloudflare, "Comparison operators")."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from ipaddress import IPv4Address, IPv6Address
from typing import Any, Final

import re2

from edge.literals import compile_pattern
from edge.syntax import Comparison, InList, OneOf, Pattern, Span, Test, Truthy, Wildcard
from edge.truth import Truth, cannot_tell

_ORDER: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    "eq": operator.eq,
    "ne": operator.ne,
    "ge": operator.ge,
    "le": operator.le,
    "gt": operator.gt,
    "lt": operator.lt,
    "bitwise_and": lambda value, mask: value & mask != 0,
    "contains": lambda text, part: part in text,
}


def test_of(test: Test) -> Callable[[Any], Truth]:
    """The predicate on a value that is there."""
    match test:
        case Truthy():
            return bool
        case Comparison(operator="contains" | "bitwise_and" as name, value=right):
            return lambda value: _ORDER[name](value, right)
        case Comparison(operator=name, value=right):
            return ordering(name, right)
        case OneOf(values=values, spans=spans):
            return values.__contains__ if values else _in_spans(spans)
        case Pattern(pattern=pattern):
            matcher = compile_pattern(pattern)
            return lambda value: matcher.search(value) is not None
        case Wildcard(parts=parts, strict=strict):
            return _wildcard(parts, strict)
        case InList(name=name):
            unknown = cannot_tell(f"${name}")
            return lambda _: unknown


def ordering(name: str, right: Any) -> Callable[[Any], bool]:
    """The comparison of this name with a value on the right."""
    compare = _ORDER[name]
    if isinstance(right, IPv4Address | IPv6Address):
        # Addresses of two families have no order: they are unequal, and no more can be said.
        return lambda value: compare(value, right) if value.version == right.version else name == "ne"
    return lambda value: compare(value, right)


def _in_spans(spans: Sequence[Span]) -> Callable[[Any], bool]:
    ranges = [(type(span.first), int(span.first), int(span.last)) for span in spans]
    return lambda value: any(kind is type(value) and first <= int(value) <= last for kind, first, last in ranges)


def _wildcard(parts: Sequence[bytes], strict: bool) -> Callable[[bytes], bool]:
    """Each star stands for any octets; the whole value has to fit."""
    pattern = b".*".join(re2.escape(part if strict else part.lower()) for part in parts)
    matcher = compile_pattern(b"(?s)^" + pattern + b"$")
    if strict:
        return lambda value: matcher.search(value) is not None
    return lambda value: matcher.search(value.lower()) is not None
