"""What stands on the right of a value: operators, the literals that fit its type, indexes."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import lru_cache
from itertools import pairwise
from typing import Final

import re2

from edge.scanner import Scanner
from edge.scheme import BYTES, FIELDS, INT, IP, Type
from edge.signatures import FUNCTIONS
from edge.syntax import (
    EACH,
    Access,
    Argument,
    Check,
    Combined,
    Comparison,
    Constant,
    ExpressionError,
    Index,
    InList,
    Not,
    NotEvaluatedError,
    OneOf,
    Operator,
    Pattern,
    Scalar,
    Span,
    Test,
    Wildcard,
)

# What is no literal.
VALUES: Final = (Access, Check, Not, Combined)
_MAX_STARS: Final = 10
_WILDCARD_PIECE: Final = re.compile(rb"\\[*\\]|[^\\]", re.DOTALL)
_ORDERING: Final[dict[str, Operator]] = {
    "eq": "eq",
    "==": "eq",
    "ne": "ne",
    "!=": "ne",
    "ge": "ge",
    ">=": "ge",
    "le": "le",
    "<=": "le",
    "gt": "gt",
    ">": "gt",
    "lt": "lt",
    "<": "lt",
}
_OF_INTEGERS: Final = ("&", "bitwise_and")
_OF_STRINGS: Final = ("contains", "~", "matches", "wildcard", "strict wildcard")
# In the order in which they are tried, which is wirefilter's.
_OPERATORS: Final = ("in", *_ORDERING, *_OF_INTEGERS, *_OF_STRINGS)

# Rust's regex crate, which Cloudflare uses, and RE2 read these differently: set operations and sets in sets, words'
# ends, escapes that RE2 alone has, and \x{…}, which is a character to the one and an octet to the other.
_READ_OTHERWISE: Final = re.compile(r"&&|--|~~|\[[^\]]*\[[^:]|\\[<>QECpP0-9]|\\b\{|\\x\{")
_ATOM: Final = re.compile(rb"\\.|\[\^?\]?|\]|[\xc2-\xf4][\x80-\xbf]+|.", re.DOTALL)
# Rust has the vertical tab among white space, and RE2 has not.
_SPACES: Final = rb"\t-\r "
_NO_SPACES: Final = rb"\x00-\x08\x0e-\x1f\x21-\xff"


def sees_operator(scanner: Scanner) -> bool:
    """Whether a comparison follows, after spaces."""
    start = scanner.position
    scanner.skip_space()
    found = any(scanner.sees(word) for word in _OPERATORS)
    scanner.position = start
    return found


def read_test(scanner: Scanner, kind: Type, read_value: Callable[[], Access]) -> Test:
    """An operator and its right side, for a value of type ``kind`` on the left; ``read_value`` reads a second value."""
    start = scanner.position
    word = next((word for word in _OPERATORS if scanner.take(word)), None)
    if word is None:
        raise scanner.fail(f"expected an operator for {kind}")
    scanner.skip_space()
    if word == "in" and kind in (BYTES, INT, IP):
        return _read_set(scanner, kind)
    if word in _ORDERING and kind in (BYTES, INT, IP):
        return Comparison(_ORDERING[word], _read_right(scanner, kind, read_value))
    if word in _OF_INTEGERS and kind == INT:
        return Comparison("bitwise_and", _read_right(scanner, kind, read_value))
    if word in _OF_STRINGS and kind == BYTES:
        return _read_string_test(scanner, word)
    scanner.position = start
    raise scanner.fail(f"{word!r} cannot be used on {kind}")


def read_index(scanner: Scanner) -> Index:
    """``*``, a number or a quoted key in UTF-8."""
    if scanner.take("*"):
        return EACH
    if not scanner.sees('"'):
        return scanner.array_index()
    key = scanner.quoted()
    try:
        key.decode()
    except UnicodeDecodeError:
        raise scanner.fail("a key has to be UTF-8") from None
    return key


def read_literal(scanner: Scanner) -> Scalar:
    """A literal argument whose type is not known: an address, else a number, else bytes."""
    start = scanner.position
    for read in (scanner.address, scanner.integer, scanner.string):
        try:
            return read()
        except ExpressionError:
            scanner.position = start
    raise scanner.fail("expected a field, a call or a literal")


def type_of(argument: Argument) -> Type:
    """The type of an argument; that of one item where there is a ``[*]``."""
    if isinstance(argument, Access | Check | Not | Combined | Constant):
        return argument.type
    if isinstance(argument, bytes):
        return BYTES
    return INT if isinstance(argument, int) else IP


def _read_right(scanner: Scanner, kind: Type, read_value: Callable[[], Access]) -> Scalar | Access:
    """A literal or a value of the type on the left."""
    start = scanner.position
    name = scanner.peek_name()
    if name in FIELDS or name in FUNCTIONS:
        value = read_value()
        if value.type != kind or value.each:
            scanner.position = start
            raise scanner.fail(f"expected {kind}, and this is {'more than one ' * bool(value.each)}{value.type}")
        return value
    if kind == BYTES:
        return scanner.string()
    return scanner.integer() if kind == INT else scanner.address()


def _read_set(scanner: Scanner, kind: Type) -> Test:
    if scanner.sees("$"):
        return InList(scanner.list_name())
    scanner.expect("{")
    scanner.skip_space()
    values: set[bytes] = set()
    spans: list[Span] = []
    while not scanner.take("}"):
        if kind == BYTES:
            values.add(scanner.string())
        else:
            spans.append(scanner.integer_span() if kind == INT else scanner.address_span())
        scanner.skip_space()
    return OneOf(frozenset(values), tuple(spans))


def _read_string_test(scanner: Scanner, word: str) -> Test:
    start = scanner.position
    if word == "contains":
        return Comparison("contains", scanner.string())
    if word in ("matches", "~"):
        return Pattern(_checked_pattern(scanner.pattern(), start + 1))
    if not (scanner.sees('"') or scanner.sees("r")):
        raise scanner.fail('expected a string: "…" or r"…"')
    parts = wildcard_parts(scanner.string(), start + 1)
    return Wildcard(parts, strict=word == "strict wildcard")


def _checked_pattern(pattern: str, column: int) -> bytes:
    """``pattern`` if RE2 takes it and reads it as Rust's regex crate does."""
    encoded = pattern.encode("utf-8", "surrogatepass")
    if _READ_OTHERWISE.search(pattern.replace("\\\\", "")):
        raise NotEvaluatedError("this regular expression has something that is not evaluated here", column)
    try:
        compile_pattern(encoded)
    except re2.error as error:
        raise NotEvaluatedError(f"this regular expression is not evaluated here: {error}", column) from None
    return encoded


@lru_cache(maxsize=1024)
def compile_pattern(pattern: bytes) -> re2._Regexp[bytes]:
    """A matcher over bytes, in linear time. Raises ``re2.error``."""
    options = re2.Options()
    options.encoding = re2.Options.Encoding.LATIN1
    options.log_errors = False
    return re2.compile(_as_rust(pattern), options)


def _as_rust(pattern: bytes) -> bytes:
    """``pattern`` written so that RE2, octet by octet, finds what Rust's crate finds.

    A character of several octets is one thing to repeat; ``\\s`` has the vertical tab.
    """
    written: list[bytes] = []
    in_class = False
    for atom in _ATOM.findall(pattern):
        opens = not in_class and atom.startswith(b"[")
        in_class = opens or (in_class and atom != b"]")
        if atom in (b"\\s", b"\\S"):
            inside = _SPACES if atom == b"\\s" else _NO_SPACES
            written.append(inside if in_class else b"[" + inside + b"]")
        else:
            written.append(b"(?:" + atom + b")" if len(atom) > 1 and atom[0] > 0x7F and not in_class else atom)
    return b"".join(written)


def check_call(name: str, arguments: Sequence[Argument], starts: Sequence[int]) -> None:
    """Raise :class:`NotEvaluatedError` for a pattern among the literals that cannot be evaluated here."""
    pattern = arguments[1] if name in ("regex_replace", "wildcard", "wildcard_replace") else None
    if not isinstance(pattern, bytes):
        return
    column = starts[1] + 1
    try:
        if name == "regex_replace":
            _checked_pattern(pattern.decode("utf-8", "surrogateescape"), column)
        else:
            wildcard_parts(pattern, column)
    except NotEvaluatedError:
        raise
    except ExpressionError as error:
        # The parser that we have of Cloudflare's does not look into it.
        raise NotEvaluatedError(error.reason, column) from None


def wildcard_parts(text: bytes, column: int) -> tuple[bytes, ...]:
    """The texts between the stars of a wildcard, in which ``\\*`` and ``\\\\`` are escapes.

    Raises :class:`ExpressionError` at ``column``.
    """
    pieces = _WILDCARD_PIECE.findall(text)
    stars = pieces.count(b"*")
    if b"".join(pieces) != text:
        raise ExpressionError("a wildcard has the escapes \\* and \\\\ alone", column)
    if (b"*", b"*") in pairwise(pieces):
        raise ExpressionError("a wildcard may not have two stars in a row", column)
    if stars > _MAX_STARS:
        raise ExpressionError(f"a wildcard has at most {_MAX_STARS} stars, and this one has {stars}", column)
    parts = [b""]
    for piece in pieces:
        if piece == b"*":
            parts.append(b"")
        else:
            parts[-1] += piece.removeprefix(b"\\") if len(piece) > 1 else piece
    return tuple(parts)
