"""Differences between two property maps, by Pulumi's property paths (``rules[0].expression``)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Any

from lab.engine.wire import Properties, Secret, Unknown

Step = str | int
Path = tuple[Step, ...]
WILDCARD = "*"

_PLAIN_KEY = re.compile(r"[A-Za-z_$][A-Za-z0-9_$-]*\Z")
_TOKEN = re.compile(r'\.?(?P<key>[^.\[\]"]+)|\[(?P<index>\d+|\*)\]|\["(?P<quoted>(?:[^"\\]|\\.)*)"\]')
_ABSENT = object()


class Kind(StrEnum):
    """What happened at a path, by the names of ``plugin.DiffKind``; the ``-replace`` kinds are told apart later."""

    ADD = "add"
    DELETE = "delete"
    UPDATE = "update"


def diff(old: Any, new: Any) -> dict[Path, Kind]:
    """The deepest paths at which ``new`` differs from ``old``.

    A secret is compared by what it holds and reported at its own place, so that no path leads inside of it. A value
    that is unknown in ``new`` differs from any known one.
    """
    found: dict[Path, Kind] = {}
    _compare(old, new, (), found)
    return found


def _compare(old: Any, new: Any, path: Path, found: dict[Path, Kind]) -> None:
    if old is _ABSENT or new is _ABSENT:
        found[path] = Kind.ADD if old is _ABSENT else Kind.DELETE
    elif isinstance(old, Secret) or isinstance(new, Secret):
        if diff(_open(old), _open(new)):
            found[path] = Kind.UPDATE
    elif isinstance(old, Mapping) and isinstance(new, Mapping):
        for key in [*old, *(key for key in new if key not in old)]:
            _compare(old.get(key, _ABSENT), new.get(key, _ABSENT), (*path, key), found)
    elif isinstance(old, list) and isinstance(new, list):
        for index in range(max(len(old), len(new))):
            _compare(_item(old, index), _item(new, index), (*path, index), found)
    elif not _same(old, new):
        found[path] = Kind.UPDATE


def _open(value: Any) -> Any:
    return value.value if isinstance(value, Secret) else value


def _item(values: list[Any], index: int) -> Any:
    return values[index] if index < len(values) else _ABSENT


def _same(old: Any, new: Any) -> bool:
    """Equality as JSON has it: ``true`` is not 1."""
    if isinstance(old, Unknown) or isinstance(new, Unknown):
        return False
    return isinstance(old, bool) == isinstance(new, bool) and bool(old == new)


def show(path: Path) -> str:
    """A path as Pulumi writes it."""
    text = ""
    for step in path:
        if isinstance(step, int):
            text += f"[{step}]"
        elif _PLAIN_KEY.match(step):
            text += f".{step}" if text else step
        else:
            escaped = step.replace("\\", "\\\\").replace('"', '\\"')
            text += f'["{escaped}"]'
    return text


def parse(text: str) -> Path:
    """The steps of a path that a program gave (``ignoreChanges``); ``*`` is a step that stands for every one.

    Raises :class:`ValueError` for a text that is no path.
    """
    steps: list[Step] = []
    position = 0
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            raise ValueError(f"{text!r} is not a property path such as rules[0].expression")
        position = match.end()
        if (index := match["index"]) is not None:
            steps.append(WILDCARD if index == WILDCARD else int(index))
        elif match["quoted"] is not None:
            steps.append(re.sub(r"\\(.)", r"\1", match["quoted"]))
        else:
            steps.append(match["key"])
    if not steps:
        raise ValueError("a property path is empty")
    return tuple(steps)


def covers(pattern: Path, path: Path) -> bool:
    """Whether a change at ``path`` is one of or under ``pattern``, or takes ``pattern`` away whole."""
    return all(wanted in (WILDCARD, step) for wanted, step in zip(pattern, path, strict=False))


def keep(new: Properties, old: Properties, patterns: Iterable[Path]) -> Properties:
    """``new`` with the value that ``old`` has at each of ``patterns``: what ``ignoreChanges`` asks for."""
    kept: Any = new
    for pattern in patterns:
        kept = _keep(kept, old, pattern)
    return dict(kept)


def _keep(new: Any, old: Any, pattern: Path) -> Any:
    if not pattern:
        return old
    first, rest = pattern[0], pattern[1:]
    if isinstance(new, Mapping) and isinstance(old, Mapping):
        keys = [*new, *(key for key in old if key not in new)] if first == WILDCARD else [first]
        result = dict(new)
        for key in keys:
            value = _keep(result.get(key, _ABSENT), old.get(key, _ABSENT), rest)
            if value is _ABSENT:
                result.pop(key, None)
            else:
                result[key] = value
        return result
    if isinstance(new, list) and isinstance(old, list):
        if first == WILDCARD:
            return [_keep(item, was, rest) for item, was in zip(new, old, strict=False)] + (
                new[len(old) :] if rest else old[len(new) :]
            )
        if isinstance(first, int) and first < min(len(new), len(old)):
            return [*new[:first], _keep(new[first], old[first], rest), *new[first + 1 :]]
    return new
