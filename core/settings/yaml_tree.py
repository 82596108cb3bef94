"""A YAML document as plain JSON values, with the line of every key.

The YAML 1.2 core schema, as far as JSON goes, so that a value means the same here and to the Pulumi CLI (which reads
with ``go-yaml/yaml`` v3): ``on`` and ``12:30`` are strings. What the CLI takes for a number or a date and JSON has no
such form for (``0x1F``, ``012``, ``1_000``, ``2026-01-31``) must stand in quotes. Tags, anchors, aliases and keys that
stand twice are errors: the CLI would lose them or refuse them when it writes the file back.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias, cast

import yaml

from core.errors import SettingsError
from core.text import has_half_pairs

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"
Place: TypeAlias = tuple[str | int, ...]

_LARGEST_FILE = 1_000_000
_DEEPEST = 60
_TAG = "tag:yaml.org,2002:"
_Base: type[yaml.SafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _Loader(_Base):  # type: ignore[valid-type, misc]
    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012 - PyYAML's own name


for _tag, _pattern, _first in (
    ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    ("bool", r"true|True|TRUE|false|False|FALSE", list("tTfF")),
    ("int", r"[-+]?(?:0|[1-9][0-9]{0,17})", list("-+0123456789")),
    (
        "float",
        r"[-+]?(?:0|[1-9][0-9]{0,17})(?:\.[0-9]+(?:[eE][-+]?[0-9]{1,3})?|[eE][-+]?[0-9]{1,3})",
        list("-+0123456789"),
    ),
):
    _Loader.add_implicit_resolver(_TAG + _tag, re.compile(rf"^(?:{_pattern})$"), _first)

# Plain text that `resolve.go` of go-yaml v3 makes a number or a date of.
_READ_OTHERWISE = re.compile(
    r"[-+]?(?:0[xX][0-9a-fA-F_]+|0[bB][01_]+|0[oO][0-7_]+|[0-9][0-9_]*\.?[0-9_]*(?:[eE][-+]?[0-9_]+)?"
    r"|\.[0-9_]+(?:[eE][-+]?[0-9_]+)?|\.(?:inf|Inf|INF|nan|NaN|NAN))"
    r"|[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:[Tt ][-+0-9:.TZz ]*)?"
)


@dataclass(frozen=True)
class Tree:
    """What a file holds, and where: ``lines`` has the line (from 1) of each place."""

    name: str
    value: Json
    lines: Mapping[Place, int]

    def where(self, place: Place) -> str:
        """``file:line`` of a place, or of the nearest place around it that the file has."""
        for end in range(len(place), 0, -1):
            if line := self.lines.get(place[:end]):
                return f"{self.name}:{line}"
        return self.name


def read_tree(path: Path) -> Tree:
    """Read a file of YAML. Raises :class:`SettingsError` for one that cannot be read or understood."""
    try:
        with path.open("rb") as file:
            data = file.read(_LARGEST_FILE + 1)
        if len(data) > _LARGEST_FILE:
            raise SettingsError(f"{path} has more than {_LARGEST_FILE} bytes, which is the most of a stack's file")
        return parse_tree(data.decode("utf-8"), str(path))
    except OSError as error:
        raise SettingsError(f"{path} cannot be read: {error.strerror or error}") from None
    except UnicodeDecodeError as error:
        raise SettingsError(f"{path} is not UTF-8 text (byte {error.start}): save it as UTF-8") from None


def parse_tree(text: str, name: str) -> Tree:
    """As :func:`read_tree`, of text that is there already; ``name`` stands in the messages."""
    lines: dict[Place, int] = {}
    try:
        _refuse_what_is_not_a_tree(text, name)
        loader = _Loader(text)
        try:
            node = loader.get_single_node()
        finally:
            loader.dispose()
        value = None if node is None else _Reader(name, lines).read(node, ())
    except yaml.YAMLError as error:
        raise SettingsError(_describe(error, name, text)) from None
    return Tree(name, value, lines)


def _refuse_what_is_not_a_tree(text: str, name: str) -> None:
    """Raise for depth, anchors and tags. Of events alone: libyaml's composer overruns the stack on deep nesting."""
    depth = 0
    for event in yaml.parse(text, Loader=_Loader):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        reason = f"values nest deeper than {_DEEPEST} levels" if depth > _DEEPEST else ""
        if isinstance(event, yaml.AliasEvent | yaml.ScalarEvent | yaml.CollectionStartEvent):
            reason = reason or _not_plain(event)
        if reason and event.start_mark:
            raise SettingsError(f"{name}:{event.start_mark.line + 1}: {reason}")


def _not_plain(event: yaml.AliasEvent | yaml.ScalarEvent | yaml.CollectionStartEvent) -> str:
    if event.anchor is not None:
        return f"an anchor or alias ({event.anchor}) is used: write the value out in each place"
    tag = None if isinstance(event, yaml.AliasEvent) else event.tag
    return "" if tag is None else f"the tag {tag} is not allowed: use plain values"


def _describe(error: yaml.YAMLError, name: str, text: str) -> str:
    mark = getattr(error, "problem_mark", None)
    problem = getattr(error, "problem", None) or getattr(error, "reason", None) or "it cannot be read"
    place = f"{name}:{mark.line + 1}" if mark else name
    hint = ""
    if mark and problem.endswith("start any token"):
        hint = f": {_CANNOT_START.get(_character(text, mark), _IN_QUOTES)}"
    return f"{place} is not valid YAML: {problem}{hint}"


def _character(text: str, mark: yaml.Mark) -> str:
    line = [*text.splitlines(), ""][mark.line]
    return line[mark.column : mark.column + 1]


_CANNOT_START = {"\t": "it is a tab, and YAML takes spaces alone before a key"}
_IN_QUOTES = "put a value that begins with a sign such as @ in quotes"


class _Reader:
    def __init__(self, name: str, lines: dict[Place, int]) -> None:
        self._name = name
        self._lines = lines

    def read(self, node: yaml.Node, place: Place) -> Json:
        self._lines.setdefault(place, node.start_mark.line + 1)
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, place)
        if isinstance(node, yaml.SequenceNode):
            return [self.read(item, (*place, index)) for index, item in enumerate(node.value)]
        return self._scalar(cast(yaml.ScalarNode, node))

    def _mapping(self, node: yaml.MappingNode, place: Place) -> dict[str, Json]:
        result: dict[str, Json] = {}
        for key_node, value_node in node.value:
            key = self._scalar(key_node) if isinstance(key_node, yaml.ScalarNode) else None
            if not isinstance(key, str):
                raise self._error(key_node, "a key must be text: put it in quotes")
            if key in result:
                raise self._error(key_node, f"the key {key!r} stands twice: keep one of them")
            self._lines[(*place, key)] = key_node.start_mark.line + 1
            result[key] = self.read(value_node, (*place, key))
        return result

    def _scalar(self, node: yaml.ScalarNode) -> Json:
        kind, text = node.tag.removeprefix(_TAG), node.value
        if kind == "str":
            if has_half_pairs(text):
                raise self._error(node, "a text holds half of a surrogate pair, which is not a character")
            if not node.style and _READ_OTHERWISE.fullmatch(text):
                raise self._error(node, f"{text[:40]} is a number or a date to some readers of YAML: put it in quotes")
            return str(text)
        if kind == "null":
            return None
        if kind == "bool":
            return str(text).lower() == "true"
        if kind == "int":
            return int(text)
        if math.isfinite(number := float(text)):
            return number
        raise self._error(node, f"{text[:40]} is too large a number")

    def _error(self, node: yaml.Node, reason: str) -> SettingsError:
        return SettingsError(f"{self._name}:{node.start_mark.line + 1}: {reason}")
