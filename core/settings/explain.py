"""Pydantic's errors as sentences for whoever wrote the file: where, what stands there, what is allowed."""

from __future__ import annotations

import difflib
import json
import types
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, Union, get_args, get_origin

from pydantic import ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from core.settings.section import Section, said_of
from core.settings.yaml_tree import Json, Place, Tree
from core.terminal import clean

_LONGEST_SHOWN = 80
_WANTED = {
    "model_type": "a mapping of keys",
    "model_attributes_type": "a mapping of keys",
    "dict_type": "a mapping of keys",
    "tuple_type": "a list",
    "list_type": "a list",
    "string_type": "a text, in quotes if it looks like something else",
    "bool_type": "true or false",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
}


def explain(
    error: ValidationError, model: type[Section], found: Json, tree: Tree, start: Place = (), name: str = ""
) -> list[str]:
    """A sentence for each reason in ``error``, which validating ``found`` as ``model`` raised; each on one line.

    ``found`` stands at the place ``start`` of ``tree``, and is called ``name`` there.
    """
    spots = [_spot(detail, model, found) for detail in error.errors(include_url=False)]
    return [
        clean(f"{tree.where(start + spot.place)}: {_sentence(spot, dotted(name, spot.place))}")
        for spot in spots
        if not _only_follows(spot)
    ]


def dotted(name: str, place: Place) -> str:
    """``name.key[0].key``, in which a key that is longer than any of ours is cut."""
    steps = "".join(f"[{step}]" if isinstance(step, int) else f".{cut(step)}" for step in place)
    return (name + steps).removeprefix(".")


@dataclass(frozen=True)
class _Spot:
    """Where an error is: its place in the file, the value there, and the models that know the place's last key."""

    detail: ErrorDetails
    place: Place
    value: Any
    owners: list[type[Section]]
    hidden: bool


def _spot(detail: ErrorDetails, model: type[Section], found: Json) -> _Spot:
    """Follow an error's ``loc``, in which Pydantic puts the tags of unions between the keys of the file."""
    value: Any = found
    place: list[str | int] = []
    models = owners = [model]
    for step in detail["loc"]:
        if _holds(value, step):
            value, owners = value[step], models
            models = _inside(models, step)
            place.append(step)
        elif step == detail["loc"][-1] and detail["type"] == "missing":
            owners = models
            place.append(step)
        else:
            models = [each for each in models if _is_tagged(each, step)] or models
    if detail["type"].startswith("union_tag"):
        tag = detail["ctx"]["discriminator"].strip("'")
        place, value, owners = [*place, tag], value.get(tag), models
    return _Spot(detail, tuple(place), value, owners, model.hide_values)


def _holds(value: Any, step: str | int) -> bool:
    return step in value if isinstance(value, dict) else isinstance(value, list) and isinstance(step, int)


def _inside(models: list[type[Section]], step: str | int) -> list[type[Section]]:
    if isinstance(step, int):
        return models
    annotations = [fields_of(each)[step].annotation for each in models if step in fields_of(each)]
    # A step that is no field is a key of a free mapping, whose values' models stand in `models` already.
    return [each for annotation in annotations for each in models_in(annotation)] or models


def _is_tagged(model: type[Section], tag: str | int) -> bool:
    literals = [f.annotation for f in model.model_fields.values() if get_origin(f.annotation) is Literal]
    return tag == model.__name__ or any(tag in get_args(literal) for literal in literals)


def _only_follows(spot: _Spot) -> bool:
    """A list is "too short" once its bad items are left out: those have sentences of their own."""
    short = spot.detail["type"] == "too_short" and isinstance(spot.value, list)
    return short and len(spot.value) >= spot.detail["ctx"]["min_length"]


def _sentence(spot: _Spot, where: str) -> str:
    kind, context = spot.detail["type"], spot.detail.get("ctx", {})
    if kind == "extra_forbidden":
        return f"{where} {_unknown_key(str(spot.place[-1]), spot.owners)}"
    if kind in ("missing", "union_tag_not_found"):
        return f"{where} is missing; {_described(str(spot.place[-1]), spot.owners)}"
    rule = _rule(kind, context, spot.detail["msg"])
    if (
        kind == "literal_error"
        and isinstance(spot.value, int | float)
        and f"'{spot.value}'" in str(context["expected"])
    ):
        rule += ", in quotes"
    if kind == "value_error" and isinstance(spot.value, dict | list):
        return f"{where}: {rule}"
    return f"{where} is {_show(spot.value, hidden=spot.hidden)}; {rule}"


def _rule(kind: str, context: Mapping[str, Any], message: str) -> str:
    if kind == "value_error":
        return str(context["error"])
    if kind in ("literal_error", "enum"):
        return f"allowed: {context['expected']}"
    if kind == "union_tag_invalid":
        return f"allowed: {context['expected_tags']}"
    if kind in _WANTED:
        return f"it must be {_WANTED[kind]}"
    rule = message[0].lower() + message[1:]
    return "it " + rule.removeprefix("input ").removeprefix("string ").removeprefix("tuple ")


def _unknown_key(key: str, owners: list[type[Section]]) -> str:
    allowed = sorted({name for owner in owners for name in fields_of(owner)})
    return f"is not a known key{near(key, allowed)}; allowed: {', '.join(allowed) or 'none'}"


def fields_of(model: type[Section]) -> dict[str, FieldInfo]:
    """A model's fields by what they are called in a file: some of those names mean something else to Pydantic."""
    return {field.alias or name: field for name, field in model.model_fields.items()}


def near(key: str, known: Iterable[str]) -> str:
    """`` (did you mean …?)`` if ``key`` looks like one of ``known``, else nothing."""
    close = difflib.get_close_matches(key, list(known), 1)
    return f" (did you mean {close[0]}?)" if close else ""


def _described(key: str, owners: list[type[Section]]) -> str:
    fields = [fields_of(owner)[key] for owner in owners if key in fields_of(owner)]
    values = [
        str(value)
        for field in fields
        if get_origin(field.annotation) is Literal
        for value in get_args(field.annotation)
    ]
    if values:
        return f"allowed: {', '.join(values)}"
    said = said_of(next(owner for owner in owners if key in fields_of(owner)), key)
    return f"it is needed: {(said or key).splitlines()[0]}"


def _show(value: Any, *, hidden: bool) -> str:
    if isinstance(value, dict | list):
        return "a mapping" if isinstance(value, dict) else f"a list of {len(value)}"
    if hidden and isinstance(value, str):
        return "a text (not shown)"
    text = json.dumps(value, ensure_ascii=False)
    return cut(text)


def cut(text: str) -> str:
    """``text``, no longer than a message can show; quotes where there is nothing to see."""
    if not text.strip():
        return json.dumps(text[:_LONGEST_SHOWN])
    return text if len(text) <= _LONGEST_SHOWN else text[: _LONGEST_SHOWN - 3] + "…"


def models_in(annotation: Any) -> Iterator[type[Section]]:
    """The sections that an annotation such as ``tuple[Rule, ...] | None`` names."""
    if isinstance(annotation, type) and not get_origin(annotation) and issubclass(annotation, Section):
        yield annotation
    elif get_origin(annotation) in (Union, types.UnionType, tuple, list, dict, Mapping) or get_args(annotation):
        for part in get_args(annotation):
            yield from models_in(part)
