"""Expressions as functions of a request, three-valued: yes, no, cannot tell.

A tree is compiled once to closures, which a proxy then calls for each request. What a request is known not to have (a
header, say) is as at Cloudflare: every comparison with it is no, but ``ne`` is yes; ``any`` of nothing is no, ``all``
of nothing yes. What is *not known* gives "cannot tell".
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Mapping, Sequence
from ipaddress import IPv4Address, IPv6Address
from itertools import chain
from typing import Any, Final

import re2

from edge import fields, functions
from edge.literals import compile_pattern
from edge.parser import parse, parse_value
from edge.request import Request
from edge.scheme import BOOL
from edge.syntax import (
    EACH,
    Access,
    Argument,
    Call,
    Check,
    Combined,
    Comparison,
    Field,
    Index,
    InList,
    Logical,
    Not,
    OneOf,
    Pattern,
    Span,
    Test,
    Truthy,
    Wildcard,
)
from edge.truth import CannotTell, Truth, cannot_tell, conjunction, disjunction, negate, parity

Expression = Callable[[Request], Truth]
_Read = Callable[[Request], Any]
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
_COMBINE: Final = {"and": conjunction, "or": disjunction, "xor": parity}
_QUANTIFIERS: Final = {"all": conjunction, "any": disjunction}


def compile_expression(text: str) -> Expression:
    """The function that says whether ``text`` is true of a request. Raises :class:`edge.syntax.ExpressionError`."""
    return _logical(parse(text))


def compile_value(text: str) -> Callable[[Request], Any]:
    """The function that gives a value of a request: None if absent, or :class:`CannotTell`. Raises as above."""
    return _access(parse_value(text))


def _logical(tree: Logical) -> _Read:
    """A reader of a truth, or of a list of truths where the tree is an array of Booleans."""
    if isinstance(tree, Check):
        return _check(tree)
    if isinstance(tree, Not):
        operand = _logical(tree.operand)
        if tree.type == BOOL:
            return lambda request: negate(operand(request))
        return lambda request: _mapped(operand(request), negate)
    combine = _COMBINE[tree.operator]
    operands = [_logical(one) for one in tree.operands]
    if tree.type == BOOL:
        return lambda request: combine(one(request) for one in operands)
    return lambda request: _zipped([one(request) for one in operands], combine)


def _mapped(found: Any, change: Callable[[Any], Any]) -> Any:
    return found if isinstance(found, CannotTell) else [change(one) for one in found or ()]


def _zipped(columns: Sequence[Any], combine: Callable[[Iterable[Truth]], Truth]) -> Any:
    """Arrays combined item by item, as long as the shortest."""
    open_ones = [column for column in columns if isinstance(column, CannotTell)]
    if open_ones:
        return cannot_tell(*(reason for one in open_ones for reason in one.reasons))
    return [combine(row) for row in zip(*columns, strict=False)]


def _check(tree: Check) -> _Read:
    read = _access(tree.subject)
    test = _test(tree.test)
    if tree.type != BOOL:
        return lambda request: _mapped(read(request), test)
    absent = isinstance(tree.test, Comparison) and tree.test.operator == "ne"

    def check(request: Request) -> Truth:
        value = read(request)
        if isinstance(value, CannotTell):
            return value
        return absent if value is None else test(value)

    return check


def _test(test: Test) -> Callable[[Any], Truth]:
    """The predicate on a value that is there."""
    match test:
        case Truthy():
            return bool
        case Comparison(operator="contains" | "bitwise_and" as name, value=right):
            return lambda value: _ORDER[name](value, right)
        case Comparison(operator=name, value=right):
            return _ordering(name, right)
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


def _ordering(name: str, right: Any) -> Callable[[Any], bool]:
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


def _access(access: Access) -> _Read:
    base = _field(access.base) if isinstance(access.base, Field) else _call(access.base)
    indexes = access.indexes
    if not indexes:
        return base

    def read(request: Request) -> Any:
        value = base(request)
        return value if isinstance(value, CannotTell) else _walk(value, indexes)

    return read


def _walk(value: Any, indexes: Sequence[Index]) -> Any:
    """What the indexes lead to, None if nothing; with a ``[*]`` the flat list of all that they lead to."""
    for position, index in enumerate(indexes):
        if value is None:
            return None
        if index == EACH:
            items = value.values() if isinstance(value, Mapping) else value
            found = [_walk(item, indexes[position + 1 :]) for item in items]
            kept = [item for item in found if item is not None]
            return list(chain.from_iterable(kept)) if EACH in indexes[position + 1 :] else kept
        value = value.get(index) if isinstance(index, bytes) else next(iter(value[index : index + 1]), None)
    return value


def _field(field: Field) -> _Read:
    unknown = cannot_tell(field.name)
    read = fields.READ.get(field.name)
    if read is None:
        return lambda _: unknown

    def value_or_unknown(request: Request) -> Any:
        value = read(request)
        return unknown if value is None else value

    return value_or_unknown


def _call(call: Call) -> _Read:
    if call.function in _QUANTIFIERS:
        return _quantifier(call)
    arguments = [_argument(one) for one in call.arguments]
    apply = _present(functions.CALL[call.function]) if call.function != "concat" else _concat

    def read(request: Request) -> Any:
        first, *rest = [argument(request) for argument in arguments]
        reasons = [reason for one in (first, *rest) if isinstance(one, CannotTell) for reason in one.reasons]
        if reasons:
            return cannot_tell(*reasons)
        if not call.mapped:
            return apply(first, *rest)
        if first is None:
            return None
        results = [apply(item, *rest) for item in first]
        return [result for result in results if result is not None]

    return read


def _quantifier(call: Call) -> _Read:
    decide = _QUANTIFIERS[call.function]
    argument = _argument(call.arguments[0])

    def read(request: Request) -> Truth | None:
        found = argument(request)
        if found is None or isinstance(found, CannotTell):
            return found
        return decide(found)

    return read


def _argument(argument: Argument) -> _Read:
    if isinstance(argument, Access):
        return _access(argument)
    if isinstance(argument, Check | Not | Combined):
        return _logical(argument)
    return lambda _: argument


def _present(function: Callable[..., Any]) -> Callable[..., Any]:
    """``function``, whose result is absent if any argument is."""
    return lambda *values: None if None in values else function(*values)


def _concat(*values: bytes | None) -> bytes:
    return b"".join(value for value in values if value is not None)
