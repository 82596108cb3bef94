"""Three-valued logic (Kleene's): yes, no, and "cannot tell" with the reasons.

"Cannot tell" is what comes of a question about something that is not known. ``no and cannot tell`` is no,
``yes or cannot tell`` is yes; whatever is not decided so stays open, and keeps every reason.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class CannotTell:
    """An open question. ``reasons`` name what is not known: fields, functions, lists."""

    reasons: frozenset[str]

    def __bool__(self) -> bool:
        raise TypeError("an open question is neither true nor false; compare with `is True`")

    def __str__(self) -> str:
        return ", ".join(sorted(self.reasons))


Truth = bool | CannotTell


def cannot_tell(*reasons: str) -> CannotTell:
    """The open question with these reasons."""
    return CannotTell(frozenset(reasons))


def negate(one: Truth) -> Truth:
    """``not``."""
    return one if isinstance(one, CannotTell) else not one


def conjunction(many: Iterable[Truth]) -> Truth:
    """``and`` of any number, from left to right; stops at the first no."""
    return _first(many, decides=False)


def disjunction(many: Iterable[Truth]) -> Truth:
    """``or`` of any number, from left to right; stops at the first yes."""
    return _first(many, decides=True)


def parity(many: Iterable[Truth]) -> Truth:
    """``xor`` of any number: yes if an odd number of them is."""
    odd = False
    reasons: frozenset[str] = frozenset()
    for one in many:
        if isinstance(one, CannotTell):
            reasons |= one.reasons
        else:
            odd ^= one
    return CannotTell(reasons) if reasons else odd


def _first(many: Iterable[Truth], *, decides: bool) -> Truth:
    reasons: frozenset[str] = frozenset()
    for one in many:
        if one is decides:
            return decides
        if isinstance(one, CannotTell):
            reasons |= one.reasons
    return CannotTell(reasons) if reasons else not decides
