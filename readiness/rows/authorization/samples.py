"""The smallest value that a JSON schema takes, with a mark in its texts by which it is known again."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from readiness.rows.authorization.openapi import Schema

_DEEPEST = 6


def sample(schema: Schema, mark: str, *, last: bool = False, depth: int = 0) -> Any:
    """A value for ``schema``: required fields alone, ``mark`` in free text. Of a choice the first, or the ``last``.

    What a pattern asks for is not made: such a call is refused by who gets it, and counts as not tried.
    """
    if depth > _DEEPEST:
        return None
    for key in ("const", "default", "example"):
        if key in schema and not (last and "enum" in schema):
            return schema[key]
    if isinstance(schema.get("enum"), list) and schema["enum"]:
        return schema["enum"][-1 if last else 0]
    for key in ("anyOf", "oneOf", "allOf"):
        choices = [one for one in schema.get(key) or () if one.get("type") != "null"]
        if choices:
            return _merged(choices, mark, last, depth) if key == "allOf" else sample(choices[0], mark, last=last)
    return _of_type(schema, mark, last, depth)


def fields_of(schema: Schema | None) -> Mapping[str, Schema]:
    """The properties of an object, those of its parts and of the items of a list too."""
    if not schema:
        return {}
    found = dict(schema.get("properties") or {})
    for part in (*(schema.get("allOf") or ()), *(schema.get("anyOf") or ()), schema.get("items") or {}):
        found = {**fields_of(part), **found}
    if isinstance(items := found.get("items"), Mapping) and items.get("type") == "array":
        found |= fields_of(items)
    return found


def _of_type(schema: Schema, mark: str, last: bool, depth: int) -> Any:
    kind = schema.get("type")
    kind = next((one for one in kind if one != "null"), None) if isinstance(kind, list) else kind
    if kind == "object" or "properties" in schema:
        required = schema.get("required") or ()
        fields = schema.get("properties") or {}
        return {name: sample(fields[name], mark, last=last, depth=depth + 1) for name in required if name in fields}
    if kind == "array":
        few = range(min(int(_number(schema.get("minItems"))), 3))
        return [sample(schema.get("items") or {}, mark, last=last, depth=depth + 1) for _ in few]
    if kind in ("integer", "number"):
        least = _number(schema.get("minimum", schema.get("exclusiveMinimum", -1) + 1))
        return int(least) if kind == "integer" else least
    return last if kind == "boolean" else _text(schema, mark)


def _text(schema: Schema, mark: str) -> str:
    match schema.get("format"):
        case "uuid":
            return str(uuid.uuid4())
        case "email":
            return f"{mark}@example.test"
        case "date-time":
            return "2030-01-01T00:00:00Z"
        case "date":
            return "2030-01-01"
        case "uri":
            return f"https://example.test/{mark}"
    text = mark.ljust(min(int(_number(schema.get("minLength"))), 2000), "x")
    return text[: int(_number(schema.get("maxLength"))) or None]


def _merged(parts: list[Schema], mark: str, last: bool, depth: int) -> Any:
    values = [sample(part, mark, last=last, depth=depth + 1) for part in parts]
    if all(isinstance(value, dict) for value in values):
        return {key: one for value in values for key, one in value.items()}
    return values[0]


def _number(value: Any) -> float:
    return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) < 1e9 else 0.0
