"""A request's way through a zone rule by rule, as Cloudflare's Trace shows it: which filters were true, up to the end.

Trace does not count: a rate limit whose filter is true has matched, and ends nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from edge.decision import CHALLENGES
from edge.evaluate import compile_tree
from edge.phases import ORDER, RATE_LIMIT, Rulesets
from edge.request import Request
from edge.rules import Rule, compile_rule
from edge.truth import CannotTell, Truth


@dataclass(frozen=True)
class Step:
    """A rule that was asked: the API's object, and whether its filter is true of the request."""

    phase: str
    rule: Mapping[str, Any]
    truth: Truth


@dataclass(frozen=True)
class Traced:
    """``steps`` in their order. ``status`` is what the client gets, 200 standing for the origin's."""

    steps: tuple[Step, ...]
    status: int


def trace(rulesets: Rulesets, request: Request, *, skip_challenge: bool = False) -> Traced:
    """Ask every rule in force until one ends the request; with ``skip_challenge`` challenges end nothing."""
    steps: list[Step] = []
    skipped: set[str] = set()
    ending = {"block"} if skip_challenge else {"block", *CHALLENGES}
    for phase in ORDER:
        rewritten = request
        for rule in rulesets.get(phase) or () if phase not in skipped else ():
            if rule.get("enabled", True) is False:
                continue
            made = compile_rule(rule, phase)
            truth = _truth(made, request)
            steps.append(Step(phase, rule, truth))
            if truth is not True:
                continue
            if made.redirect or (made.action in ending and phase != RATE_LIMIT):
                return Traced(tuple(steps), _status(made))
            if made.skip:
                skipped |= made.skip.phases
                if made.skip.rest:
                    break
            rewritten = _rewritten(made, request, rewritten)
        request = rewritten
    return Traced(tuple(steps), 200)


def _truth(rule: Rule, request: Request) -> Truth:
    return rule.tree if isinstance(rule.tree, CannotTell) else compile_tree(rule.tree)(request)


def _rewritten(rule: Rule, request: Request, rewritten: Request) -> Request:
    parts = rule.rewrite.parts(request) if rule.rewrite else None
    return rewritten if parts is None or isinstance(parts, CannotTell) else rewritten.rewritten(*parts)


def _status(rule: Rule) -> int:
    if rule.redirect:
        return rule.redirect.status
    return (rule.answer.status if rule.answer else None) or 403
