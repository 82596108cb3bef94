"""Which fields a form does not offer and somebody might send all the same, and whether one was taken: pure."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from readiness.rows.authorization.ids import named
from readiness.rows.authorization.openapi import Operation, Schema
from readiness.rows.authorization.plan import Ids
from readiness.rows.authorization.samples import fields_of

MOST = 7
"""The most fields that are tried on one operation."""
_SENSITIVE = ("role", "is_admin", "org_id", "author_id", "id")
"""Tried on every operation; what its answer shows beside these comes after."""
_PERSONAL = frozenset({"user", "author", "owner", "creator", "created_by"})
_DEEPEST = 12


@dataclass(frozen=True)
class Extra:
    """A field, and a value for it that nobody should be able to set."""

    name: str
    value: Any


def extras(operation: Operation, theirs: Ids, roles: tuple[str, ...], kind: str) -> tuple[Extra, ...]:
    """What is sent beside an operation's own fields: role, owner, id and the like, and what its answer shows.

    ``theirs`` are another organisation's ids, ``kind`` what the operation makes or changes.
    """
    offered = set(fields_of(operation.body))
    shown = fields_of(operation.answer)
    names = [name for name in dict.fromkeys((*_SENSITIVE, *shown)) if name not in offered]
    made = (_extra(name, shown.get(name) or {}, theirs, roles, kind) for name in names)
    return tuple(one for one in made if one is not None)[:MOST]


def _extra(name: str, schema: Schema, theirs: Ids, roles: tuple[str, ...], kind: str) -> Extra | None:
    lower = name.lower()
    thing = named(name)
    if lower in ("id", "uuid") or (lower.endswith("id") and thing == kind):
        return Extra(name, str(uuid.uuid4()))
    if thing in _PERSONAL or lower in _PERSONAL:
        return Extra(name, theirs["user"]) if lower.endswith(("id", "by")) else None
    if lower.endswith("id"):
        return Extra(name, theirs[thing]) if thing in theirs else None
    if "role" in lower:
        return Extra(name, roles[-1])
    if lower.startswith(("is_", "is", "has_")) or schema.get("type") == "boolean" or "admin" in lower:
        return Extra(name, True)
    if lower.endswith(("_at", "at")) and _is_time(schema):
        return Extra(name, "2001-02-03T04:05:06Z")
    return None


def _is_time(schema: Schema) -> bool:
    return "date-time" in {schema.get("format"), *(one.get("format") for one in schema.get("anyOf") or ())}


def holds(document: Any, extra: Extra) -> bool:
    """Whether ``extra`` stands anywhere in a JSON document: its name with its value (a time in any spelling)."""
    return any(name == extra.name and _same(value, extra.value) for name, value in _pairs(document, 0))


def _pairs(document: Any, depth: int) -> Iterator[tuple[str, Any]]:
    if depth > _DEEPEST:
        return
    if isinstance(document, Mapping):
        for name, value in document.items():
            yield str(name), value
            yield from _pairs(value, depth + 1)
    elif isinstance(document, list):
        for one in document:
            yield from _pairs(one, depth + 1)


def _same(value: Any, sent: Any) -> bool:
    if isinstance(sent, str) and isinstance(value, str) and sent.startswith("2001-02-03"):
        return value.startswith("2001-02-03")
    return type(value) is type(sent) and value == sent
