"""Swapping ids: every operation, by every identity, on the others' things. The matrix of who reached what."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from readiness.check import Check, Evidence, Result, Said, beside_the_point, held, unknown
from readiness.rows.authorization import checks, tables
from readiness.rows.authorization.openapi import Operation
from readiness.rows.authorization.plan import Effect, effect_of, kinds_of
from readiness.rows.authorization.stage import ADMIN, ANONYMOUS, HERE, operations_in, set_up
from readiness.rows.authorization.walk import Place, Tried, Walk
from readiness.target import Target

if TYPE_CHECKING:
    from core.settings.readiness import Readiness

_HOLE = re.compile(r"\{[^{}]*\}")
_MOST_TOLD = 6
_BY_EFFECT = {Effect.READ: checks.READS, Effect.WRITE: checks.WRITES, Effect.DELETE: checks.DELETES}


def swap(target: Target) -> Iterator[Result]:
    """Decides the checks of the matrix."""
    readiness = target.settings.readiness
    operations = operations_in(target)
    skipped = account_calls(operations, readiness)
    walk = Walk(set_up(target, operations), skipped, frozenset(readiness.owners_only))
    walk.run()
    yield from results(walk, admin_sees_all=readiness.admin_sees_all)


def account_calls(operations: Sequence[Operation], readiness: Readiness) -> frozenset[str]:
    """Labels of what is not for this: one's own account, tokens and signatures, and what administrators alone use."""
    calls = readiness.calls
    own = (calls.signup, calls.verify, calls.verify_again, calls.login, calls.logout, calls.reset, calls.set_password)
    more = (calls.change_password, calls.leave, calls.accept_invite, calls.webhook, calls.admin, calls.test_error)
    known = [(call.method, _shape(call.path)) for call in (*own, *more) if call is not None]

    def is_known(one: Operation) -> bool:
        return any(one.method == method and _fits(one.path, shape) for method, shape in known)

    return frozenset(one.label for one in operations if is_known(one) or is_admins(one.path))


def is_admins(path: str) -> bool:
    """Whether a path is for administrators, by its words."""
    return any(part.lower() in ("admin", "administration", "internal") for part in path.split("/"))


def _shape(path: str) -> str:
    return _HOLE.sub("x", path.partition("?")[0])


def _fits(template: str, path: str) -> bool:
    """Whether ``path`` is one of those that ``template`` stands for."""
    parts, given = template.split("/"), path.split("/")
    return len(parts) == len(given) and all(
        _HOLE.search(one) or one == its for one, its in zip(parts, given, strict=True)
    )


def results(walk: Walk, *, admin_sees_all: bool) -> Iterator[Result]:
    """A result for each check, out of what was tried."""
    told = _Told(walk, admin_sees_all)
    for effect, check in _BY_EFFECT.items():
        yield told.decided(
            check,
            [one for one in walk.tried if effect_of(one.attempt.operation) is effect and one.place in _PATHS],
            [one for one in walk.operations if effect_of(one) is effect],
        )
    yield told.decided(checks.ELSEWHERE, [one for one in walk.tried if one.place in (Place.QUERY, Place.BODY)], [])
    yield told.decided(
        checks.ANONYMOUS, [one for one in walk.tried if one.attempt.who == ANONYMOUS], walk.operations, anonymous=True
    )
    yield _roles(walk, told)
    yield held(
        checks.EXISTENCE,
        walk.telltales,
        f"{walk.compared} operations answer an id of others' as they answer an id of nothing",
        *told.facts,
    )


_PATHS = (Place.PATH, Place.NOWHERE)


class _Told:
    """What is said of a walk."""

    def __init__(self, walk: Walk, admin_sees_all: bool) -> None:
        self._walk, self._sees_all = walk, admin_sees_all
        self.facts = (_facts(walk),)
        here = walk.stage.worlds[HERE]
        self._own = {label: str(own.reply.status) for label, own in here.own.items()}

    def decided(
        self, check: Check, tried: Sequence[Tried], operations: Sequence[Operation], *, anonymous: bool = False
    ) -> Result:
        """Failed by each that got through; else unknown by all that was not tried, or not answered."""
        mine = [one for one in tried if (one.attempt.who == ANONYMOUS) is anonymous or check in (checks.ELSEWHERE,)]
        wrong = [_sentence(one) for one in mine if one.verdict.reached and not self._may(one)]
        labels = {one.label for one in operations}
        open_ones = [f"{label} was not tried: {why}" for label, why in self._walk.untried.items() if label in labels]
        open_ones += [_sentence(one) for one in mine if one.verdict.reached is None]
        # What belongs to no operation is about all changes.
        if check in (checks.WRITES, checks.DELETES):
            every = {one.label for one in self._walk.operations}
            open_ones += [f"{seen}: {why}" for seen, why in self._walk.untried.items() if seen not in every]
        evidence = self._evidence(check, mine)
        if not wrong and open_ones:
            return unknown(check, _some(open_ones), *evidence)
        if not mine:
            return beside_the_point(check, "the API has no such operation on a thing that has an id", *evidence)
        return held(check, _few(wrong), self._summary(mine), *evidence)

    def _may(self, one: Tried) -> bool:
        return self._sees_all and one.attempt.who == ADMIN

    def _summary(self, mine: Sequence[Tried]) -> str:
        operations = len({one.attempt.operation.label for one in mine})
        people = len({one.attempt.who for one in mine})
        text = f"{len(mine)} calls, {operations} operations by {people} identities: none reached what is others'"
        return (
            f"{text} (no administrator among them: {self._walk.stage.no_admin})" if self._walk.stage.no_admin else text
        )

    def _evidence(self, check: Check, mine: Sequence[Tried]) -> tuple[Evidence, ...]:
        if check is checks.READS:
            whole = tables.matrix(self._walk.tried, self._own, self._sees_all)
            return (*self.facts, whole, tables.picture(self._walk.tried, self._sees_all))
        return (*self.facts, tables.matrix(mine, self._own, self._sees_all)) if mine else self.facts


def _roles(walk: Walk, told: _Told) -> Result:
    if not walk.owners_only:
        why = "nothing says which operations are the owners' alone: give launch-ready:readiness.owners_only"
        return unknown(checks.ROLES, why)
    known = {one.label for one in walk.operations}
    missing = sorted(walk.owners_only - known)
    tried = [one for one in walk.tried if one.place is Place.ROLE]
    result = told.decided(checks.ROLES, tried, [one for one in walk.operations if one.label in walk.owners_only])
    if missing and result.outcome.value == "pass":
        named = ", ".join(missing)
        return unknown(checks.ROLES, f"launch-ready:readiness.owners_only names what the API does not have: {named}")
    return result


def _facts(walk: Walk) -> Said:
    every = walk.stage.operations
    tried = {one.attempt.operation.label for one in walk.tried}
    lines = [
        f"{len(every)} operations in the OpenAPI document, {len(tried)} of them tried by others than the owner",
        f"{walk.stage.asked} requests by {len(walk.stage.visitors)} identities: {', '.join(walk.stage.visitors)}",
        *(f"not tried: {label} ({why})" for label, why in walk.untried.items()),
    ]
    rest = [one for one in every if one.label not in tried and one.label not in walk.untried]
    lines += [f"left out: {one.label} ({_why_left(one, walk)})" for one in rest]
    return Said("What was tried, and what was not", "\n".join(lines))


def _why_left(operation: Operation, walk: Walk) -> str:
    if operation.label in walk.skipped:
        return "one's own account, a token or an administrator's: other checks ask that"
    if kinds_of(operation):
        return "a change that makes nothing a path names"
    return "it names nothing, and its answer shows nothing of anybody's"


def _sentence(one: Tried) -> str:
    tried = one.attempt
    return f"{tried.operation.label} by the {tried.who} on {tried.whose} ({tried.how}): {one.verdict.why}"


def _few(sentences: Sequence[str]) -> list[str]:
    more = len(sentences) - _MOST_TOLD
    return [*sentences[:_MOST_TOLD], *([f"and {more} more"] if more > 0 else [])]


def _some(sentences: Sequence[str]) -> str:
    return "; ".join(_few(sentences)) + ": have these answered, then run it again"
