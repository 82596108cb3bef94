"""What was a secret before a change and is none after it: the value itself goes no further than here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from core.resources import PLAIN_SECRET, SECRET, is_open
from review.steps import Step


def sealed(step: Step) -> Step:
    """The step with :data:`PLAIN_SECRET` for each value after it in whose place a secret stood before."""
    if step.before is None or step.after is None or not _has_secret(step.before.properties):
        return step
    return replace(step, after=replace(step.after, properties=_closed(step.before.properties, step.after.properties)))


def laid_open(step: Step) -> list[str]:
    """The places of such values (``bindings[KEY].text``)."""
    if step.before is None or step.after is None or not _has_secret(step.before.properties):
        return []
    return list(_places(step.before.properties, step.after.properties, ""))


def _closed(old: Any, new: Any) -> Any:
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        return {key: _closed(old.get(key), value) for key, value in new.items()}
    if isinstance(old, list) and isinstance(new, list):
        return [_closed(before, after) for _, before, after in _pairs(old, new)]
    return PLAIN_SECRET if _has_secret(old) and new is not None and not is_open(new) else new


def _places(old: Any, new: Any, place: str) -> Iterator[str]:
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        for key, value in new.items():
            yield from _places(old.get(key), value, f"{place}.{key}" if place else str(key))
    elif isinstance(old, list) and isinstance(new, list):
        for name, before, after in _pairs(old, new):
            yield from _places(before, after, f"{place}[{name}]")
    elif new == PLAIN_SECRET and old != PLAIN_SECRET and _has_secret(old):
        yield place


def _pairs(old: list[Any], new: list[Any]) -> Iterator[tuple[str, Any, Any]]:
    """Each item after the change beside the one before: of its name where it has one, else of its place.

    In a list of bare values nobody knows which one a secret was: any that is new may be it.
    """
    named = {one["name"]: one for one in old if isinstance(one, dict) and isinstance(one.get("name"), str)}
    for index, item in enumerate(new):
        name = item.get("name") if isinstance(item, dict) else None
        if isinstance(name, str) and name in named:
            yield name, named[name], item
        elif SECRET in old and not isinstance(item, dict | list):
            yield str(index), None if item in old else SECRET, item
        else:
            yield str(index), old[index] if index < len(old) else None, item


def _has_secret(value: Any) -> bool:
    if isinstance(value, Mapping):
        return any(map(_has_secret, value.values()))
    return any(map(_has_secret, value)) if isinstance(value, list) else isinstance(value, str) and value == SECRET
