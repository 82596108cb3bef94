"""Every place of the API that takes a value, one at a time: parameters by the OpenAPI document, fields by the calls."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlencode

from core.settings.calls import Call
from core.site import Reply
from readiness.rows.authorization.openapi import Operation, Parameter, operations_of
from readiness.rows.inputs.stage import Stage

_NOBODY = "00000000-0000-4000-8000-000000000000"


@dataclass(frozen=True)
class Place:
    """``ask`` sends a value there; ``name`` is for people."""

    name: str
    ask: Callable[[str], Reply] = field(repr=False)


def described(made: Stage) -> tuple[Operation, ...]:
    """The API's operations by its own document. Raises :class:`core.errors.CheckError`."""
    reply = made.ask("GET", made.target.settings.readiness.openapi)
    return operations_of(reply.json, len(reply.body))


def parameters(made: Stage, operations: tuple[Operation, ...]) -> Iterator[Place]:
    """Each parameter of each operation that only reads; the others have what the account owns."""
    for operation in operations:
        if operation.method != "GET":
            continue
        for one in (*operation.in_path, *operation.in_query):
            yield Place(f"{operation.label}: {one.name}", _asker(made, operation, one))


def fields(made: Stage) -> Iterator[Place]:
    """Each text field of the calls that write or look up."""
    known, nobody = made.target.settings.readiness.calls, f"nobody-{secrets.token_hex(8)}"
    for call in (known.login, known.reset, known.verify, known.accept_invite, known.create_org, known.create_space,
                 known.create_post):  # fmt: skip
        for name in call.body:
            yield Place(f"{call.method} {call.path}: {name}", _filler(made, call, name, nobody))


def _filler(made: Stage, call: Call, name: str, nobody: str) -> Callable[[str], Reply]:
    """``nobody`` stands in the other fields: who has never been tried is not kept out for what was tried before."""

    def ask(value: str) -> Reply:
        # An address keeps its shape, or it is refused for that alone.
        sent = {key: _shaped(text, re.sub(r"\{[a-z_]+\}", nobody, text)) for key, text in call.body.items()}
        return made.ask(call.method, made.filled(call.path), json={**sent, name: _shaped(call.body[name], value)})

    return ask


def _shaped(text: str, value: str) -> str:
    return f"{value}@check.test" if text == "{email}" else value


def _asker(made: Stage, operation: Operation, one: Parameter) -> Callable[[str], Reply]:
    def ask(value: str) -> Reply:
        path = operation.path
        for other in operation.in_path:
            given = value if other is one else made.ids.get(other.name) or sample(other.schema)
            path = path.replace(f"{{{other.name}}}", quote(given, safe=""))
        wanted = {other.name: sample(other.schema) for other in operation.in_query if other.required}
        query = {**wanted, one.name: value} if one.where == "query" else wanted
        return made.ask("GET", path + (f"?{urlencode(query)}" if query else ""))

    return ask


def sample(schema: Mapping[str, Any]) -> str:
    """A value of the kind that a schema means."""
    kinds = [schema, *schema.get("anyOf", ())]
    if any(kind.get("format") == "uuid" for kind in kinds):
        return _NOBODY
    if any(kind.get("type") in ("integer", "number") for kind in kinds):
        return "1"
    return "true" if any(kind.get("type") == "boolean" for kind in kinds) else "x"
