"""One request on its way through the phases, and what is noted of it."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil
from typing import Any, Final

from edge.decision import CHALLENGES, Decision, HeaderChange, Undecided
from edge.effects import Redirect, Skip
from edge.inline import Hits
from edge.rate_limit import Counters
from edge.request import Request
from edge.rules import RateLimit, Rule
from edge.truth import CannotTell, Truth

_NONE: Final[frozenset[str]] = frozenset()
# What a decision tells of the way to it, and where it has what an action sets.
_TOLD: Final = ("logged", "skipped_by", "opaque")
_SET_BY: Final = {"set_cache_settings": "cache", "set_config": "config", "route": "origin"}


class Walk:
    """A request between two phases. ``request`` is as the next phase sees it."""

    __slots__ = (
        "_counters",
        "_notes",
        "_sent",
        "_settings",
        "_skipped_phases",
        "_skipped_rulesets",
        "request",
        "undecided",
    )

    def __init__(self, request: Request, counters: Counters) -> None:
        self.request = request
        self.undecided: list[Undecided] = []
        self._sent = request
        self._counters = counters
        self._skipped_phases: frozenset[str] = _NONE
        self._skipped_rulesets: frozenset[str] = _NONE
        self._notes: dict[str, list[Any]] = {}
        self._settings: dict[str, dict[str, Any]] = {}

    def through(self, phase: str, rules: Sequence[Rule], hits: Hits) -> Decision | None:
        """The decision of the first rule that ends it, or None. ``hits`` are the rules that match, or may."""
        if phase in self._skipped_phases:
            return None
        # Fields keep their values to the end of a phase: rules after a rewrite see what the rewrite saw.
        rewritten = self.request
        for place, truth in hits:
            rule = rules[place]
            # Most rules that match count nothing: they need not be asked how long.
            wait = 0.0 if truth is True and rule.rate_limit is None else self._wait(phase, rule, truth)
            if wait is None:
                continue
            if rule.action == "block" or rule.action in CHALLENGES:
                return self._refused(phase, rule, wait)
            if rule.redirect:
                if decision := self._redirected(phase, rule, rule.redirect):
                    return decision
            elif rule.rewrite or rule.headers:
                rewritten = self._rewritten(phase, rule, rewritten)
            elif rule.skip:
                self._skip(rule.name, rule.skip)
                if rule.skip.rest:
                    break
            else:
                self._noted(phase, rule)
        self.request = rewritten
        return None

    def count(self, phase: str, rule: Rule, rate_limit: RateLimit) -> None:
        """Count the request if the rule's counting says so."""
        if rate_limit.counts is None or not self._holds(phase, rule, rate_limit.counts(self.request)):
            return
        key = rate_limit.key(self.request)
        if isinstance(key, CannotTell):
            self._open(phase, rule, str(key))
        else:
            self._counters.count(key, rate_limit.limit)

    def passed(self, response_headers: tuple[HeaderChange, ...]) -> Decision:
        """The decision on a request that nothing stopped."""
        said: dict[str, Any] = {_SET_BY[action]: found for action, found in self._settings.items()}
        if self.request is not self._sent:
            said["target"] = self.request.uri.decode("utf-8", "replace")
        if "headers" in self._notes:
            said["request_headers"] = tuple(self._notes["headers"])
        return self._ended(response_headers=response_headers, **said)

    def _ended(self, action: str = "pass", phase: str = "", rule: str = "", **said: Any) -> Decision:
        """The decision with what was noted on the way."""
        notes: dict[str, Any] = {kind: tuple(self._notes[kind]) for kind in _TOLD if kind in self._notes}
        return Decision(action, phase, rule, undecided=tuple(self.undecided), **notes, **said)

    def _note(self, kind: str, *found: Any) -> None:
        self._notes.setdefault(kind, []).extend(found)

    def _wait(self, phase: str, rule: Rule, truth: Truth) -> float | None:
        """None if the rule does not apply, else the seconds until it may no longer (0 where none are known)."""
        rate_limit = rule.rate_limit
        if rate_limit is None:
            return 0.0 if self._holds(phase, rule, truth) else None
        if rate_limit.counts and not rate_limit.after_response:
            self.count(phase, rule, rate_limit)
        if not self._holds(phase, rule, truth):
            return None
        key = rate_limit.key(self.request)
        if isinstance(key, CannotTell):
            self._open(phase, rule, str(key))
            return None
        if rate_limit.counts:
            return self._counters.check(key, rate_limit.limit)
        return self._counters.admit(key, rate_limit.limit)

    def _holds(self, phase: str, rule: Rule, truth: Truth) -> bool:
        """Whether it is certain that an expression is true; an open question is noted."""
        if isinstance(truth, CannotTell):
            self._open(phase, rule, str(truth))
            return False
        return truth

    def _open(self, phase: str, rule: Rule, reasons: str) -> None:
        self.undecided.append(Undecided(phase, rule.name, reasons, rule.action))

    def _refused(self, phase: str, rule: Rule, wait: float) -> Decision:
        answer = rule.answer if rule.action == "block" else None
        default = 429 if rule.rate_limit and rule.action == "block" else 403
        return self._ended(
            rule.action,
            phase,
            rule.name,
            status=(answer.status if answer else None) or default,
            body=answer.content if answer else None,
            content_type=answer.content_type if answer else "text/html",
            retry_after=max(1, ceil(wait)) if rule.rate_limit else None,
        )

    def _redirected(self, phase: str, rule: Rule, redirect: Redirect) -> Decision | None:
        location = redirect.location(self.request)
        if isinstance(location, CannotTell):
            self._open(phase, rule, str(location))
            return None
        return self._ended(rule.action, phase, rule.name, status=redirect.status, location=location)

    def _rewritten(self, phase: str, rule: Rule, rewritten: Request) -> Request:
        """What earlier rules of the phase made of the request, with this rule's part in it."""
        changes = rule.headers.apply(self.request) if rule.headers else ()
        parts = rule.rewrite.parts(self.request) if rule.rewrite else None
        for found in (changes, parts):
            if isinstance(found, CannotTell):
                self._open(phase, rule, str(found))
        if not isinstance(changes, CannotTell):
            self._note("headers", *changes)
        return rewritten if parts is None or isinstance(parts, CannotTell) else rewritten.rewritten(*parts)

    def _skip(self, name: str, skip: Skip) -> None:
        self._skipped_phases |= skip.phases
        self._skipped_rulesets |= skip.rulesets
        self._note("skipped_by", name)

    def _noted(self, phase: str, rule: Rule) -> None:
        """Rules that end nothing: they log, set, or hand over to a managed ruleset."""
        if rule.action == "log":
            self._note("logged", rule.name)
        elif rule.settings is not None:
            self._settings[rule.action] = {**self._settings.get(rule.action, {}), **rule.settings}
        elif rule.opaque is not None:
            if rule.opaque.ruleset not in self._skipped_rulesets:
                self._note("opaque", rule.opaque)
        else:
            self._open(phase, rule, f"the action {rule.action!r}, which is not evaluated here")
