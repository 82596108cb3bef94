"""A request's way through a zone's phases, in Cloudflare's order ("Phases list" of its ruleset engine).

Whatever could not be decided is reported with the decision: it is never a match, and never passes in silence.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from edge.decision import Decision, HeaderChange, Undecided
from edge.inline import plain
from edge.rate_limit import Counters
from edge.request import Request
from edge.rules import Rule, compile_rule, scan_of
from edge.syntax import Constant
from edge.truth import CannotTell
from edge.walk import Walk

REDIRECT: Final = "http_request_dynamic_redirect"
URL_REWRITE: Final = "http_request_transform"
CONFIG: Final = "http_config_settings"
ORIGIN: Final = "http_request_origin"
CUSTOM: Final = "http_request_firewall_custom"
RATE_LIMIT: Final = "http_ratelimit"
MANAGED: Final = "http_request_firewall_managed"
BOT_FIGHT: Final = "http_request_sbfm"
BULK_REDIRECT: Final = "http_request_redirect"
REQUEST_HEADERS: Final = "http_request_late_transform"
CACHE: Final = "http_request_cache_settings"
RESPONSE_HEADERS: Final = "http_response_headers_transform"
ORDER: Final = (
    REDIRECT,
    URL_REWRITE,
    CONFIG,
    ORIGIN,
    CUSTOM,
    RATE_LIMIT,
    MANAGED,
    BOT_FIGHT,
    BULK_REDIRECT,
    REQUEST_HEADERS,
    CACHE,
)

Rulesets = Mapping[str, Sequence[Mapping[str, Any]]]


class Policy:
    """One zone's settings and rules, compiled."""

    def __init__(self, settings: Mapping[str, Any], rulesets: Rulesets) -> None:
        """``settings`` go by a setting's id; ``rulesets`` are rule objects of the API by phase, in their order."""
        self._always_https = settings.get("always_use_https") == "on"
        self._phases = [(phase, made, scan_of(made)) for phase in ORDER if (made := _compiled(rulesets, phase))]
        self._on_response = _compiled(rulesets, RESPONSE_HEADERS)
        self._scan_response = scan_of(self._on_response)
        self._same_for_all = _same_for_all(self._on_response)
        self._count_after = [
            (rule, rule.rate_limit)
            for phase, rules, _ in self._phases
            for rule in rules
            if phase == RATE_LIMIT and rule.rate_limit and rule.rate_limit.after_response
        ]
        known = {*ORDER, RESPONSE_HEADERS}
        self.not_evaluated = tuple(sorted(phase for phase, rules in rulesets.items() if rules and phase not in known))

    def decide(self, request: Request, counters: Counters) -> Decision:
        """Take a request through the phases, and count it."""
        if self._always_https and request.scheme == "http":
            location = f"https://{request.host}{request.target}"
            return Decision("redirect", "always_use_https", "", 301, location)
        walk = Walk(request, counters)
        as_it_is = plain(request)
        for phase, rules, scan in self._phases:
            hits = scan.plain(walk.request) if as_it_is else scan.told(walk.request)
            if hits and (decision := walk.through(phase, rules, hits)):
                return decision
        return walk.passed(self.on_response(walk.request)[0] if self._on_response else ())

    def over(self, requests: Iterable[Request]) -> list[Decision]:
        """What becomes of requests, one after the other, with rate-limit counters kept across them.

        The clock is each request's ``at``; one without it comes at the same moment as the one before.
        """
        now = 0.0
        counters = Counters(lambda: now)
        decisions: list[Decision] = []
        for request in requests:
            now = now if request.at is None else request.at
            decision = self.decide(request, counters)
            if self._count_after and decision.action == "pass":
                open_ones = self.answered(request, counters)
                decision = decision._replace(undecided=(*decision.undecided, *open_ones))
            decisions.append(decision)
        return decisions

    def on_response(self, request: Request) -> tuple[tuple[HeaderChange, ...], tuple[Undecided, ...]]:
        """What rules do to the response's header fields, and which of them cannot be decided.

        ``request`` is the rewritten one; give it ``http.response.code`` and such where they are known.
        """
        if self._same_for_all is not None:
            return self._same_for_all, ()
        changes: list[HeaderChange] = []
        undecided: list[Undecided] = []
        for place, truth in self._scan_response(request):
            rule = self._on_response[place]
            if truth is True and rule.headers and rule.headers.static is not None:
                changes += rule.headers.static
                continue
            made = rule.headers.apply(request) if truth is True and rule.headers else ()
            reasons = [str(found) for found in (truth, made) if isinstance(found, CannotTell)]
            undecided += [Undecided(RESPONSE_HEADERS, rule.name, reason, rule.action) for reason in reasons]
            changes += () if isinstance(made, CannotTell) else made
        return tuple(changes), tuple(undecided)

    def changes_answers(self) -> bool:
        """Whether :meth:`on_response` has anything to do."""
        return bool(self._on_response)

    def counts_answers(self) -> bool:
        """Whether :meth:`answered` has anything to do."""
        return bool(self._count_after)

    def answered(self, request: Request, counters: Counters) -> tuple[Undecided, ...]:
        """Count a request of which ``http.response.code`` is known now, for limits whose counting asks about it."""
        walk = Walk(request, counters)
        for rule, rate_limit in self._count_after:
            walk.count(RATE_LIMIT, rule, rate_limit)
        return tuple(walk.undecided)


def decide(
    rulesets: Rulesets, requests: Iterable[Request], *, settings: Mapping[str, Any] | None = None
) -> list[Decision]:
    """What a zone makes of requests: :meth:`Policy.over`, of rules that are asked this once.

    ``rulesets`` are rule objects of Cloudflare's API by phase, in their order; ``settings`` go by a setting's id.
    """
    return Policy(settings or {}, rulesets).over(requests)


def _same_for_all(rules: Sequence[Rule]) -> tuple[HeaderChange, ...] | None:
    """What rules do to every response's header fields; None where that depends on the request or the response."""
    changes: list[HeaderChange] = []
    for rule in rules:
        if rule.tree != Constant(True) or rule.headers is None or rule.headers.static is None:
            return None
        changes += rule.headers.static
    return tuple(changes)


def _compiled(rulesets: Rulesets, phase: str) -> tuple[Rule, ...]:
    return tuple(
        compile_rule(rule, phase) for rule in rulesets.get(phase) or () if rule.get("enabled", True) is not False
    )
