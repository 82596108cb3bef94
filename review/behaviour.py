"""Requests whose fate a change alters: what was stopped and passes now, what passed and is stopped now."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from typing import Any, Final

from core.environment import Environment
from core.resources import has_open
from core.settings.platform import Platform
from core.visitor import VISITOR
from review.fates import Fate, Trial, fates, request_of
from review.finding import Direction, Finding
from review.probes import Probe, probes
from review.scales import CHALLENGES
from review.show import named

_RANK: Final[Mapping[str, int]] = {"block": 3, **dict.fromkeys(CHALLENGES, 2), "log": 1}
_SHOWN: Final = 5
BURST: Final = 301
"""Requests of a burst, evenly over a minute: what a person never sends."""


@dataclass(frozen=True)
class Change:
    """What a group of requests met before and meets now. ``examples`` are in words; ``count`` is of all of them."""

    before: str
    after: str
    direction: Direction
    examples: tuple[str, ...]
    count: int
    rules: frozenset[str]


@dataclass(frozen=True)
class Behaviour:
    """``tried`` requests, ``left_out`` more that were too many; ``undecided`` ones cannot be told, before or after."""

    changes: tuple[Change, ...] = ()
    tried: int = 0
    left_out: int = 0
    undecided: int = 0
    not_tried: str = ""


def behaviour(before: Environment, after: Environment, platform: Platform, cases: Sequence[Trial]) -> Behaviour:
    """Try every case and probe on both sides."""
    if before.rulesets == after.rulesets and before.settings == after.settings:
        return Behaviour(not_tried="no rule and no setting that decides over a request changes")
    if not (before.complete and after.complete):
        return Behaviour(
            not_tried="the preview leaves out what does not change, and the program's declaration is not known"
        )
    changed = list(_changed_expressions(before, after))
    made, left_out = probes(platform, _answering_first(after, after.web_names or before.web_names), changed)
    trials = [*cases, *(trial for probe in made for trial in _once(probe, platform))]
    trials += _bursts(before, after, made, platform)
    old, new = fates(before, trials), fates(after, trials)
    pairs = list(zip(trials, old, new, strict=True))
    undecided = sum(one.undecided or other.undecided for _, one, other in pairs)
    return Behaviour(tuple(_grouped(pairs)), len(trials), left_out, undecided)


def _answering_first(environment: Environment, hosts: Sequence[str]) -> list[str]:
    """Names that lead visitors elsewhere go last: most requests are tried on the first, and would all be redirected."""
    asked = [(host, request_of(Probe(host, "GET", f"https://{host}/", fields=VISITOR))) for host in hosts]
    trials = [Trial(host, (request,)) for host, request in asked if request is not None]
    fate_of = dict(zip((one.what for one in trials), fates(environment, trials), strict=True))
    return sorted(hosts, key=lambda host: host in fate_of and fate_of[host].action == "redirect")


def _once(probe: Probe, platform: Platform) -> Iterator[Trial]:
    request = request_of(probe)
    if request is not None:
        path = request.path.decode("utf-8", "replace").lower()
        private = (*platform.api, *platform.private, *platform.admin)
        yield Trial(probe.what, (request,), any(fnmatchcase(path, pattern) for pattern in private))


def _bursts(before: Environment, after: Environment, made: Sequence[Probe], platform: Platform) -> Iterator[Trial]:
    """Many requests of one client, where rate limits changed."""
    phase = "http_ratelimit"
    if before.rulesets.get(phase) == after.rulesets.get(phase):
        return
    named_paths = (*platform.login, *platform.reset, *platform.invite, *platform.post, *platform.signup, *platform.api)
    wanted = {path.replace("*", "x1") for path in named_paths}
    for probe in made:
        path = "/" + probe.url.split("/", 3)[3]
        if probe.method == "POST" and path in wanted and len(probe.headers) == 1:
            sent = [request_of(probe, index * 60 / BURST) for index in range(BURST)]
            made_of = tuple(one for one in sent if one is not None)
            if made_of:
                yield Trial(f"{BURST} × {probe.what} in a minute", made_of)


def _changed_expressions(before: Environment, after: Environment) -> Iterator[str]:
    for phase in {*before.rulesets, *after.rulesets}:
        sides = [{_name(rule): rule for rule in side.rulesets.get(phase, ())} for side in (before, after)]
        order = [[name for name in side if name in sides[0] and name in sides[1]] for side in sides]
        for name in dict.fromkeys((*sides[0], *sides[1])):
            old, new = sides[0].get(name), sides[1].get(name)
            if old != new or order[0] != order[1]:
                yield from (str(rule.get("expression", "")) for rule in (old, new) if rule is not None)


def _name(rule: Mapping[str, Any]) -> str:
    return str(rule.get("ref") or rule.get("id") or rule.get("description"))


def _grouped(pairs: Iterable[tuple[Trial, Fate, Fate]]) -> Iterator[Change]:
    groups: dict[tuple[str, str, Direction], list[tuple[Trial, Fate, Fate]]] = {}
    for trial, old, new in pairs:
        if old.told != new.told:
            groups.setdefault((old.told, new.told, _direction(trial, old, new)), []).append((trial, old, new))
    for (before, after, direction), members in groups.items():
        yield Change(
            before=before,
            after=after,
            direction=direction,
            examples=tuple(one.what for one, _, _ in members[:_SHOWN]),
            count=len(members),
            rules=frozenset(
                {name for _, *sides in members for fate in sides for name in (fate.rule, fate.past)} - {""}
            ),
        )


def _direction(trial: Trial, old: Fate, new: Fate) -> Direction:
    if new.undecided and not old.undecided:
        return "unclear"
    if old.undecided:
        return "neutral" if new.undecided else "stronger" if _RANK.get(new.action, 0) else "unclear"
    before, after = _RANK.get(old.action, 0), _RANK.get(new.action, 0)
    if before != after:
        return "weaker" if after < before else "stronger"
    if old.passed != new.passed:
        return "weaker" if new.passed > old.passed else "stronger"
    if trial.private and old.cached != new.cached:
        return "weaker" if new.cached else "stronger"
    # To be led to HTTPS is protection; other redirects are not.
    secure = [fate.action == "redirect" and fate.phase == "always_use_https" for fate in (old, new)]
    return "neutral" if secure[0] == secure[1] else "weaker" if secure[0] else "stronger"


def change_findings(found: Behaviour) -> Iterator[Finding]:
    """A finding for each group of requests whose fate changes."""
    for change in found.changes:
        more = (
            f" and {named(change.count - len(change.examples), 'more')}" if change.count > len(change.examples) else ""
        )
        yield Finding(
            direction=change.direction,
            rule="behaviour",
            subject=", ".join(sorted(change.rules)) or "settings",
            what=f"{change.before} → {change.after}",
            why="; ".join(change.examples) + more.removesuffix("s"),
            weight=17 if change.direction == "weaker" else 35,
        )


def settled(findings: Iterable[Finding], found: Behaviour) -> Iterator[Finding]:
    """Findings about expressions, with what the trials say of them.

    An expression is settled where trials met another fate by its rule: what was stopped and passes makes it weaker.
    """
    directions: dict[str, set[Direction]] = {}
    for change in found.changes:
        for rule in change.rules:
            directions.setdefault(rule, set()).add(change.direction)
    for one in findings:
        seen = directions.get(one.subject, set())
        if one.rule != "rule.expression" or one.direction != "unclear" or not seen:
            yield one
        elif seen & {"weaker", "unclear"}:
            yield replace(
                one, direction="weaker" if "weaker" in seen else "unclear", why="see the requests whose fate changes"
            )
        elif "stronger" in seen:
            yield replace(one, direction="stronger", why="of all requests that were tried, none is stopped less")
        else:
            yield replace(one, why="requests meet another rule: none of those that were tried is stopped less")


def undecidable(environment: Environment) -> bool:
    """Whether anything in the rules is not known yet."""
    return any(has_open(rules) for rules in environment.rulesets.values())
