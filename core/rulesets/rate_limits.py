"""The rate limits, compiled for the zone's plan: shorter periods, budgets that count reads too, and limits joined.

The arithmetic, in this order. A period that is over the plan's becomes its longest. Where the plan cannot ask for the
method, reads count too, and the number is multiplied by 1 + ``reads``. The number is scaled by the periods and rounded
down, to no less than 1, or than :data:`FEWEST_WITH_READS` where reads count. Limits that are too many are joined, those
nearest in rate, and the joined one has the smallest budget of them; none may so become over :data:`MOST_STRICTER` times
stricter. What cannot be joined is refused if the stack's file asks for it, else left out and said so.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from math import ceil

from core.rulesets.expressions import every, methods, paths
from core.rulesets.joining import join, partition
from core.rulesets.limits import Asked, limits_of
from core.rulesets.rule import Rule
from core.settings.finding import Finding
from core.settings.plans import LIMITS, LONGEST_EXPRESSION
from core.settings.platform import Platform
from core.settings.rate_limits import PERIODS, RateLimits
from core.settings.zone import Plan

FEWEST_WITH_READS = 3
MOST_STRICTER = 8
# The data centre is mandatory in the API: counters are not shared between data centres.
CLIENT = ("cf.colo.id", "ip.src")
_STRICTEST_FIRST = ("block", "challenge", "managed_challenge", "js_challenge", "log")


@dataclass(frozen=True)
class Fitted:
    """A limit with the numbers that the plan can do; ``with_reads`` if reads count too."""

    asked: Asked
    requests: int
    period: int
    mitigation: int
    with_reads: bool

    @property
    def rate(self) -> Fraction:
        """Requests a second."""
        return Fraction(self.requests, self.period)


@dataclass(frozen=True)
class Compiled:
    """The rules, what of the settings the plan cannot do, and what a reader of the plan should know."""

    rules: tuple[Rule, ...]
    findings: tuple[Finding, ...] = ()
    notes: tuple[str, ...] = ()


def compile_limits(limits: RateLimits, platform: Platform, plan: Plan) -> Compiled:
    """Every limit in rules that ``plan`` can have."""
    asked = list(limits_of(limits, platform))
    findings = [finding for each in asked for finding in _unfit(each, plan)]
    groups, left_out, refused = _grouped([_fit(each, plan) for each in asked], plan)
    rules = [_rule(group, groups) for group in groups]
    findings += [*refused, *_too_long(groups, rules)]
    notes = [rule.description for group, rule in zip(groups, rules, strict=True) if _changed(group)]
    if left_out:
        names = ", ".join(each.asked.name for each in left_out)
        notes.append(f"Not limited on the plan {plan}, which has {_how_many(plan)}: {names}")
    return Compiled(tuple(rules), tuple(findings), tuple(notes))


def _unfit(asked: Asked, plan: Plan) -> Iterator[Finding]:
    """Actions and mitigations that no other number can stand for."""
    limit = asked.limit
    challenges = "challenge" in limit.action
    if limit.action == "log" and not LIMITS[plan].log_action:
        reason = f"the action log needs the plan enterprise, and the zone's is {plan}"
    elif challenges and plan != "enterprise" and limit.mitigation:
        reason = f"the action {limit.action} on the plan {plan} needs a mitigation of 0"
    elif not challenges and plan != "enterprise" and not limit.mitigation:
        reason = f"a mitigation of 0 with the action {limit.action} needs the plan enterprise"
    else:
        return
    yield Finding(asked.place, f"rule {asked.name}: {reason}")


def _fit(asked: Asked, plan: Plan) -> Fitted:
    can, limit = LIMITS[plan], asked.limit
    period = max(each for each in PERIODS if each <= min(limit.period, can.longest_period))
    with_reads = bool(asked.methods) and not can.methods
    counted = limit.requests * (1 + limit.reads if with_reads else 1)
    least = FEWEST_WITH_READS if with_reads else 1
    requests = max(least, counted * period // limit.period)
    return Fitted(asked, requests, period, min(limit.mitigation, can.longest_mitigation), with_reads)


Groups = list[list[Fitted]]


def _grouped(fitted: Sequence[Fitted], plan: Plan) -> tuple[Groups, list[Fitted], list[Finding]]:
    """Groups that the plan has room for, what was left out of them, and what is refused."""
    room = LIMITS[plan].rate_limits
    kept = list(fitted)
    left_out: list[Fitted] = []
    refused: list[Finding] = []
    while True:
        groups = partition(kept, room, lambda each: each.rate)
        group, stricter = _worst(groups)
        if stricter <= MOST_STRICTER:
            return _in_order(groups, fitted), left_out, refused
        loosest = max(group, key=lambda each: each.rate)
        kept.remove(loosest)
        if loosest.asked.written:
            refused.append(_refusal(loosest, min(group, key=lambda each: each.rate), plan))
        else:
            left_out.insert(0, loosest)


def _worst(groups: Groups) -> tuple[list[Fitted], Fraction]:
    """The group with the widest range of rates, and by how many times its loosest one is over its strictest."""
    ranges = [(max(e.rate for e in group) / min(e.rate for e in group), group) for group in groups]
    if not ranges:
        return [], Fraction(1)
    stricter, group = max(ranges, key=lambda each: each[0])
    return group, stricter


def _in_order(groups: Groups, fitted: Sequence[Fitted]) -> Groups:
    ordered = [sorted(group, key=fitted.index) for group in groups]
    return sorted(ordered, key=lambda group: fitted.index(group[0]))


def _how_many(plan: Plan) -> str:
    room = LIMITS[plan].rate_limits
    return "one rate limit" if room == 1 else f"{room} rate limits"


def _refusal(loosest: Fitted, strictest: Fitted, plan: Plan) -> Finding:
    asked = loosest.asked
    way_out = "take it out" if asked.place[1] == "rules" else f"leave it out ({asked.place[1]}: null)"
    return Finding(
        asked.place,
        f"rule {asked.name}: the plan {plan} has {_how_many(plan)}, and joined with "
        f"{strictest.asked.name} it would be over {MOST_STRICTER} times stricter than asked: {way_out}, bring the two "
        "nearer to each other, or take a plan with more",
    )


def _numbers(group: Sequence[Fitted]) -> Fitted:
    """The strictest of a group: the shortest period, and the smallest number that any has in it."""
    period = min(each.period for each in group)
    requests = min(max(1, each.requests * period // each.period) for each in group)
    action = min((each.asked.limit.action for each in group), key=_STRICTEST_FIRST.index)
    same = [each for each in group if each.asked.limit.action == action]
    mitigation = max(each.mitigation for each in same)
    return replace(same[0], requests=requests, period=period, mitigation=mitigation)


def _rule(group: Sequence[Fitted], groups: Groups) -> Rule:
    numbers = _numbers(group)
    return Rule(
        ref=join(each.asked.name for each in group),
        description=_description(group, numbers),
        expression=_expression(group, groups),
        action=numbers.asked.limit.action,
        rate_limit={
            "characteristics": list(CLIENT),
            "period": numbers.period,
            "requests_per_period": numbers.requests,
            "mitigation_timeout": numbers.mitigation,
        },
    )


def _expression(group: Sequence[Fitted], groups: Groups) -> str:
    """All that the group counts. Members that differ in their paths alone share one comparison."""
    there = {each.asked.name: each for other in groups if other is not group for each in other}
    alike: dict[tuple[tuple[str, ...], tuple[str, ...]], list[str]] = {}
    for each in group:
        excluded = tuple(name for name in each.asked.excluding if name in there)
        counted = () if each.with_reads else each.asked.methods
        alike.setdefault((counted, excluded), []).extend(each.asked.paths)
    parts = []
    for (counted, excluded), where in alike.items():
        left_out = [f"not ({_matching(there[name])})" for name in excluded]
        parts.append(every([paths(where), *([methods(counted)] if counted else []), *left_out]))
    return parts[0] if len(parts) == 1 else " or ".join(f"({part})" for part in parts)


def _matching(fitted: Fitted) -> str:
    counted = () if fitted.with_reads else fitted.asked.methods
    return every([paths(fitted.asked.paths), *([methods(counted)] if counted else [])])


def _changed(group: Sequence[Fitted]) -> bool:
    (first, *others) = group
    limit = first.asked.limit
    asked = (limit.requests, limit.period, limit.mitigation)
    return bool(others) or asked != (first.requests, first.period, first.mitigation)


def _description(group: Sequence[Fitted], numbers: Fitted) -> str:
    name = join(each.asked.name for each in group)
    text = f"{name}: {numbers.requests} requests in {numbers.period} s"
    if not _changed(group):
        return text
    said = "; ".join(_said(each, numbers) for each in group)
    text = f"{text}, out for {numbers.mitigation} s. Compiled for the plan: {said}"
    return text if len(text) <= 500 else f"{text[:499]}…"


def _said(each: Fitted, numbers: Fitted) -> str:
    """What one limit asks for, and what it gets at most over the time that it asks about."""
    limit = each.asked.limit
    most = ceil(Fraction(numbers.requests * limit.period, numbers.period))
    what = "/".join(each.asked.methods) or "requests"
    reads = " with reads" if each.with_reads else ""
    return f"{each.asked.name} asks {limit.requests} {what} in {limit.period} s and gets {most}{reads}"


def _too_long(groups: Groups, rules: Sequence[Rule]) -> Iterator[Finding]:
    for group, rule in zip(groups, rules, strict=True):
        if len(rule.expression) > LONGEST_EXPRESSION:
            asked = group[-1].asked
            reason = f"the expression is over {LONGEST_EXPRESSION} characters: give fewer paths, or join some by *"
            yield Finding(asked.place, f"rule {asked.name}: {reason}")
