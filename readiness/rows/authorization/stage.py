"""Who tries what on whose things: two organisations of the row's own, and seven identities."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from core.errors import CheckError
from core.site import Reply, Visitor
from readiness.people import Org
from readiness.rows.authorization import verdict
from readiness.rows.authorization.ids import creates
from readiness.rows.authorization.layers import signed_in
from readiness.rows.authorization.openapi import Operation, operations_of
from readiness.rows.authorization.plan import Ask, Effect, effect_of, filled, kinds_of
from readiness.target import Target

HERE, THERE = "here", "there"
OUTSIDER, ANONYMOUS, ADMIN = "outsider", "anonymous", "administrator"
_STREAM_SECONDS = 1.5


@dataclass
class Own:
    """What an organisation's owner asked of their own things, and what came: the measure of all others' answers."""

    ask: Ask
    reply: Reply


@dataclass
class World:
    """One organisation: an id of each kind of thing in it, and the text that stands in all of them."""

    name: str
    org: Org
    mark: str
    ids: dict[str, str] = field(default_factory=dict)
    every_id: set[str] = field(default_factory=set)
    own: dict[str, Own] = field(default_factory=dict)

    @property
    def belongings(self) -> verdict.Belongings:
        """What only its people can know."""
        return verdict.Belongings(frozenset({self.mark}), frozenset(self.every_id))

    def has(self, operation: Operation) -> bool:
        """Whether there is an id for each part of the operation's path."""
        return all(kind in self.ids for kind in kinds_of(operation))


class Stage:
    """The two worlds, everybody's visitor, and the operations."""

    def __init__(self, target: Target, operations: tuple[Operation, ...], worlds: tuple[World, World]) -> None:
        self.operations = operations
        self.worlds = {world.name: world for world in worlds}
        self.visitors: dict[str, Visitor] = {ANONYMOUS: target.visitor()}
        self.mark = f"x{secrets.token_hex(5)}"
        self.makers = {kind: one for one in operations if (kind := creates(one, operations)) not in ("", "user")}
        self.asked = 0
        self.no_admin = ""
        self._origin = target.origin
        self._made = 0
        for world in worlds:
            for who, person in (("owner", world.org.owner), ("member", world.org.member)):
                self.visitors[f"{who} {world.name}"] = signed_in(target, person, target.visitor())

    def ask(self, who: str, ask: Ask, seconds: float = 10.0) -> Reply:
        """Have somebody ask."""
        self.asked += 1
        headers = {"Content-Type": "text/plain"} if ask.body else {}
        return self.visitors[who].ask(
            ask.method,
            self._origin + ask.path,
            json=ask.json,
            body=ask.body,
            headers=headers,
            patient=True,
            timeout=seconds,
        )

    def owner_asks(self, world: World, operation: Operation) -> Reply:
        """The owner's own call, kept as the measure of others'."""
        ask = filled(operation, world.ids, world.mark)
        # What declares no JSON may be a stream without end.
        unknown = effect_of(operation) is Effect.READ and operation.answer is None
        reply = self.ask(f"owner {world.name}", ask, _STREAM_SECONDS if unknown else 10.0)
        world.own[operation.label] = Own(ask, reply)
        return reply

    def furnish(self, world: World) -> None:
        """Make one of each thing anew, outermost first; what cannot be made keeps the id it had, or none."""
        for kind, operation in sorted(self.makers.items(), key=lambda pair: pair[1].path.count("/")):
            if (kind in world.ids and kind in self._given(world)) or not world.has(operation):
                continue
            self._made += 1
            ask = filled(operation, world.ids, f"{world.mark}n{self._made}")
            reply = self.ask(f"owner {world.name}", ask)
            world.own[operation.label] = Own(ask, reply)
            if verdict.good(reply) and (made := _id_in(reply, kind)):
                world.ids[kind] = made
                world.every_id.add(made)

    def snapshot(self, world: World) -> dict[str, Any]:
        """What the owner of ``world`` sees now of their things, by the label of each read that ends."""
        seen: dict[str, Any] = {}
        for operation in self.operations:
            own = world.own.get(operation.label)
            if effect_of(operation) is Effect.READ and own and not own.reply.cut and world.has(operation):
                if not verdict.shown(own.reply, world.belongings, Ask("", "")):
                    continue
                reply = self.ask(f"owner {world.name}", filled(operation, world.ids, world.mark))
                seen[operation.label] = (reply.status, reply.json if reply.json is not None else reply.body)
        return seen

    def look(self, world: World) -> dict[str, Any]:
        """The JSON of every read that ends, as the owner of ``world`` is answered now, by label."""
        seen = {}
        for operation in self.operations:
            reads = effect_of(operation) is Effect.READ and operation.answer is not None
            if reads and kinds_of(operation) and world.has(operation):
                seen[operation.label] = self.ask(f"owner {world.name}", filled(operation, world.ids, world.mark)).json
        return seen

    def _given(self, world: World) -> set[str]:
        return {kind for kind, id_ in world.ids.items() if id_ == world.org.id}


def operations_in(target: Target) -> tuple[Operation, ...]:
    """The operations of the stack's own API. Raises :class:`CheckError`."""
    path = target.settings.readiness.openapi
    reply = target.visitor().ask("GET", target.url(path))
    if reply.status != 200 or reply.cut:
        what = reply.reason or f"answers {reply.status}"
        raise CheckError(f"GET {path} {what}: give the API's OpenAPI document (launch-ready:readiness.openapi)")
    return operations_of(reply.json, len(reply.body))


def set_up(target: Target, operations: tuple[Operation, ...]) -> Stage:
    """Two furnished organisations and everybody who tries them. Raises :class:`CheckError`."""
    marks = {name: f"lr{secrets.token_hex(4)}" for name in (HERE, THERE)}
    with ThreadPoolExecutor(4) as pool:
        admin = pool.submit(_admin, target)
        orgs = {name: pool.submit(target.people.org, f"{mark}-{name}") for name, mark in marks.items()}
        outsider = pool.submit(target.people.newcomer, "outsider")
        worlds = [World(name, orgs[name].result(), marks[name]) for name in (HERE, THERE)]
        stage = furnished(target, operations, (worlds[0], worlds[1]))
        stage.visitors[OUTSIDER] = outsider.result().visitor
        found = admin.result()
    if isinstance(found, CheckError):
        stage.no_admin = str(found)
    else:
        stage.visitors[ADMIN] = found
    return stage


def shared(target: Target, operations: tuple[Operation, ...]) -> Stage:
    """The organisations that all rows use, with further things in them: for what uses nothing up.

    Raises :class:`CheckError`.
    """
    cast = target.people.cast()
    pairs = ((HERE, cast.here), (THERE, cast.there))
    here, there = (World(name, org, f"lr{secrets.token_hex(4)}") for name, org in pairs)
    return furnished(target, operations, (here, there))


def furnished(target: Target, operations: tuple[Operation, ...], worlds: tuple[World, World]) -> Stage:
    """A stage whose worlds have one of each thing."""
    stage = Stage(target, operations, worlds)
    for world in worlds:
        _people(world, stage.makers, target.settings.readiness.calls.create_org.path)
        stage.furnish(world)
    return stage


def _admin(target: Target) -> Visitor | CheckError:
    try:
        return target.people.admin().visitor
    except CheckError as error:
        return error


def _people(world: World, makers: Mapping[str, Operation], create_org: str) -> None:
    """The ids that are known without asking."""
    kind = next((kind for kind, maker in makers.items() if maker.path == create_org), "org")
    world.ids = {kind: world.org.id, "user": world.org.member.id}
    world.every_id = {world.org.id, world.org.owner.id, world.org.member.id, world.org.space_id, world.org.post_id}


def _id_in(reply: Reply, kind: str) -> str:
    document = reply.json
    for holder in (document, document.get("data") if isinstance(document, dict) else None):
        for key in ("id", f"{kind}_id", f"{kind}Id", "uuid"):
            if isinstance(holder, dict) and isinstance(holder.get(key), (str, int)):
                return str(holder[key])
    return ""
