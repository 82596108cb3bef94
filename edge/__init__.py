"""Cloudflare's edge in miniature: its rules language evaluated, its phases in order, its rate-limit counters.

``from edge import Expression, Request, decide``: an expression says whether it is true of a request, and
:func:`decide` says what a zone's rulesets make of requests. Nothing is loaded before it is asked for.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from edge.decision import Decision as Decision
    from edge.expression import Expression as Expression
    from edge.phases import Policy as Policy
    from edge.phases import decide as decide
    from edge.rate_limit import Counters as Counters
    from edge.request import Request as Request
    from edge.request import RequestError as RequestError
    from edge.syntax import ExpressionError as ExpressionError
    from edge.syntax import NotEvaluatedError as NotEvaluatedError

_FROM = {
    "Counters": "rate_limit",
    "Decision": "decision",
    "Expression": "expression",
    "ExpressionError": "syntax",
    "NotEvaluatedError": "syntax",
    "Policy": "phases",
    "Request": "request",
    "RequestError": "request",
    "decide": "phases",
}
__all__ = [
    "Counters",
    "Decision",
    "Expression",
    "ExpressionError",
    "NotEvaluatedError",
    "Policy",
    "Request",
    "RequestError",
    "decide",
]


def __getattr__(name: str) -> Any:
    if name not in _FROM:
        raise AttributeError(f"module 'edge' has no attribute {name!r}")
    return getattr(import_module(f"edge.{_FROM[name]}"), name)
