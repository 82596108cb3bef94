"""A stack's file, changed in place: comments, order and blank lines stay as somebody wrote them.

PyYAML says where each value stands, the text is edited there, and what comes of it is read again: if that is not the
old content with the change and nothing else, the file is left as it is.
"""

from __future__ import annotations

import copy
import json
import os
import re
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import yaml

from core.errors import SettingsError
from core.settings.yaml_tree import Json, Place, parse_tree, read_tree

# A plain scalar that every reader of YAML takes for a text: a word, or what Pulumi's encryption makes.
_PLAIN = re.compile(r"v1:[A-Za-z0-9+/]+=*:[A-Za-z0-9+/]+=*|[A-Za-z][A-Za-z0-9_+/=-]*")
_NOT_TEXT = {"true", "false", "null", "yes", "no", "on", "off", "y", "n"}


class StackFile:
    """One file. Nothing is written before :meth:`save`."""

    def __init__(self, path: Path) -> None:
        """Read it. Raises :class:`SettingsError` for one that cannot be read or understood."""
        self._path = path
        self._value = read_tree(path).value
        self._text = path.read_text(encoding="utf-8")

    @property
    def value(self) -> Json:
        """What the file says, with the changes so far."""
        return self._value

    @property
    def text(self) -> str:
        """The file as it would be written now."""
        return self._text

    def set(self, place: Place, value: str | bool) -> None:
        """Have ``value`` stand at ``place``; its last key may be new in a mapping that is there.

        Raises :class:`SettingsError` that names the place, where the file is written in a way that this cannot change.
        """
        *above, key = place
        holder = self._node(tuple(above))
        if not isinstance(holder, yaml.MappingNode):
            raise self._cannot(place)
        pair = next((pair for pair in holder.value if pair[0].value == key), None)
        if pair is None:
            self._insert(holder, f"{key}: {_rendered(value)}", place)
        elif isinstance(pair[1], yaml.ScalarNode) and pair[1].style not in ("|", ">"):
            start, end = pair[1].start_mark.index, pair[1].end_mark.index
            self._text = self._text[:start] + _rendered(value) + self._text[end:]
        else:
            raise self._cannot(place)
        wanted = copy.deepcopy(self._value)
        cast(Any, _at(wanted, tuple(above)))[key] = value
        self._accept(wanted, place)

    def set_mapping(self, place: Place, value: Mapping[str, str]) -> None:
        """Have a new key, the last of ``place``, hold a mapping of texts."""
        *above, key = place
        holder = self._node(tuple(above))
        lines = [f"{key}:", *(f"  {name}: {_rendered(text)}" for name, text in value.items())]
        self._insert(holder, "\n".join(lines), place)
        wanted = copy.deepcopy(self._value)
        cast(Any, _at(wanted, tuple(above)))[key] = dict(value)
        self._accept(wanted, place)

    def append(self, place: Place, item: Mapping[str, str | bool]) -> None:
        """Add a mapping at the end of the list at ``place``."""
        holder = self._node(place)
        if not isinstance(holder, yaml.SequenceNode):
            raise self._cannot(place)
        first, *rest = (f"{name}: {_rendered(value)}" for name, value in item.items())
        self._insert(holder, "\n".join([f"- {first}", *(f"  {line}" for line in rest)]), place)
        wanted = copy.deepcopy(self._value)
        cast(Any, _at(wanted, place)).append(dict(item))
        self._accept(wanted, place)

    def remove(self, place: Place) -> None:
        """Take a key out of its mapping, if it is there: the lines from its name to the end of its value."""
        *above, key = place
        holder = self._node(tuple(above))
        pair = next((p for p in getattr(holder, "value", []) if isinstance(p, tuple) and p[0].value == key), None)
        if pair is None:
            return
        start = self._text.rfind("\n", 0, pair[0].start_mark.index) + 1
        if self._text[start : pair[0].start_mark.index].strip():
            raise self._cannot(place)
        self._text = self._text[:start] + self._text[self._end_of(pair[1]) :].removeprefix("\n")
        wanted = copy.deepcopy(self._value)
        del cast(Any, _at(wanted, tuple(above)))[key]
        self._accept(wanted, place)

    def save(self) -> None:
        """Write the file: whole or not at all, and durably. Raises :class:`SettingsError`."""
        try:
            mode = self._path.stat().st_mode & 0o777
            descriptor, aside = tempfile.mkstemp(dir=self._path.parent, prefix=f".{self._path.name}.")
            try:
                with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                    file.write(self._text)
                    os.fchmod(file.fileno(), mode)
                    file.flush()
                    os.fsync(file.fileno())
                Path(aside).replace(self._path)
            except BaseException:
                Path(aside).unlink(missing_ok=True)
                raise
        except OSError as error:
            raise SettingsError(f"{self._path} cannot be written: {error.strerror or error}") from None

    # --- the text ---

    def _node(self, place: Place) -> yaml.Node:
        node = yaml.compose(self._text, Loader=yaml.SafeLoader)
        for step in place:
            if isinstance(node, yaml.MappingNode):
                node = next((value for key, value in node.value if key.value == step), None)
            elif isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
                node = node.value[step]
            else:
                node = None
        if node is None:
            raise self._cannot(place)
        return node

    def _insert(self, holder: yaml.Node, lines: str, place: Place) -> None:
        """Put lines after the last one of a block collection, as deep as its own."""
        if not isinstance(holder, yaml.CollectionNode) or holder.flow_style or not holder.value:
            raise self._cannot(place)
        indent = " " * holder.start_mark.column
        at = self._end_of(holder)
        text = "".join(f"\n{indent}{line}" for line in lines.splitlines())
        self._text = self._text[:at] + text + self._text[at:]

    def _end_of(self, node: yaml.Node) -> int:
        """Where the last line of a value ends, before its line break. A comment on that line stays on it."""
        while isinstance(node, yaml.CollectionNode) and not node.flow_style and node.value:
            last = node.value[-1]
            node = last[1] if isinstance(last, tuple) else last
        end = node.end_mark.index
        if isinstance(node, yaml.ScalarNode) and node.style in ("|", ">"):
            return len(self._text[:end].rstrip())
        line_end = self._text.find("\n", end)
        return len(self._text) if line_end < 0 else line_end

    def _accept(self, wanted: Json, place: Place) -> None:
        try:
            found = parse_tree(self._text, str(self._path)).value
        except SettingsError:
            found = None
        if found != wanted:
            raise self._cannot(place)
        self._value = wanted

    def _cannot(self, place: Place) -> SettingsError:
        shown = ".".join(map(str, place))
        return SettingsError(
            f"{self._path}: {shown} is written in a way that is not changed by a command: write it out in lines of its"
            " own, as stacks/Pulumi.example.yaml has it, and run this again"
        )


def _at(value: Json, place: Place) -> Json:
    for step in place:
        value = cast(Any, value)[step]
    return value


def _rendered(value: str | bool) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    plain = _PLAIN.fullmatch(value) and value.lower() not in _NOT_TEXT
    return value if plain else json.dumps(value, ensure_ascii=False)
