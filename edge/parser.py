"""The grammar of the rules language, type-checked as it is read (Cloudflare, "Operators and grouping symbols").

A recursive-descent parser with precedence climbing, as Cloudflare's own: literals depend on the type on their left, so
that no grammar of tokens fits. The tests hold it to what Cloudflare's parser accepts.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Literal, TypeVar

from edge import literals, wirefilter
from edge.scanner import Scanner
from edge.scheme import BOOL, FIELDS, ArrayOf, MapOf, Type
from edge.signatures import FUNCTIONS, Signature
from edge.syntax import (
    PRECEDENCE,
    Access,
    Argument,
    Call,
    Check,
    Combined,
    Constant,
    ExpressionError,
    Field,
    Index,
    Logical,
    Not,
    Truthy,
)

# "Maximum rule expression length" of Cloudflare's documentation.
MAX_LENGTH: Final = 4096
_MAX_NESTING: Final = 128
# What Rust's str::trim takes away at both ends.
_TRIMMED = "\t\n\v\f\r \x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(map(chr, range(0x2000, 0x200B)))
_COMBINING: Final[dict[str, Literal["and", "or", "xor"]]] = {
    "or": "or",
    "||": "or",
    "xor": "xor",
    "^^": "xor",
    "and": "and",
    "&&": "and",
}
_CONSTANTS: Final = {"true": True, "false": False}
_T = TypeVar("_T")


def parse(text: str) -> Logical:
    """The tree of an expression.

    Raises :class:`ExpressionError` for what Cloudflare would refuse, and its subclass
    :class:`edge.syntax.NotEvaluatedError` for what cannot be evaluated offline.
    """
    tree, judged = read_tree(text)
    if judged:
        wirefilter.check(text)
    return tree


def read_tree(text: str) -> tuple[Logical, bool]:
    """The tree by this parser alone, and whether the parser that we have of Cloudflare's is to judge the text too.

    It is not where the text has something that Cloudflare's documentation has, and that parser has not.
    """
    scanner = _scanner(text)
    if scanner.rest() in _CONSTANTS:
        return Constant(_CONSTANTS[scanner.rest()]), False
    parser = _Parser(scanner)
    tree = parser.logical()
    _require_end(scanner)
    if tree.type != BOOL:
        raise scanner.fail(f"the expression is {tree.type}, not Boolean; put any(…) or all(…) around it")
    return tree, not parser.beyond_binding


def parse_value(text: str) -> Access:
    """The tree of a value, such as ``ip.src`` or ``concat("/a", http.request.uri.path)``. Raises as :func:`parse`."""
    scanner = _scanner(text)
    tree = _Parser(scanner).access()
    _require_end(scanner)
    return tree


def _scanner(text: str) -> Scanner:
    if len(text) > MAX_LENGTH:
        raise ExpressionError(f"the expression is longer than {MAX_LENGTH:,} characters", MAX_LENGTH + 1)
    scanner = Scanner(text.rstrip(_TRIMMED))
    scanner.position = min(len(text) - len(text.lstrip(_TRIMMED)), len(scanner.text))
    if scanner.at_end():
        raise scanner.fail("the expression is empty")
    return scanner


def _require_end(scanner: Scanner) -> None:
    if not scanner.at_end():
        raise scanner.fail(f"nothing can be made of {scanner.text[scanner.position :][:40]!r}")


class _Parser:
    def __init__(self, scanner: Scanner) -> None:
        self.scanner = scanner
        self.nesting = 0
        # Whether something was read that the documentation has and the parser that we have of Cloudflare's has not.
        self.beyond_binding = False

    def logical(self) -> Logical:
        return self._climb(self._simple(), 1)

    def _climb(self, left: Logical, lowest: int) -> Logical:
        """Precedence climbing: take the operators that bind at least as tightly as ``lowest``."""
        while (operator := self._combining()) and PRECEDENCE[operator] >= lowest:
            self._take_combining()
            right = self._simple()
            while (tighter := self._combining()) and PRECEDENCE[tighter] > PRECEDENCE[operator]:
                right = self._climb(right, PRECEDENCE[tighter])
            if not _alike(left.type, right.type):
                raise self.scanner.fail(f"{operator!r} stands between {left.type} and {right.type}")
            merged = left.operands if isinstance(left, Combined) and left.operator == operator else (left,)
            left = Combined(operator, (*merged, right))
        return left

    def _combining(self) -> Literal["and", "or", "xor"] | None:
        """The logical operator that comes next, left in its place."""
        start = self.scanner.position
        self.scanner.skip_space()
        found = next((meaning for word, meaning in _COMBINING.items() if self.scanner.sees(word)), None)
        self.scanner.position = start
        return found

    def _take_combining(self) -> None:
        self.scanner.skip_space()
        for word in _COMBINING:
            if self.scanner.take(word):
                break
        self.scanner.skip_space()

    def _simple(self) -> Logical:
        """A negation, something in parentheses, or a test."""
        if self.scanner.sees("("):
            return self._nested(self._parenthesised)
        if self.scanner.take("not") or self.scanner.take("!"):
            self.scanner.skip_space()
            return Not(self._nested(self._simple))
        return self._check(self.access())

    def _parenthesised(self) -> Logical:
        self.scanner.expect("(")
        self.scanner.skip_space()
        tree = self.logical()
        self.scanner.skip_space()
        self.scanner.expect(")")
        return tree

    def _nested(self, read: Callable[[], _T]) -> _T:
        if self.nesting >= _MAX_NESTING:
            raise self.scanner.fail(f"the expression is nested deeper than {_MAX_NESTING} levels")
        self.nesting += 1
        try:
            return read()
        finally:
            self.nesting -= 1

    def _check(self, subject: Access) -> Check:
        kind = subject.type
        if kind == BOOL:
            return Check(subject, Truthy())
        if isinstance(kind, ArrayOf | MapOf) and kind.item == BOOL and not subject.each:
            return Check(subject, Truthy())
        self.scanner.skip_space()
        return Check(subject, literals.read_test(self.scanner, kind, self.access))

    def access(self) -> Access:
        base = self._base()
        kind = base.type
        indexes: list[Index] = []
        while self.scanner.take("["):
            self.scanner.skip_space()
            index, kind = self._index(kind)
            indexes.append(index)
            self.scanner.skip_space()
            self.scanner.expect("]")
        return Access(base, tuple(indexes), kind)

    def _index(self, kind: Type) -> tuple[Index, Type]:
        start = self.scanner.position
        index = literals.read_index(self.scanner)
        if isinstance(kind, MapOf) and not isinstance(index, int):
            return index, kind.item
        if isinstance(kind, ArrayOf) and not isinstance(index, bytes):
            return index, kind.item
        self.scanner.position = start
        raise self.scanner.fail(f"{kind} has no such index")

    def _base(self) -> Field | Call:
        start = self.scanner.position
        name = self.scanner.name()
        if name in FIELDS:
            return Field(name, FIELDS[name])
        if name in FUNCTIONS:
            return self._nested(lambda: self._call(name, FUNCTIONS[name]))
        self.scanner.position = start
        raise self.scanner.fail(f"there is no field or function {name!r}")

    def _call(self, name: str, signatures: tuple[Signature, ...]) -> Call:
        self.scanner.skip_space()
        self.scanner.expect("(")
        self.scanner.skip_space()
        arguments: list[Argument] = []
        starts: list[int] = []
        while not self.scanner.sees(")"):
            if arguments:
                self.scanner.expect(",")
                self.scanner.skip_space()
            starts.append(self.scanner.position)
            arguments.append(self._any_argument())
            self.scanner.skip_space()
        signature = self._fitting(name, signatures, arguments, starts)
        self.scanner.expect(")")
        literals.check_call(name, arguments, starts)
        first = arguments[0] if arguments else None
        mapped = isinstance(first, Access) and first.each > 0
        return Call(name, tuple(arguments), ArrayOf(signature.result) if mapped else signature.result, mapped)

    def _fitting(
        self, name: str, signatures: tuple[Signature, ...], arguments: list[Argument], starts: list[int]
    ) -> Signature:
        """The signature that the arguments fit, or the error that says why they do not fit the first."""
        given = [(literals.type_of(one), not isinstance(one, literals.VALUES)) for one in arguments]
        later = [i for i, one in enumerate(arguments) if i and isinstance(one, Access) and one.each]
        misfits = [signature.misfit(given) for signature in signatures]
        found = next((one for one, misfit in zip(signatures, misfits, strict=True) if misfit is None), None)
        if found is not None and not later:
            self.beyond_binding |= found.documented
            return found
        index, reason = misfits[0] or (later[0], "takes [*] in its first argument alone")
        if index < len(starts):
            self.scanner.position = starts[index]
        raise self.scanner.fail(f"{name} {reason}")

    def _any_argument(self) -> Argument:
        """A literal, an expression in parentheses or negated, one test, or a value."""
        scanner = self.scanner
        if scanner.sees("("):
            return self.logical()
        if scanner.sees('"') or scanner.sees('r"') or scanner.sees("r#"):
            return scanner.string()
        name = scanner.peek_name()
        if name in FIELDS or name in FUNCTIONS:
            subject = self.access()
            if literals.sees_operator(scanner):
                return self._check(subject)
            return subject
        if scanner.sees("not") or scanner.sees("!"):
            return self.logical()
        return literals.read_literal(scanner)


def _alike(left: Type, right: Type) -> bool:
    """Whether ``and``, ``or`` and ``xor`` may stand between the two."""
    return left == right == BOOL or (isinstance(left, ArrayOf) and isinstance(right, ArrayOf))
