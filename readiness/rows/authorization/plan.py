"""Which calls are made, by whom, on whose things: pure values, worked out from the operations."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any
from urllib.parse import quote, urlencode

from readiness.rows.authorization.ids import kind_elsewhere, kind_in_path
from readiness.rows.authorization.openapi import Operation
from readiness.rows.authorization.samples import fields_of, sample

Ids = Mapping[str, str]
"""The id of one thing of each kind."""


class Effect(StrEnum):
    """What an operation does, in the order in which they are tried."""

    READ = "read"
    WRITE = "write"
    DELETE = "delete"


@dataclass(frozen=True)
class Ask:
    """A request. ``path`` with its query; ``json`` None for none."""

    method: str
    path: str
    json: Any = None
    body: bytes = field(default=b"", repr=False)

    @property
    def label(self) -> str:
        """``GET /api/orgs/1``."""
        return f"{self.method} {self.path}"

    @property
    def text(self) -> str:
        """All that it says, in which an id that comes back may have stood."""
        return f"{self.path} {self.json!r} {self.body!r}"


@dataclass(frozen=True)
class Attempt:
    """``who`` does ``operation`` on things of the organisation ``whose``; ``how`` says in words which ids are whose."""

    operation: Operation
    who: str
    whose: str
    how: str
    ask: Ask


def effect_of(operation: Operation) -> Effect:
    """By its method (RFC 9110, section 9)."""
    if operation.method == "DELETE":
        return Effect.DELETE
    return Effect.READ if operation.method in ("GET", "HEAD", "OPTIONS", "TRACE") else Effect.WRITE


def kinds_of(operation: Operation) -> tuple[str, ...]:
    """The kinds of things that its path names, in order."""
    return tuple(kind_in_path(operation, parameter) for parameter in operation.in_path)


def filled(
    operation: Operation, ids: Ids, mark: str, *, last: bool = False, also: Mapping[str, str] | None = None
) -> Ask:
    """``operation`` with ``ids`` in its path and samples elsewhere; ``also`` is added to the query.

    ``last`` takes the last of each choice: what a foreign hand would set. Raises :class:`KeyError` for an id that is
    not had.
    """
    path = operation.path
    for parameter, kind in zip(operation.in_path, kinds_of(operation), strict=True):
        path = path.replace(f"{{{parameter.name}}}", quote(ids[kind], safe=""))
    query = {one.name: str(sample(one.schema, mark)) for one in operation.in_query if one.required} | dict(also or {})
    json = sample(operation.body, mark, last=last) if operation.body else None
    bare = operation.method == "POST" and operation.body is None
    return Ask(
        operation.method,
        path + (f"?{urlencode(query)}" if query else ""),
        json,
        f"The text of {mark}.\n".encode() if bare else b"",
    )


def swaps(operation: Operation, own: Ids, other: Ids) -> Iterator[tuple[str, Ids]]:
    """Each way to put ``other`` ids where own ones belong: all of the path, then all but the first, then the last."""
    kinds = kinds_of(operation)
    for first in range(len(kinds)):
        mixed = {**other, **{kind: own[kind] for kind in kinds[:first]}}
        theirs = kinds[first:]
        yield ("every id theirs" if first == 0 else f"only {', '.join(theirs)} theirs"), mixed


def elsewhere(operation: Operation, other: Ids, names: Mapping[str, str]) -> Iterator[tuple[str, Mapping[str, str]]]:
    """What to put into the query of a call with one's own path: first what the operation knows, then every id at once.

    ``names`` gives the parameter's name for each kind, as other operations have it.
    """
    for one in operation.in_query:
        if (kind := kind_elsewhere(operation, one.name, one.schema)) in other:
            yield f"their {kind} as {one.name}", {one.name: other[kind]}
    hidden = {name: other[kind] for kind, name in sorted(names.items()) if kind in other}
    if operation.method == "GET" and hidden:
        yield "all their ids in the query", hidden


def in_body(operation: Operation, other: Ids) -> Mapping[str, str]:
    """Their ids for those fields of the operation's JSON that take one."""
    found = {}
    for name, schema in fields_of(operation.body).items():
        if (kind := kind_elsewhere(operation, name, schema)) in other:
            found[name] = other[kind]
    return found


def nowhere(operation: Operation, own: Ids) -> Ids:
    """Own ids but for the last of the path, which is nobody's."""
    kinds = kinds_of(operation)
    return {**own, kinds[-1]: str(uuid.uuid4())}


def parameter_names(operations: Iterable[Operation]) -> dict[str, str]:
    """The name under which paths ask for each kind; ``org_id`` for one that they call ``id``."""
    names: dict[str, str] = {}
    for operation in operations:
        for parameter, kind in zip(operation.in_path, kinds_of(operation), strict=True):
            told = parameter.name if parameter.name.lower() not in ("id", "uuid", "key") else f"{kind}_id"
            names.setdefault(kind, told)
    return names


def in_order(operations: Iterable[Operation]) -> list[Operation]:
    """Reads before writes before deletes; of deletes those deepest in a path first, so that nothing is gone early."""
    effects = list(Effect)

    def rank(one: Operation) -> tuple[int, int, str]:
        effect = effect_of(one)
        depth = one.path.count("/")
        return effects.index(effect), -depth if effect is Effect.DELETE else depth, one.label

    return sorted(operations, key=rank)
