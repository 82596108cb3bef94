"""What stands on the right of a value as a predicate on it (Cloudflare, "Comparison operators")."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from ipaddress import IPv4Address, IPv6Address
from typing import Any, Final

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
    single = frozenset(span.first for span in spans if span.first == span.last)
    ranges = [(type(span.first), int(span.first), int(span.last)) for span in spans if span.first != span.last]

    def within(value: Any) -> bool:
        if value in single:
            return True
        if not ranges:
            return False
        kind, number = type(value), int(value)
        return any(first <= number <= last and wanted is kind for wanted, first, last in ranges)

    return within


def _wildcard(parts: Sequence[bytes], strict: bool) -> Callable[[bytes], bool]:
    """Each star stands for any octets; the whole value has to fit."""
    if strict:
        return fitting(parts)
    fits = fitting([part.lower() for part in parts])
    return lambda value: fits(value.lower())


def fitting(parts: Sequence[bytes]) -> Callable[[bytes], bool]:
    """Whether a value has these texts in their order, the first at its beginning and the last at its end.

    The leftmost place of each is as good as any: what fits with a later one fits with it too.
    """
    first, *middle, last = parts if len(parts) > 1 else (*parts, b"")
    if len(parts) == 1:
        return lambda value: value == first
    shortest = len(first) + len(last)

    def fits(value: bytes) -> bool:
        if len(value) < shortest or not value.startswith(first) or not value.endswith(last):
            return False
        place, end = len(first), len(value) - len(last)
        for part in middle:
            found = value.find(part, place, end)
            if found < 0:
                return False
            place = found + len(part)
        return True

    return fits
