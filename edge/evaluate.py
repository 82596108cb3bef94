"""Expressions as functions of a request, three-valued: yes, no, cannot tell.

A tree is compiled once to closures, which a proxy then calls for each request. What a request is known not to have (a
header, say) is as at Cloudflare: every comparison with it is no, but ``ne`` is yes; ``any`` of nothing is no, ``all``
of nothing yes. What is *not known* gives "cannot tell".
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import chain
from typing import Any, Final

from edge import fields, functions
from edge.comparing import ordering, test_of
from edge.fields import UNKNOWN
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
    Constant,
    Field,
    Index,
    Logical,
    Not,
)
from edge.truth import CannotTell, Truth, cannot_tell, conjunction, disjunction, negate, parity
from edge.typed import FACTS

Evaluate = Callable[[Request], Truth]
_Read = Callable[[Request], Any]
_COMBINE: Final = {"and": conjunction, "or": disjunction, "xor": parity}
_QUANTIFIERS: Final = {"all": conjunction, "any": disjunction}


def compile_expression(text: str) -> Evaluate:
    """The function that says whether ``text`` is true of a request. Raises :class:`edge.syntax.ExpressionError`."""
    return _logical(parse(text))


def compile_tree(tree: Logical) -> Evaluate:
    """As :func:`compile_expression`, of a text that was parsed already."""
    return _logical(tree)


def compile_value(text: str) -> Callable[[Request], Any]:
    """The function that gives a value of a request: None if absent, or :class:`CannotTell`. Raises as above."""
    return _access(parse_value(text))


def _logical(tree: Logical) -> _Read:
    """A reader of a truth, or of a list of truths where the tree is an array of Booleans."""
    if isinstance(tree, Constant):
        always = tree.value
        return lambda _: always
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
    if isinstance(tree.test, Comparison) and isinstance(tree.test.value, Access):
        return _comparison(tree, read, tree.test.operator, _access(tree.test.value))
    test = test_of(tree.test)
    if tree.type != BOOL:
        return lambda request: _mapped(read(request), test)
    absent = isinstance(tree.test, Comparison) and tree.test.operator == "ne"

    def check(request: Request) -> Truth:
        value = read(request)
        if isinstance(value, CannotTell):
            return value
        return absent if value is None else test(value)

    return check


def _comparison(tree: Check, read: _Read, name: str, read_right: _Read) -> _Read:
    """Two values of the request compared; one that is not there is unlike every other."""
    absent = name == "ne"

    def compare(left: Any, right: Any) -> bool:
        return absent if left is None or right is None else ordering(name, right)(left)

    def check(request: Request) -> Any:
        left, right = read(request), read_right(request)
        open_ones = [one for one in (left, right) if isinstance(one, CannotTell)]
        if open_ones:
            return cannot_tell(*(reason for one in open_ones for reason in one.reasons))
        return compare(left, right) if tree.type == BOOL else [compare(one, right) for one in left or ()]

    return check


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
    read = fields.reader(field.name)

    def value_or_unknown(request: Request) -> Any:
        value = read(request)
        return unknown if value is UNKNOWN else value

    return value_or_unknown


def _call(call: Call) -> _Read:
    if call.function in _QUANTIFIERS:
        return _quantifier(call)
    if functions.is_undecidable(call):
        unknown = cannot_tell(f"{call.function}()")
        return lambda _: unknown
    if call.function in FACTS:
        return _fact(call)
    arguments = [_argument(one) for one in call.arguments]
    if call.function == "coalesce" and not call.mapped:
        return lambda request: next((found for one in arguments if (found := one(request)) is not None), None)
    apply = _ABSENT_TOO.get(call.function) or _present(functions.CALL[call.function])

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


def _fact(call: Call) -> _Read:
    """What only Cloudflare finds out about a token configuration, if the request says so."""
    (identifier,) = call.arguments
    unknown = cannot_tell(f"{call.function}()")
    return lambda request: (request.given.get(call.function) or {}).get(identifier, unknown)


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


def _concat(*values: Any) -> Any:
    there = [value for value in values if value is not None]
    if not there:
        return None
    if any(isinstance(value, list) for value in there):
        return list(chain.from_iterable(there))
    return b"".join(there)


def _coalesce(*values: Any) -> Any:
    return next((value for value in values if value is not None), None)


# These have a use for a value that is not there.
_ABSENT_TOO: Final[Mapping[str, Callable[..., Any]]] = {"concat": _concat, "coalesce": _coalesce}
