"""Sections of a stack's file: how one is declared, read and refused.

A section is a strict Pydantic model under ``config:`` in ``stacks/Pulumi.<stack>.yaml``, key ``launch-ready:<name>``.
Values are validated as JSON, as Pulumi hands them to its programs: a list fills a ``tuple``, a string a ``Literal``,
an ``IPv4Address`` or a date, and nothing else is converted (``"22"`` is not a port).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TypeVar

from pydantic import ValidationError

from core.errors import SettingsError
from core.settings.explain import explain
from core.settings.section import Section as Section
from core.settings.section import matching as matching
from core.settings.yaml_tree import Json, Tree, read_tree

NAMESPACE = "launch-ready"
# As deep as a file's values may nest: see core.settings.yaml_tree.
_DEEPEST = 60


S = TypeVar("S", bound=Section)


def stack_file(stacks_dir: Path, stack: str) -> Path:
    """The path of a stack's file. Raises :class:`SettingsError` that lists the stacks there are."""
    path = stacks_dir / f"Pulumi.{stack}.yaml"
    known = stacks_in(stacks_dir)
    if stack not in known:
        there = ", ".join(known) or "none yet"
        raise SettingsError(f"there is no stack {stack!r} in {stacks_dir}; the stacks are: {there}")
    return path


def stacks_in(stacks_dir: Path) -> list[str]:
    """The names of the stacks that have a file."""
    return sorted(file.name.removeprefix("Pulumi.").removesuffix(".yaml") for file in stacks_dir.glob("Pulumi.*.yaml"))


def load_sections(path: Path, wanted: Mapping[str, type[Section]]) -> dict[str, Section]:
    """Read a stack's file and validate the ``wanted`` sections (name → model), and none of the others.

    Raises :class:`SettingsError` that holds every reason, a line each: file and line, dotted path, what was found and
    what is allowed.
    """
    tree = read_tree(path)
    return validate_sections(config_of(tree), wanted, tree)


def config_of(tree: Tree) -> dict[str, Json]:
    """The mapping under ``config:`` of a stack's file, as it stands there."""
    config = tree.value.get("config", {}) if isinstance(tree.value, dict) else tree.value
    if not isinstance(config, dict):
        raise SettingsError(f"{tree.where(('config',))}: `config` must be a mapping of keys such as {NAMESPACE}:zone")
    return config


def validate_sections(
    config: Mapping[str, Json], wanted: Mapping[str, type[Section]], tree: Tree
) -> dict[str, Section]:
    """Validate ``config`` (``launch-ready:<name>`` → value); ``tree`` lends file and lines to the messages."""
    sections: dict[str, Section] = {}
    reasons: list[str] = []
    for name, model in wanted.items():
        key = f"{NAMESPACE}:{name}"
        try:
            sections[name] = _validate(config, key, model)
        except ValidationError as error:
            reasons += explain(error, model, config.get(key, {}), tree, ("config", key), f"config.{key}")
        except _UnreadableError as error:
            reasons.append(f"{tree.where(('config', key))}: {error}")
    if reasons:
        raise SettingsError("\n".join(reasons))
    return sections


class _UnreadableError(Exception):
    pass


def _validate(config: Mapping[str, Json], key: str, model: type[Section]) -> Section:
    if key not in config and (required := _required(model)):
        raise _UnreadableError(f"config.{key} is missing; it needs {', '.join(required)}")
    return model.model_validate_json(_encoded(config.get(key, {}), key))


def _encoded(value: Json, key: str) -> bytes:
    """``value`` as JSON. Raises for what a file cannot hold and Pulumi can hand over all the same (``--config``)."""
    try:
        _require_shallow(value, _DEEPEST)
        return json.dumps(value, allow_nan=False, ensure_ascii=False).encode()
    except RecursionError:
        raise _UnreadableError(f"config.{key} has values that nest deeper than {_DEEPEST} levels") from None
    except ValueError:
        wrong = "a number that is none (NaN, Infinity) or too long, or half of a character"
        raise _UnreadableError(f"config.{key} has a value that JSON has no form for: {wrong}") from None


def _require_shallow(value: Json, left: int) -> None:
    if not left:
        raise RecursionError
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        _require_shallow(inner, left - 1)


def _required(model: type[Section]) -> list[str]:
    return [name for name, field in model.model_fields.items() if field.is_required()]
