"""Which questions have an answer for every request: yes or no, never open."""

from __future__ import annotations

from typing import Any, Final

from edge.fields import DERIVED
from edge.functions import is_undecidable
from edge.syntax import Access, Call, Check, Combined, Comparison, Constant, Field, Not
from edge.typed import FACTS

# What follows from method, URL and header fields alone.
_ALWAYS_KNOWN: Final = frozenset(
    name for name in DERIVED if not name.startswith(("http.request.body.", "http.request.timestamp.", "http.response."))
) - {"http.request.headers.truncated"}


def is_known(tree: Any) -> bool:
    """Whether the answer is yes or no for every request, never open."""
    if isinstance(tree, Constant | bytes | int):
        return True
    if isinstance(tree, Not):
        return is_known(tree.operand)
    if isinstance(tree, Combined):
        return all(map(is_known, tree.operands))
    if isinstance(tree, Check):
        right = tree.test.value if isinstance(tree.test, Comparison) else None
        in_list = type(tree.test).__name__ == "InList"
        return not in_list and is_known(tree.subject) and (not isinstance(right, Access) or is_known(right))
    if isinstance(tree, Access):
        return is_known(tree.base)
    if isinstance(tree, Field):
        return tree.name in _ALWAYS_KNOWN
    if isinstance(tree, Call):
        return tree.function not in FACTS and not is_undecidable(tree) and all(map(is_known, tree.arguments))
    return True
