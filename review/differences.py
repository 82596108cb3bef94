"""What differs between two versions of a resource, place by place: structure in texts as structure, lists by what names
their items, and never a secret's value.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from core.resources import SECRET
from review.show import show
from review.steps import Step
from review.texts import read_text

_NAMES: Final = ("ref", "id", "key", "name", "hostname", "urn")
_MOST: Final = 200


@dataclass(frozen=True)
class Difference:
    """One place (``rules[login].ratelimit.period``). ``before`` and ``after`` are shown values, "" for none."""

    kind: Literal["added", "removed", "changed", "moved"]
    place: str
    before: str = ""
    after: str = ""


def differences(step: Step) -> list[Difference]:
    """Every difference of a step that updates or replaces: at most 200."""
    if step.before is None or step.after is None:
        return []
    walk = _Walk(tuple(step.paths))
    found = []
    for one in walk.mapping("", "", step.before.properties, step.after.properties):
        found.append(one)
        if len(found) == _MOST:
            break
    return found


class _Walk:
    """A walk through both versions. ``wire`` is the place as Pulumi's paths have it, by positions in the new one."""

    def __init__(self, paths: tuple[str, ...]) -> None:
        self._paths = paths

    def mapping(self, place: str, wire: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Difference]:
        for key in dict.fromkeys((*old, *new)):
            inner = f"{place}.{key}" if place else key
            path = f"{wire}.{key}" if wire else key
            if key not in new:
                yield Difference("removed", inner, show(old[key]))
            elif key not in old:
                yield Difference("added", inner, "", show(new[key]))
            else:
                yield from self._value(inner, path, old[key], new[key])

    def _value(self, place: str, wire: str, old: Any, new: Any) -> Iterator[Difference]:
        if isinstance(old, dict) and isinstance(new, dict):
            yield from self.mapping(place, wire, old, new)
        elif isinstance(old, list) and isinstance(new, list):
            yield from self._list(place, wire, old, new)
        elif old == SECRET == new:
            # Both read "[secret]": whether they differ, only the CLI's own comparison says.
            if any(path == wire or path.startswith((f"{wire}.", f"{wire}[")) for path in self._paths):
                yield Difference("changed", place, SECRET, f"{SECRET} (another value)")
        elif old != new or isinstance(old, bool) != isinstance(new, bool):
            yield from self._leaf(place, wire, old, new)

    def _leaf(self, place: str, wire: str, old: Any, new: Any) -> Iterator[Difference]:
        inside = [_inside(one) for one in (old, new)]
        if inside[0] is not None and type(inside[0]) is type(inside[1]):
            yield from self._value(f"{place} (JSON)", f"{wire}\0", inside[0], inside[1])
            return
        texts = [read_text(one) if isinstance(one, str) else None for one in (old, new)]
        if texts[0] and texts[1] and texts[0].scheme and texts[0].scheme == texts[1].scheme:
            yield from self.mapping(f"{place} ({texts[0].scheme})", f"{wire}\0", texts[0].tags, texts[1].tags)
            return
        yield Difference("changed", place, show(old), show(new))

    def _list(self, place: str, wire: str, old: list[Any], new: list[Any]) -> Iterator[Difference]:
        key = _name_of(old, new)
        if key is not None:
            yield from self._named(place, wire, key, old, new)
        elif all(not isinstance(one, dict | list) for one in (*old, *new)):
            yield from _members(place, old, new)
        else:
            for index in range(max(len(old), len(new))):
                inner, path = f"{place}[{index}]", f"{wire}[{index}]"
                if index >= len(new):
                    yield Difference("removed", inner, show(old[index]))
                elif index >= len(old):
                    yield Difference("added", inner, "", show(new[index]))
                else:
                    yield from self._value(inner, path, old[index], new[index])

    def _named(self, place: str, wire: str, key: str, old: list[Any], new: list[Any]) -> Iterator[Difference]:
        before, after = {str(one[key]): one for one in old}, {str(one[key]): one for one in new}
        positions = {str(one[key]): index for index, one in enumerate(new)}
        for name in dict.fromkeys((*before, *after)):
            inner = f"{place}[{name}]"
            if name not in after:
                yield Difference("removed", inner, show(before[name]))
            elif name not in before:
                yield Difference("added", inner, "", show(after[name]))
            else:
                yield from self._value(inner, f"{wire}[{positions[name]}]", before[name], after[name])
        kept = [[name for name in one if name in before and name in after] for one in (before, after)]
        if kept[0] != kept[1]:
            yield Difference("moved", place, ", ".join(kept[0]), ", ".join(kept[1]))


def _members(place: str, old: list[Any], new: list[Any]) -> Iterator[Difference]:
    went, came = [one for one in old if one not in new], [one for one in new if one not in old]
    yield from (Difference("removed", f"{place}[]", show(one)) for one in went)
    yield from (Difference("added", f"{place}[]", "", show(one)) for one in came)
    if not went and not came and old != new:
        yield Difference("moved", place, show(old), show(new))


def _name_of(old: list[Any], new: list[Any]) -> str | None:
    """The key that names every item of both lists, and none twice."""
    for key in _NAMES:
        lists = [[one.get(key) if isinstance(one, dict) else None for one in side] for side in (old, new)]
        names = [name for side in lists for name in side]
        single = all(len(set(map(str, side))) == len(side) for side in lists)
        if names and single and all(isinstance(name, str) and name for name in names):
            return key
    return None


def _inside(value: Any) -> Any:
    """The structure that a text holds as JSON, if it does."""
    if not isinstance(value, str) or not value.lstrip().startswith(("{", "[")):
        return None
    try:
        found = json.loads(value)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict | list) else None
