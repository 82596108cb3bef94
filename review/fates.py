"""What becomes of requests in an environment: :mod:`edge`'s decisions in a reviewer's words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Final
from urllib.parse import urlsplit

from edge.phases import Decision, Policy
from edge.rate_limit import Counters
from edge.request import Request
from review.environment import Environment
from review.probes import STRANGER, Probe

_STOPS: Final = frozenset({"block", "challenge"})
# Longer than any period or mitigation: what one trial was counted for is forgotten by the next.
_APART: Final = 400_000


@dataclass(frozen=True)
class Trial:
    """A request, or a burst of them by one client with the seconds at which each comes; ``what`` says it in words."""

    what: str
    requests: tuple[Probe, ...]
    at: tuple[float, ...]


@dataclass(frozen=True)
class Fate:
    """``told`` in words. ``passed`` counts a burst's requests before the first that is stopped, else it is 0 or 1."""

    told: str
    action: str = "pass"
    phase: str = ""
    rule: str = ""
    passed: int = 0
    undecided: bool = False


def fates(environment: Environment, trials: Sequence[Trial]) -> list[Fate]:
    """The fate of each trial, by itself: no counter is kept from one to the next."""
    moments = [(probe, index * _APART + at) for index, trial in enumerate(trials) for probe, at in _calls(trial)]
    decisions = iter(_decisions(environment, moments))
    return [_fate([next(decisions) for _ in trial.requests]) for trial in trials]


def _calls(trial: Trial) -> list[tuple[Probe, float]]:
    return list(zip(trial.requests, trial.at, strict=True))


def _decisions(environment: Environment, moments: Sequence[tuple[Probe, float]]) -> list[Decision]:
    now = 0.0
    policy = Policy(environment.settings, environment.rulesets)
    counters = Counters(lambda: now)
    found = []
    for probe, at in moments:
        now = at
        found.append(policy.decide(_request(probe), counters))
    return found


def _request(probe: Probe) -> Request:
    parts = urlsplit(probe.url)
    target = parts.path + (f"?{parts.query}" if parts.query else "")
    return Request(
        method=probe.method,
        scheme="http" if parts.scheme == "http" else "https",
        host=parts.netloc,
        target=target,
        address=ip_address(str(probe.fields.get("ip.src", STRANGER))),
        headers=probe.headers,
        country=str(probe.fields.get("ip.src.country", "NL")),
    )


def _fate(decisions: Sequence[Decision]) -> Fate:
    """One fate for all requests of a trial: that of the first which is stopped, else that of the last."""
    passed = next((index for index, one in enumerate(decisions) if one.outcome in _STOPS), len(decisions))
    one = decisions[min(passed, len(decisions) - 1)]
    open_ = bool(one.undecided) and one.outcome == "pass"
    told = "cannot be told" if open_ else _told(one)
    if len(decisions) > 1:
        told = (
            f"{told} from the {passed + 1}th request on" if passed < len(decisions) else f"{told}, all {len(decisions)}"
        )
    action = "log" if one.outcome == "pass" and one.logged else one.outcome
    return Fate(told, action, one.phase, one.rule, passed, open_)


def _told(one: Decision) -> str:
    if one.outcome == "pass":
        return f"passes (logged by {', '.join(one.logged)})" if one.logged else "passes"
    if one.outcome == "redirect":
        return f"redirected ({one.rule or one.phase})"
    return f"{'blocked' if one.outcome == 'block' else 'challenged'} ({one.rule})"
