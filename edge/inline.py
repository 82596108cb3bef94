"""Many expressions as one Python function: what :mod:`edge.evaluate` says, several times as fast.

A zone asks dozens of rules about each request, and most ask for the method, the host or the path, which every request
has. Such checks are written out as Python source, which is compiled once; all else in it is a call of the closure that
:mod:`edge.evaluate` makes. No text of a rule gets into the source: literals are passed by name. The tests hold both to
the same answers.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple

from edge.comparing import fitting, test_of
from edge.evaluate import compile_tree
from edge.fields import DERIVED
from edge.known import is_known
from edge.request import Request
from edge.scheme import BOOL
from edge.syntax import (
    Access,
    Check,
    Combined,
    Comparison,
    Constant,
    Field,
    Logical,
    Not,
    OneOf,
    Pattern,
    Truthy,
    Wildcard,
)
from edge.truth import Truth, conjunction, disjunction, negate, parity
from edge.typed import ALIASES

Hits = list[tuple[int, Truth]]
# Fields that every request has, as source.
_HAD: Final = {
    "http.host": "r.host_octets",
    "http.referer": "r.referer",
    "http.request.method": "method",
    "http.request.uri": "r.uri",
    "http.request.uri.path": "path",
    "http.request.uri.query": "query",
    "http.user_agent": "r.user_agent",
}
_LOWER_PATH: Final = "lower_path"
# What the source takes from a request once, where it names it at all.
_LOCALS: Final = {
    "method": "r.method_octets",
    "path": "r.path",
    "query": "r.query",
    "lower_path": "r.lower_path",
    "given": "r.given.get",
}
_DERIVED: Final = frozenset(DERIVED)
_SIGNS: Final = {"eq": "==", "ne": "!=", "lt": "<", "le": "<=", "gt": ">", "ge": ">="}


class Scan(NamedTuple):
    """Which expressions are true of a request or open: their places, and the truth."""

    plain: Callable[[Request], Hits]
    """Of requests that are :func:`plain`."""
    told: Callable[[Request], Hits]
    """Of any request: what is given of it goes before what would follow from the rest."""

    def __call__(self, request: Request) -> Hits:
        """The same of any request, by the faster of the two."""
        return (self.plain if plain(request) else self.told)(request)


def plain(request: Request) -> bool:
    """Whether no field is given that would follow from the rest of the request."""
    return _DERIVED.isdisjoint(request.given)


def scan_of(trees: Sequence[Logical], always: frozenset[int] = frozenset()) -> Scan:
    """The functions that ask all of these; places in ``always`` are there whatever the truth is."""
    closures = [compile_tree(tree) for tree in trees]

    def told(request: Request) -> Hits:
        truths = [(place, evaluate(request)) for place, evaluate in enumerate(closures)]
        return [(place, truth) for place, truth in truths if truth is not False or place in always]

    if all(isinstance(tree, Constant) for tree in trees):
        values = [(place, tree.value) for place, tree in enumerate(trees) if isinstance(tree, Constant)]
        same: Hits = [(place, value) for place, value in values if value or place in always]
        return Scan(lambda _: same, told)
    return Scan(_written(trees, always), told)


def _written(trees: Sequence[Logical], always: frozenset[int]) -> Callable[[Request], Hits]:
    writer = _Writer()
    lines = [line for place, tree in enumerate(trees) for line in writer.lines(place, tree, place in always)]
    body = "\n    ".join(("hits = []", *lines, "return hits"))
    used = [f"{name} = {source}" for name, source in _LOCALS.items() if re.search(rf"\b{name}\b", body)]
    source = "\n    ".join(("def scan(r):", *used, body))
    exec(compile(source, "<rules>", "exec"), writer.names)  # noqa: S102 (the source has no text of a rule in it)
    scan: Callable[[Request], Hits] = writer.names["scan"]
    return scan


class _Writer:
    """Writes trees as source, and keeps what the source names."""

    def __init__(self) -> None:
        self.names: dict[str, Any] = {"conj": conjunction, "disj": disjunction, "neg": negate, "par": parity}

    def lines(self, place: int, tree: Logical, always: bool) -> list[str]:
        text = self.text(tree)
        if always:
            return [f"hits.append(({place}, {text}))"]
        if is_known(tree):
            return [f"if {text}: hits.append(({place}, True))"]
        return [f"t = {text}", f"if t is not False: hits.append(({place}, t))"]

    def text(self, tree: Logical) -> str:
        """Source whose value is a truth."""
        if isinstance(tree, Constant):
            return str(tree.value)
        if tree.type != BOOL:
            return self._closure(tree)
        if isinstance(tree, Check):
            return self._check(tree) or self._closure(tree)
        if isinstance(tree, Not):
            operand = self.text(tree.operand)
            return f"(not {operand})" if is_known(tree.operand) else f"neg({operand})"
        return self._combined(tree)

    def _combined(self, tree: Combined) -> str:
        """Kleene's logic does not heed the order: what is always known is asked first, the cheapest before all."""
        known = sorted((one for one in tree.operands if is_known(one)), key=self._cost)
        rest = [self.text(one) for one in tree.operands if not is_known(one)]
        texts = [self.text(one) for one in known]
        if tree.operator == "xor":
            return f"par(({', '.join(texts + rest)},))"
        if len(rest) > 1:
            rest = [f"{'conj' if tree.operator == 'and' else 'disj'}(({', '.join(rest)}))"]
        return f"({f' {tree.operator} '.join(texts + rest)})"

    def _cost(self, tree: Logical) -> int:
        if isinstance(tree, Combined):
            return sum(map(self._cost, tree.operands))
        if isinstance(tree, Not):
            return self._cost(tree.operand)
        return 1 if isinstance(tree, Check) and _value(tree.subject) else 10

    def _check(self, tree: Check) -> str | None:
        """Source of a check of what every request has, None for another."""
        if _is_given(tree.subject) and not isinstance(getattr(tree.test, "value", None), Access):
            return self._given(tree)
        if isinstance(tree.test, Truthy):
            return self._truthy(tree.subject)
        value = _value(tree.subject)
        if value is None:
            return None
        match tree.test:
            case Comparison(operator="contains", value=bytes(part)):
                return f"({self._name(part)} in {value})"
            case Comparison(operator=operator, value=bytes(right)) if operator in _SIGNS:
                return f"({value} {_SIGNS[operator]} {self._name(right)})"
            case OneOf(values=values) if values:
                return f"({value} in {self._name(values)})"
            case Wildcard():
                return self._wildcard(value, tree.test)
            case Pattern():
                return f"{self._name(test_of(tree.test))}({value})"
        return None

    def _given(self, tree: Check) -> str:
        """A field that somebody says or does not: where it is there, the test alone is left to ask."""
        base = tree.subject.base
        there = f"(v := given({self._name(_current(base))})) is not None"
        match tree.test:
            case Truthy():
                asked = "v"
            case Comparison(operator=operator, value=bytes() | int() as right) if operator in _SIGNS:
                asked = f"v {_SIGNS[operator]} {self._name(right)}"
            case test:
                asked = f"{self._name(test_of(test))}(v)"
        return f"({asked} if {there} else {self._closure(tree)})"

    def _truthy(self, subject: Access) -> str | None:
        base = subject.base
        if subject.indexes:
            return None
        if isinstance(base, Field):
            return '(r.scheme == "https")' if base.name == "ssl" else None
        if base.function in ("starts_with", "ends_with", "contains") and not base.mapped:
            text, part = base.arguments
            value = _value(text) if isinstance(text, Access) else None
            if value is not None and isinstance(part, bytes):
                if base.function == "contains":
                    return f"({self._name(part)} in {value})"
                return f"{value}.{base.function.replace('_', '')}({self._name(part)})"
        return None

    def _wildcard(self, value: str, test: Wildcard) -> str:
        """The two ends are compared first, which settles nearly all; with one star nothing else is left to ask."""
        lower = value if test.strict or value == _LOWER_PATH or value.endswith(".lower()") else f"{value}.lower()"
        parts = test.parts if test.strict else tuple(part.lower() for part in test.parts)
        if len(parts) == 1:
            return f"({lower} == {self._name(parts[0])})"
        checks = [f"{lower}.startswith({self._name(parts[0])})"] if parts[0] else []
        checks += [f"{lower}.endswith({self._name(parts[-1])})"] if parts[-1] else []
        if len(parts) > 2:
            checks.append(f"{self._name(fitting(parts))}({lower})")
        elif len(checks) == 2:
            checks.append(f"len({value}) >= {len(parts[0]) + len(parts[1])}")
        return f"({' and '.join(checks) or 'True'})"

    def _closure(self, tree: Logical) -> str:
        return f"{self._name(compile_tree(tree))}(r)"

    def _name(self, value: Any) -> str:
        name = f"k{len(self.names)}"
        self.names[name] = value
        return name


def _value(access: Access) -> str | None:
    """Source of a text that every request has, None for another value."""
    if access.indexes:
        return None
    base = access.base
    if isinstance(base, Field):
        return _HAD.get(base.name)
    if base.function == "lower" and not base.mapped and isinstance(base.arguments[0], Access):
        inner = _value(base.arguments[0])
        return _LOWER_PATH if inner == "path" else f"{inner}.lower()" if inner else None
    return None


def _is_given(access: Access) -> bool:
    """Whether it is a whole field that follows from nothing else of a request."""
    base = access.base
    return isinstance(base, Field) and not access.indexes and _current(base) not in DERIVED and base.name not in _HAD


def _current(base: Any) -> str:
    name: str = base.name
    return ALIASES.get(name, name)
