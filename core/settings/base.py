"""Sections of a stack's file: how one is declared, read and refused.

A section is a strict Pydantic model under ``config:`` in ``stacks/Pulumi.<stack>.yaml``, key ``launch-ready:<name>``.
Values are validated as JSON, as Pulumi hands them to its programs: a list fills a ``tuple``, a string a ``Literal``,
an ``IPv4Address`` or a date, and nothing else is converted (``"22"`` is not a port).
"""

from __future__ import annotations

import difflib
import json
import types
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import ErrorDetails

from core.errors import SettingsError
from core.settings.yaml_tree import Json, Place, Tree, read_tree

NAMESPACE = "launch-ready"


class Section(BaseModel):
    """The base of every section and of what stands in it: unknown keys are errors, values keep their type.

    A section whose values must not be shown in an error message sets ``hide_values``.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, use_attribute_docstrings=True)
    hide_values: ClassVar[bool] = False


S = TypeVar("S", bound=Section)


def stack_file(stacks_dir: Path, stack: str) -> Path:
    """The path of a stack's file. Raises :class:`SettingsError` that lists the stacks there are."""
    path = stacks_dir / f"Pulumi.{stack}.yaml"
    known = sorted(file.name.removeprefix("Pulumi.").removesuffix(".yaml") for file in stacks_dir.glob("Pulumi.*.yaml"))
    if stack not in known:
        there = ", ".join(known) or "none yet"
        raise SettingsError(f"there is no stack {stack!r} in {stacks_dir}; the stacks are: {there}")
    return path


def load_section(path: Path, name: str, model: type[S]) -> S:
    """Read and validate one section of a stack's file, and none of the others."""
    section = load_sections(path, {name: model})[name]
    if not isinstance(section, model):
        raise TypeError(f"section {name} is a {type(section).__name__}, not a {model.__name__}")
    return section


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
            found = config.get(key, {})
            reasons += [_explain(detail, key, model, found, tree) for detail in error.errors(include_url=False)]
        except _MissingError as error:
            reasons.append(f"{tree.name}: {error}")
    if reasons:
        raise SettingsError("\n".join(reasons))
    return sections


class _MissingError(Exception):
    pass


def _validate(config: Mapping[str, Json], key: str, model: type[Section]) -> Section:
    if key not in config and (required := _required(model)):
        raise _MissingError(f"config.{key} is missing; it needs {', '.join(required)}")
    return model.model_validate_json(json.dumps(config.get(key, {})))


def _required(model: type[Section]) -> list[str]:
    return [name for name, field in model.model_fields.items() if field.is_required()]


def _explain(detail: ErrorDetails, key: str, model: type[Section], found: Json, tree: Tree) -> str:
    place = tuple(_real_place(detail, found))
    dotted = f"config.{key}" + "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in place)
    start: Place = ("config", key)
    return f"{tree.where(start + place)}: {dotted} {_reason(detail, place, model, found)}"


def _real_place(detail: ErrorDetails, found: Json) -> Iterator[str | int]:
    """The steps of an error's place that a reader can follow: Pydantic adds names of union members to it."""
    value: Any = found
    last = len(detail["loc"]) - 1
    for index, step in enumerate(detail["loc"]):
        inside = step in value if isinstance(value, dict) else isinstance(value, list) and isinstance(step, int)
        if inside:
            value = value[step]
            yield step
        elif index == last and detail["type"] == "missing":
            yield step


def _reason(detail: ErrorDetails, place: Place, model: type[Section], found: Json) -> str:
    kind, context = detail["type"], detail.get("ctx", {})
    if kind == "extra_forbidden":
        return _unknown_key(str(place[-1]), allowed_keys(model, place[:-1]))
    if kind == "missing":
        return "is missing"
    if kind == "value_error":
        rule = str(context["error"])
    elif kind in ("literal_error", "enum"):
        rule = f"allowed: {context['expected']}"
    else:
        rule = detail["msg"][0].lower() + detail["msg"][1:]
    return f"is {_show(found, place, model)}; {rule.removeprefix('input ')}"


def _unknown_key(key: str, allowed: Iterable[str]) -> str:
    names = sorted(allowed)
    near = difflib.get_close_matches(key, names, 1)
    hint = f" (did you mean {near[0]}?)" if near else ""
    return f"is not a known key{hint}; allowed: {', '.join(names) or 'none'}"


def _show(found: Json, place: Place, model: type[Section]) -> str:
    value: Any = found
    for step in place:
        value = value[step]
    if isinstance(value, dict | list):
        return "a mapping" if isinstance(value, dict) else f"a list of {len(value)}"
    if model.hide_values and isinstance(value, str):
        return "a text (not shown)"
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 80 else text[:77] + "…"


def allowed_keys(model: type[Section], place: Place) -> set[str]:
    """The keys that a model allows at a place of its value."""
    models: list[type[Section]] = [model]
    for step in place:
        if isinstance(step, int):
            continue
        declared = [m.model_fields[step].annotation for m in models if step in m.model_fields]
        # a step that is no field is a key of a free mapping, whose values' models stand in `models` already
        models = [m for annotation in declared for m in models_in(annotation)] or models
    return {name for m in models for name in m.model_fields}


def models_in(annotation: Any) -> Iterator[type[Section]]:
    """The sections that an annotation such as ``tuple[Rule, ...] | None`` names."""
    if isinstance(annotation, type) and not get_origin(annotation) and issubclass(annotation, Section):
        yield annotation
    elif get_origin(annotation) in (Union, types.UnionType, tuple, list, dict, Mapping) or get_args(annotation):
        for part in get_args(annotation):
            yield from models_in(part)
