"""Who is a member, read out of the answer that lists them: pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

_DEEPEST = 8


def roles_of(document: Any, user_id: str, roles: tuple[str, ...]) -> list[str]:
    """The role of each entry that is of ``user_id``: none for no member, "" where an entry shows no role.

    An entry is an object that has the id as a value of its own, or in an object right below (``{"user": {"id": …}}``).
    """
    return [_role(entry, roles) for entry in _entries(document, user_id, 0)]


def _entries(node: Any, user_id: str, depth: int) -> Iterator[Mapping[str, Any]]:
    if depth > _DEEPEST:
        return
    if isinstance(node, list):
        for one in node:
            if isinstance(one, Mapping) and _is_of(one, user_id):
                yield one
            else:
                yield from _entries(one, user_id, depth + 1)
    elif isinstance(node, Mapping):
        for one in node.values():
            yield from _entries(one, user_id, depth + 1)


def _is_of(entry: Mapping[str, Any], user_id: str) -> bool:
    below = [value for one in entry.values() if isinstance(one, Mapping) for value in one.values()]
    return any(str(value) == user_id for value in (*entry.values(), *below) if isinstance(value, (str, int)))


def _role(entry: Mapping[str, Any], roles: tuple[str, ...]) -> str:
    named = entry.get("role")
    if isinstance(named, str):
        return named
    return next((value for value in entry.values() if isinstance(value, str) and value in roles), "")
