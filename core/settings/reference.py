"""The documentation of a stack's file, made from its models: ``python -m core.settings.reference >docs/stack-file.md``.

A test holds the page against the models, so neither can say what the other does not.
"""

from __future__ import annotations

import inspect
import json
import re
import sys
from collections.abc import Iterator, Mapping
from typing import Any

from core.settings.base import NAMESPACE
from core.settings.calls import Call
from core.settings.explain import models_in
from core.settings.section import Section, said_of
from core.settings.stack import SECTIONS

_PREAMBLE = """\
# A stack's file

`stacks/Pulumi.<stack>.yaml` says everything about one environment. Pulumi reads it, and so do `invoke deploy` and the
other commands, each the sections that it needs. `stacks/Pulumi.example.yaml` is a whole one with comments: begin with a
copy of it.

The file is read strictly. An unknown key, a bad value, a missing one, and what does not hold between two sections, end
every command before anything is changed, with a sentence for each reason: file, line, path, and what is allowed.

- A value keeps its type: `"60"` is a text and no number.
- What some readers of YAML take for a number or a date (`012`, `0x1F`, `2026-01-31`) stands in quotes.
- Anchors, aliases and tags are refused, for Pulumi would lose them when it writes the file back.
- A secret's value is never in a section: it stands beside them, encrypted by `pulumi config set --secret`.
- Cloudflare's token is not in the file at all: it comes from `CLOUDFLARE_API_TOKEN`.

This page is made from the models in `core/settings/`: `python -m core.settings.reference >docs/stack-file.md`.
"""

Schema = Mapping[str, Any]


def reference() -> str:
    """The page, as Markdown."""
    return "\n".join([_PREAMBLE, *(line for name, model in SECTIONS.items() for line in _section(name, model))])


def _section(name: str, model: type[Section]) -> Iterator[str]:
    # A section's module begins with "Section ``launch-ready:name``: what it is about."
    about = (inspect.getdoc(inspect.getmodule(model)) or "").partition(": ")[2]
    yield f"## `{NAMESPACE}:{name}`\n\n{_markdown(about[0].upper() + about[1:])}\n"
    yield from _table(model)
    for inner in _models_below(model):
        yield f"### {inner.__name__}\n\n{_markdown(inspect.getdoc(inner) or '')}\n"
        yield from _table(inner)


def _models_below(model: type[Section]) -> Iterator[type[Section]]:
    for field in model.model_fields.values():
        for inner in models_in(field.annotation):
            yield inner
            yield from _models_below(inner)


def _table(model: type[Section]) -> Iterator[str]:
    schema = model.model_json_schema()
    yield "| key | value | default | |\n|---|---|---|---|"
    for key, schema_of_key in schema["properties"].items():
        value = _value(schema_of_key, schema)
        default = "needed" if key in schema.get("required", ()) else _default(_default_of(model, key))
        yield f"| `{key}` | {value} | {default} | {_markdown(said_of(model, key))} |"
    yield ""


def _default_of(model: type[Section], key: str) -> Any:
    field = next(field for name, field in model.model_fields.items() if key in (name, field.alias))
    return field.get_default(call_default_factory=True)


def _default(value: Any) -> str:
    if isinstance(value, Call):
        return f"`{value.method} {value.path}`"
    if isinstance(value, Section):
        return "its defaults"
    return "" if value is None or value in ((), {}) else f"`{json.dumps(value)}`"


def _value(schema: Schema, root: Schema) -> str:
    """What may stand somewhere, in words."""
    if "enum" in schema or "const" in schema:
        return ", ".join(f"`{json.dumps(value)}`" for value in schema.get("enum", [schema.get("const")]))
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return f"[{name}](#{name.lower()})"
    if alternatives := schema.get("anyOf", schema.get("oneOf")):
        return " or ".join(_value(each, root) for each in alternatives if each.get("type") != "null")
    if schema["type"] == "array":
        return f"list of {_value(schema['items'], root)}"
    if schema["type"] == "object":
        return f"{_value(schema['additionalProperties'], root)} by name"
    if schema["type"] in ("integer", "number"):
        return ("whole number" if schema["type"] == "integer" else "number") + _range(schema)
    return {"boolean": "`true`, `false`", "string": "text"}[schema["type"]]


def _range(schema: Schema) -> str:
    low, high = schema.get("minimum"), schema.get("maximum")
    if (above := schema.get("exclusiveMinimum")) is not None:
        return f" over {above}" + (f", up to {high}" if high is not None else "")
    return f", {low} to {high}" if high is not None else f", from {low}"


def _markdown(docstring: str) -> str:
    """A docstring's words: literals as Markdown has them, roles by their name, one line a paragraph."""
    text = re.sub(r":\w+:`~?([^`]+)`", r"`\1`", docstring).replace("``", "`")
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in text.split("\n\n"))


if __name__ == "__main__":
    sys.stdout.write(reference())
