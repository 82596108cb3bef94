"""The rules language as a tree, and what is said of a text that has none."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address
from typing import Literal

from core.errors import SettingsError
from edge.scheme import BOOL, BOOLS, Type

Address = IPv4Address | IPv6Address
Scalar = bytes | int | Address
Operator = Literal["eq", "ne", "ge", "le", "gt", "lt", "bitwise_and", "contains"]


class ExpressionError(SettingsError):
    """A text that Cloudflare would refuse, with the place (a column, from 1) and the reason."""

    def __init__(self, reason: str, column: int) -> None:
        super().__init__(f"column {column}: {reason}")
        self.reason = reason
        self.column = column


class NotEvaluatedError(ExpressionError):
    """A text that may be fine at Cloudflare, with something in it that cannot be evaluated offline."""


@dataclass(frozen=True)
class Field:
    """A field of the request."""

    name: str
    type: Type


@dataclass(frozen=True)
class Call:
    """A function call. ``mapped``: called for each item of the first argument, whose last index is ``[*]``."""

    function: str
    arguments: tuple[Argument, ...]
    type: Type
    mapped: bool


# An index of an array, a key of a map, or ``[*]``: each item of either.
EACH: Literal["*"] = "*"
Index = int | bytes | Literal["*"]


@dataclass(frozen=True)
class Access:
    """A field or a call with its indexes. ``type`` is that of one item where there is a ``[*]``."""

    base: Field | Call
    indexes: tuple[Index, ...]
    type: Type

    @property
    def each(self) -> int:
        """How many ``[*]`` there are."""
        return sum(1 for index in self.indexes if index == EACH)


@dataclass(frozen=True)
class Span:
    """A range of numbers or addresses, both ends in it. A CIDR block is one too."""

    first: int | Address
    last: int | Address


@dataclass(frozen=True)
class Truthy:
    """A Boolean by itself."""


@dataclass(frozen=True)
class Comparison:
    """An operator and what stands on its right: a literal, or a second value."""

    operator: Operator
    value: Scalar | Access


@dataclass(frozen=True)
class OneOf:
    """``in {…}``. ``values`` are strings, ``spans`` numbers or addresses."""

    values: frozenset[bytes]
    spans: tuple[Span, ...]


@dataclass(frozen=True)
class InList:
    """``in $name``: a list of the account, whose items are not known here."""

    name: str


@dataclass(frozen=True)
class Pattern:
    """``matches``, with the pattern in RE2's syntax."""

    pattern: bytes


@dataclass(frozen=True)
class Wildcard:
    """``wildcard``, or ``strict wildcard``, which heeds case. ``parts`` are what stands between the stars."""

    parts: tuple[bytes, ...]
    strict: bool


Test = Truthy | Comparison | OneOf | InList | Pattern | Wildcard


@dataclass(frozen=True)
class Check:
    """A test of one value, or of each where there is a ``[*]``."""

    subject: Access
    test: Test

    @property
    def type(self) -> Type:
        """Boolean, or an array of them."""
        if self.subject.each:
            return BOOLS
        return self.subject.type if isinstance(self.test, Truthy) else BOOL


@dataclass(frozen=True)
class Constant:
    """``true`` or ``false`` as a whole expression: a rule for every request, or for none."""

    value: bool

    @property
    def type(self) -> Type:
        """Boolean."""
        return BOOL


@dataclass(frozen=True)
class Not:
    """The negation, item by item for an array."""

    operand: Logical

    @property
    def type(self) -> Type:
        """That of the operand."""
        return self.operand.type


@dataclass(frozen=True)
class Combined:
    """Two or more operands of one operator."""

    operator: Literal["and", "or", "xor"]
    operands: tuple[Logical, ...]

    @property
    def type(self) -> Type:
        """That of the first operand."""
        return self.operands[0].type


Logical = Check | Not | Combined | Constant
Argument = Access | Logical | Scalar

# Loosest first.
PRECEDENCE: Mapping[Literal["and", "or", "xor"], int] = {"or": 1, "xor": 2, "and": 3}
