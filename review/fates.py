"""What becomes of requests in an environment: :mod:`edge`'s decisions in a reviewer's words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from core.environment import Environment
from edge import Decision, Request, RequestError, decide
from review.probes import Probe

# Longer than any period or mitigation: what one trial was counted for is forgotten by the next.
_APART: Final = 432_000


@dataclass(frozen=True)
class Trial:
    """A request, or a burst of them by one client; each request's ``at`` is in seconds from the burst's begin.

    ``what`` says it in words. ``private``: its answer is one user's own.
    """

    what: str
    requests: tuple[Request, ...]
    private: bool = False


@dataclass(frozen=True)
class Fate:
    """``told`` in words. ``passed`` counts a burst's requests before the first that is stopped, else it is 0 or 1."""

    told: str
    action: str = "pass"
    phase: str = ""
    rule: str = ""
    passed: int = 0
    undecided: bool = False
    cached: bool = False
    past: str = ""
    """The last rule whose skip took it past others."""


def request_of(probe: Probe, at: float = 0.0) -> Request | None:
    """The request of a probe; None where a literal is none that the field can have."""
    fields = dict(probe.fields) | ({"http.request.body.size": probe.size} if probe.size else {})
    try:
        return Request(probe.method, probe.url, probe.headers, b"", fields, at)
    except RequestError:
        return None


def fates(environment: Environment, trials: Sequence[Trial]) -> list[Fate]:
    """The fate of each trial, by itself: no counter is kept from one to the next."""
    requests = [_moved(request, index * _APART) for index, trial in enumerate(trials) for request in trial.requests]
    decisions = iter(decide(environment.rulesets, requests, settings=environment.settings))
    return [_fate([next(decisions) for _ in trial.requests]) for trial in trials]


def _moved(request: Request, by: float) -> Request:
    moved = request.knowing({})
    moved.at = by + (request.at or 0.0)
    return moved


def _fate(decisions: Sequence[Decision]) -> Fate:
    """One fate for all requests of a trial: that of the first which is stopped, else that of the last."""
    passed = next((index for index, one in enumerate(decisions) if one.stopped), len(decisions))
    one = decisions[min(passed, len(decisions) - 1)]
    told = _told(one) if one.certain else f"cannot be told ({one.undecided[0].reasons})"
    if len(decisions) > 1:
        told += f" from request {passed + 1} on" if passed < len(decisions) else f", all {len(decisions)}"
    past = one.skipped_by[-1] if one.skipped_by else ""
    action = "log" if one.action == "pass" and one.logged else one.action
    return Fate(told, action, one.phase, one.rule, passed, not one.certain, one.cache.get("cache") is True, past)


def _told(one: Decision) -> str:
    if one.action == "redirect":
        return f"redirected to {one.location} ({one.rule or one.phase})"
    if one.stopped:
        return f"{'blocked' if one.action == 'block' else 'challenged'} ({one.rule})"
    notes = [f"logged by {', '.join(one.logged)}"] if one.logged else []
    notes += ["may be cached"] if one.cache.get("cache") is True else []
    notes += [f"sent on as {one.target}"] if one.target is not None else []
    notes += [f"past {one.skipped_by[-1]}'s skip"] if one.skipped_by else []
    return f"passes ({'; '.join(notes)})" if notes else "passes"
