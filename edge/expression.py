"""An expression of the rules language: parsed once, asked of any request."""

from __future__ import annotations

from edge.evaluate import compile_tree
from edge.parser import parse
from edge.request import Request
from edge.syntax import Logical
from edge.truth import CannotTell, Truth


class Expression:
    """A filter of a rule. Make one by :meth:`parse`."""

    def __init__(self, text: str, tree: Logical) -> None:
        self.text = text
        self.tree = tree
        self._evaluate = compile_tree(tree)

    @classmethod
    def parse(cls, text: str) -> Expression:
        """The expression. Raises :class:`edge.syntax.ExpressionError`, with the column, for what Cloudflare refuses.

        Its subclass :class:`edge.syntax.NotEvaluatedError` is for what cannot be evaluated offline.
        """
        return cls(text, parse(text))

    def matches(self, request: Request) -> bool | None:
        """Whether it is true of the request; None if that cannot be told from what is known of it."""
        truth = self._evaluate(request)
        return None if isinstance(truth, CannotTell) else truth

    def truth(self, request: Request) -> Truth:
        """As :meth:`matches`, with what is not known in place of None."""
        return self._evaluate(request)

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        return f"Expression.parse({self.text!r})"
