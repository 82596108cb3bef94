"""What becomes of a request at the edge: redirect to HTTPS, custom WAF rules, rate limits; in Cloudflare's order.

("Phases list" of Cloudflare's ruleset engine.) Whatever could not be decided is reported with the decision: it is never
a match, and never passes in silence.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from typing import Any, Final, Literal

from edge.evaluate import Expression
from edge.rate_limit import Counters
from edge.request import Request
from edge.rules import RateLimit, Rule, compile_rule
from edge.truth import CannotTell

CUSTOM: Final = "http_request_firewall_custom"
RATE_LIMIT: Final = "http_ratelimit"
_ORDER: Final = (CUSTOM, RATE_LIMIT)
_CHALLENGES: Final = frozenset({"challenge", "js_challenge", "managed_challenge"})

Outcome = Literal["pass", "redirect", "block", "challenge"]


@dataclass(frozen=True)
class Undecided:
    """A rule of which it cannot be said whether it matches, and what is not known."""

    phase: str
    rule: str
    reasons: str

    def __str__(self) -> str:
        return f"{self.phase} rule {self.rule} cannot be decided without {self.reasons}"


@dataclass(frozen=True)
class Decision:
    """What to answer. ``location`` is there for a redirect, ``retry_after`` (seconds) for a rate limit.

    ``body`` is None where the rule has none of its own. ``logged`` names rules of the action ``log`` that matched.
    """

    outcome: Outcome = "pass"
    status: int = 200
    rule: str = ""
    phase: str = ""
    location: str = ""
    body: str | None = None
    content_type: str = "text/html"
    retry_after: int | None = None
    logged: tuple[str, ...] = ()
    undecided: tuple[Undecided, ...] = ()


class Policy:
    """One zone's settings and rules, compiled."""

    def __init__(self, settings: Mapping[str, Any], rulesets: Mapping[str, Sequence[Mapping[str, Any]]]) -> None:
        """``settings`` go by a setting's id; ``rulesets`` are rule objects of the API by phase, in their order."""
        self._always_https = settings.get("always_use_https") == "on"
        self._rules = {
            phase: tuple(compile_rule(rule) for rule in rulesets.get(phase, ()) if rule.get("enabled", True))
            for phase in _ORDER
        }
        self._count_after = [
            (rule, rule.rate_limit)
            for rule in self._rules[RATE_LIMIT]
            if rule.rate_limit and rule.rate_limit.after_response
        ]
        self.not_evaluated = tuple(sorted(phase for phase, rules in rulesets.items() if rules and phase not in _ORDER))

    def decide(self, request: Request, counters: Counters) -> Decision:
        """Take a request through the phases, and count it."""
        if self._always_https and request.scheme == "http":
            location = f"https://{request.host}{request.target}"
            return Decision("redirect", 301, phase="always_use_https", location=location)
        walk = _Walk(request, counters)
        for phase in _ORDER:
            if phase not in walk.skipped_phases and (decision := walk.through(phase, self._rules[phase])):
                return decision
        return walk.ended()

    def counts_answers(self) -> bool:
        """Whether :meth:`answered` has anything to do."""
        return bool(self._count_after)

    def answered(self, request: Request, counters: Counters) -> tuple[Undecided, ...]:
        """Count a request that has its ``response_code`` now, for limits whose counting asks about the response."""
        walk = _Walk(request, counters)
        for rule, rate_limit in self._count_after:
            walk.count(rule, rate_limit)
        return tuple(walk.undecided)


class _Walk:
    """One request on its way through the phases, and what is noted of it."""

    def __init__(self, request: Request, counters: Counters) -> None:
        self.request = request
        self.counters = counters
        self.skipped_phases: set[str] = set()
        self.logged: list[str] = []
        self.undecided: list[Undecided] = []

    def through(self, phase: str, rules: Sequence[Rule]) -> Decision | None:
        """The decision of the first rule that ends it, or None."""
        for rule in rules:
            wait = self._wait(phase, rule)
            if wait is None:
                continue
            if rule.action == "skip":
                self.skipped_phases |= rule.skips_phases
                if rule.skips_rest:
                    break
            elif rule.action == "log":
                self.logged.append(rule.name)
            elif rule.action in _CHALLENGES:
                return self._refused("challenge", phase, rule, wait)
            elif rule.action == "block":
                return self._refused("block", phase, rule, wait)
            else:
                self._open(phase, rule, f"the action {rule.action!r}, which is not evaluated here")
        return None

    def count(self, rule: Rule, rate_limit: RateLimit) -> None:
        """Count the request if the rule's counting says so."""
        if not self._holds(RATE_LIMIT, rule, rate_limit.counts or rule.matches):
            return
        key = rate_limit.key(self.request)
        if isinstance(key, CannotTell):
            self._open(RATE_LIMIT, rule, str(key))
        else:
            self.counters.count(key, rate_limit.limit)

    def ended(self, outcome: Outcome = "pass", status: int = 200, **said: Any) -> Decision:
        """The decision, with what was noted."""
        return Decision(outcome, status, logged=tuple(self.logged), undecided=tuple(self.undecided), **said)

    def _wait(self, phase: str, rule: Rule) -> float | None:
        """None if the rule does not apply, else the seconds until it may no longer (0 where none are known)."""
        rate_limit = rule.rate_limit
        if rate_limit is None:
            return 0.0 if self._holds(phase, rule, rule.matches) else None
        if rate_limit.counts and not rate_limit.after_response:
            self.count(rule, rate_limit)
        if not self._holds(phase, rule, rule.matches):
            return None
        key = rate_limit.key(self.request)
        if isinstance(key, CannotTell):
            self._open(phase, rule, str(key))
            return None
        if rate_limit.counts:
            return self.counters.check(key, rate_limit.limit)
        return self.counters.admit(key, rate_limit.limit)

    def _holds(self, phase: str, rule: Rule, expression: Expression) -> bool:
        """Whether it is certain that the expression is true; an open question is noted."""
        truth = expression(self.request)
        if isinstance(truth, CannotTell):
            self._open(phase, rule, str(truth))
            return False
        return truth

    def _open(self, phase: str, rule: Rule, reasons: str) -> None:
        self.undecided.append(Undecided(phase, rule.name, reasons))

    def _refused(self, outcome: Outcome, phase: str, rule: Rule, wait: float) -> Decision:
        answer = rule.answer if outcome == "block" and rule.answer else None
        default = 429 if rule.rate_limit and outcome == "block" else 403
        return self.ended(
            outcome,
            (answer.status if answer else None) or default,
            rule=rule.name,
            phase=phase,
            body=answer.content if answer else None,
            content_type=answer.content_type if answer else "text/html",
            retry_after=max(1, ceil(wait)) if rule.rate_limit else None,
        )
