"""Every operation by every identity on the others' things: reads, then changes, then deletes."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from core.site import Reply
from readiness.rows.authorization import verdict
from readiness.rows.authorization.openapi import Operation
from readiness.rows.authorization.plan import (
    Ask,
    Attempt,
    Effect,
    Ids,
    effect_of,
    elsewhere,
    filled,
    in_body,
    in_order,
    kinds_of,
    nowhere,
    parameter_names,
    swaps,
)
from readiness.rows.authorization.stage import ADMIN, ANONYMOUS, HERE, OUTSIDER, THERE, Stage, World
from readiness.rows.authorization.verdict import Verdict


class Place(StrEnum):
    """Where the others' ids stood."""

    PATH = "path"
    QUERY = "query"
    BODY = "body"
    NOWHERE = "nowhere"
    """The operation takes none: its answer is looked at all the same."""
    ROLE = "role"
    """It was a member in their own organisation, who does what is the owners'."""


@dataclass(frozen=True)
class Tried:
    """One attempt and what came of it."""

    attempt: Attempt
    verdict: Verdict
    place: Place = Place.PATH


@dataclass
class Walk:
    """What was tried, what could not be, and what tells existing things apart."""

    stage: Stage
    skipped: frozenset[str]
    owners_only: frozenset[str]
    tried: list[Tried] = field(default_factory=list)
    untried: dict[str, str] = field(default_factory=dict)
    telltales: list[str] = field(default_factory=list)
    compared: int = 0
    _nobodys: dict[str, Reply] = field(default_factory=dict)
    _before: dict[str, dict[str, Any]] = field(default_factory=dict)

    @property
    def operations(self) -> list[Operation]:
        """Those that name a thing, and the reads that name none, in the order in which they are tried."""
        kept = [one for one in self.stage.operations if one.label not in self.skipped]
        return in_order(one for one in kept if kinds_of(one) or effect_of(one) is Effect.READ)

    def run(self) -> Walk:
        """All of it."""
        here, there = self.stage.worlds[HERE], self.stage.worlds[THERE]
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(self._own, (here, there)))
        for operation in self._covered(Effect.READ):
            self._all_of(operation, here, there)
        for world in (here, there):
            self._before[world.name] = verdict.steady(self.stage.snapshot(world), self.stage.snapshot(world))
        for effect in (Effect.WRITE, Effect.DELETE):
            for operation in self._covered(effect):
                self._all_of(operation, here, there)
        self._look_once_more(here, there)
        self._use_up(here)
        return self

    def _own(self, world: World) -> None:
        """The owner's changes and then their reads: what they are answered, the others must not be."""
        for operation in reversed(in_order(one for one in self.operations if effect_of(one) is not Effect.DELETE)):
            if operation.label not in world.own and world.has(operation) and not self._plain(operation):
                self.stage.owner_asks(world, operation)

    def _plain(self, operation: Operation) -> bool:
        """Whether it names nothing and has shown nothing of anybody: a health check, a version."""
        first = self.stage.worlds[HERE].own.get(operation.label)
        if kinds_of(operation) or first is None:
            return False
        return not any(verdict.shown(first.reply, one.belongings, first.ask) for one in self.stage.worlds.values())

    def _covered(self, effect: Effect) -> Iterator[Operation]:
        for operation in self.operations:
            if effect_of(operation) is not effect or not self._may_be_tried(operation):
                continue
            if kinds_of(operation) and operation.label not in self._nobodys:
                self._compare(operation)
            yield operation

    def _may_be_tried(self, operation: Operation) -> bool:
        if self._plain(operation):
            return False
        worlds = [self.stage.worlds[name] for name in (HERE, THERE)]
        lacking = sorted({kind for world in worlds for kind in kinds_of(operation) if kind not in world.ids})
        if lacking:
            self.untried[operation.label] = f"no {' and no '.join(lacking)} could be made"
            return False
        for own in (world.own.get(operation.label) for world in worlds):
            if effect_of(operation) is not Effect.DELETE and (own is None or not verdict.good(own.reply)):
                said = verdict.refused(own.reply).why if own else "nothing"
                self.untried[operation.label] = f"its own owner's call is answered {said}"
                return False
        return True

    def _compare(self, operation: Operation) -> None:
        """What an id of nothing is answered, beside what a thing of others is."""
        here, there = self.stage.worlds[HERE], self.stage.worlds[THERE]
        ids = nowhere(operation, here.ids)
        nobodys = self._nobodys[operation.label] = self.stage.ask(f"owner {HERE}", self._ask(operation, ids))
        how, mixed = list(swaps(operation, here.ids, there.ids))[-1]
        real = self._try(Attempt(operation, f"owner {HERE}", THERE, how, self._ask(operation, mixed)))
        self.compared += 1
        told = verdict.refused(real).reached is False and verdict.refused(nobodys).reached is False
        if told and (how := verdict.tells_apart(real, nobodys, {*ids.values(), *mixed.values()})):
            self.telltales.append(f"{operation.label}: {how}")

    def _all_of(self, operation: Operation, here: World, there: World) -> None:
        place = Place.PATH if kinds_of(operation) else Place.NOWHERE
        for attempt in self._attempts(operation, here, there):
            self._try(attempt, place)
        owner, own = f"owner {HERE}", here.own.get(operation.label)
        for how, query in elsewhere(operation, there.ids, parameter_names(self.stage.operations)):
            if own and own.reply.cut:
                # One's own stream, without end: what comes of it comes too late.
                continue
            ask = filled(operation, here.ids, self.stage.mark, last=True, also=query)
            self._try(Attempt(operation, owner, THERE, how, ask), Place.QUERY)
        if given := in_body(operation, there.ids):
            ask = self._ask(operation, here.ids)
            ask = replace(ask, json={**(ask.json or {}), **given})
            self._try(Attempt(operation, owner, THERE, f"their ids as {', '.join(given)}", ask), Place.BODY)
        if operation.label in self.owners_only:
            attempt = Attempt(
                operation, f"member {HERE}", HERE, "their own organisation's", self._ask(operation, here.ids)
            )
            self._try(attempt, Place.ROLE)

    def _attempts(self, operation: Operation, here: World, there: World) -> Iterator[Attempt]:
        """Everybody else's call, with the others' ids in the path."""
        ways = list(swaps(operation, here.ids, there.ids)) or [("no id", there.ids)]
        # The last way of all was the owner's already, beside an id of nothing.
        for how, ids in ways[:-1] if kinds_of(operation) else ways:
            yield Attempt(operation, f"owner {HERE}", THERE, how, self._ask(operation, ids))
        for how, ids in ways[:: max(1, len(ways) - 1)]:
            yield Attempt(operation, f"member {HERE}", THERE, how, self._ask(operation, ids))
        how = ways[0][0]
        for who in (f"owner {THERE}", f"member {THERE}", OUTSIDER, ANONYMOUS, ADMIN):
            if who in self.stage.visitors:
                yield Attempt(operation, who, HERE, how, self._ask(operation, here.ids))

    def _ask(self, operation: Operation, ids: Ids) -> Ask:
        return filled(operation, ids, self.stage.mark, last=True)

    def _try(self, attempt: Attempt, place: Place = Place.PATH) -> Reply:
        reply = self.stage.ask(attempt.who, attempt.ask, 5.0)
        self.tried.append(Tried(attempt, self._judged(attempt, place, reply), place))
        return reply

    def _judged(self, attempt: Attempt, place: Place, reply: Reply) -> Verdict:
        world, label = self.stage.worlds[attempt.whose], attempt.operation.label
        if effect_of(attempt.operation) is Effect.READ:
            own = world.own[label] if place in (Place.PATH, Place.ROLE) else None
            return verdict.read(
                reply, world.belongings, attempt.ask, own.reply if own else None, own.ask if own else None
            )
        changed = self._changed(world) if verdict.good(reply) else []
        return verdict.write(reply, world.belongings, attempt.ask, changed, self._nobodys.get(label))

    def _changed(self, world: World) -> list[str]:
        """What its owner sees otherwise than before; then what was used up is made anew, and that is the new before."""
        changed = verdict.changes(self._before[world.name], self.stage.snapshot(world))
        if changed:
            self._mend(world)
        return changed

    def _mend(self, world: World) -> None:
        self.stage.furnish(world)
        made = self.stage.makers.values()
        for operation in (one for one in self.operations if effect_of(one) is Effect.WRITE and one not in made):
            if world.has(operation):
                self.stage.owner_asks(world, operation)
        self._before[world.name] = self.stage.snapshot(world)

    def _look_once_more(self, here: World, there: World) -> None:
        """Has anything changed though every answer was a refusal? Then each change is tried again, and looked at."""
        moved = {label for one in (here, there) for label in self._changed(one)}
        if not moved:
            return
        changing = [
            one for one in self.operations if effect_of(one) is not Effect.READ and one.label not in self.untried
        ]
        found = [self._acts_all_the_same(operation, there) for operation in changing]
        if not any(found):
            seen = ", ".join(sorted(moved))
            self.untried[seen] = "its owner sees another state after all were refused, and it did not happen again"

    def _acts_all_the_same(self, operation: Operation, there: World) -> bool:
        """Whether a refused call has its effect, twice in a row: once may be chance."""
        for who in (f"owner {HERE}", ANONYMOUS):
            replies, ask = [], Ask("", "")
            for _ in range(2):
                ask = self._ask(operation, there.ids)
                replies.append(self.stage.ask(who, ask))
                if not (changed := self._changed(there)):
                    break
            else:
                judged = verdict.write(replies[-1], there.belongings, ask, changed, None)
                self.tried.append(Tried(Attempt(operation, who, THERE, "every id theirs", ask), judged))
                return True
        return False

    def _use_up(self, here: World) -> None:
        """The owner's own deletes, last: a delete that its owner cannot do was never tried."""
        for operation in self.operations:
            if effect_of(operation) is Effect.DELETE and operation.label not in self.untried:
                reply = self.stage.owner_asks(here, operation)
                if not verdict.good(reply):
                    said = verdict.refused(reply).why
                    self.untried[operation.label] = f"its own owner's call is answered {said}"
