"""An OpenAPI 3 document as operations: what may be called, with which parameters, and what comes back.

The document is a stranger's: it is bounded in size, depth and number, references lead nowhere but into itself, and
those that lead in circles end in a schema that says nothing. (OpenAPI 3.1.1; references: RFC 6901.)
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from referencing import Registry, Resource
from referencing.exceptions import Unresolvable
from referencing.jsonschema import DRAFT202012

from core.errors import CheckError

MOST_BYTES = 4 * 1024 * 1024
MOST_OPERATIONS = 400
MOST_PARAMETERS = 40
_DEEPEST = 64
_DEEPEST_SCHEMA = 10
_MOST_PARTS = 200_000
_MOST_FOLLOWED = 50_000
_METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")

Schema = Mapping[str, Any]


@dataclass(frozen=True)
class Parameter:
    """A value in the path or the query. ``schema`` has no references left."""

    name: str
    where: str
    required: bool
    schema: Schema


@dataclass(frozen=True)
class Operation:
    """One method of one path. ``body`` is its JSON's schema, ``answer`` that of its first 2xx; None without one."""

    method: str
    path: str
    parameters: tuple[Parameter, ...] = ()
    body: Schema | None = None
    answer: Schema | None = None

    @property
    def label(self) -> str:
        """``GET /api/orgs/{org_id}``."""
        return f"{self.method} {self.path}"

    @property
    def in_path(self) -> tuple[Parameter, ...]:
        """The parameters of the path, in the path's order."""
        held = [one for one in self.parameters if one.where == "path" and f"{{{one.name}}}" in self.path]
        return tuple(sorted(held, key=lambda one: self.path.index(f"{{{one.name}}}")))

    @property
    def in_query(self) -> tuple[Parameter, ...]:
        """Those of the query."""
        return tuple(one for one in self.parameters if one.where == "query")


def operations_of(document: Any, size: int) -> tuple[Operation, ...]:
    """The operations, sorted by path and method; ``size`` is the document's, in bytes.

    Raises :class:`CheckError` that says why a document is refused.
    """
    if size > MOST_BYTES:
        raise _refused(f"has more than {MOST_BYTES // 1024**2} MiB")
    _bounded(document)
    version = document.get("openapi") if isinstance(document, dict) else None
    if not isinstance(version, str) or not version.startswith("3."):
        raise _refused("does not say that it is OpenAPI 3 (openapi: 3.x)")
    paths = document.get("paths")
    if not isinstance(paths, dict):
        raise _refused("has no paths")
    found = [operation for path, item in paths.items() for operation in _Reader(document).of_path(path, item)]
    if not found:
        raise _refused("has no operation")
    if len(found) > MOST_OPERATIONS:
        raise _refused(f"has {len(found)} operations, and {MOST_OPERATIONS} are the most that are tried")
    return tuple(sorted(found, key=lambda one: (one.path, one.method)))


class _Reader:
    """Reads the operations of one document, following its references."""

    def __init__(self, document: Schema) -> None:
        resource = Resource.from_contents(document, default_specification=DRAFT202012)
        # Nothing retrieves: a reference to anywhere else cannot be followed.
        self._resolver = Registry().with_resource("", resource).resolver()
        self._nodes = 0

    def of_path(self, path: Any, item: Any) -> Iterator[Operation]:
        item = self._followed(item)
        if not isinstance(path, str) or not path.startswith("/") or not isinstance(item, dict):
            return
        for method in _METHODS:
            if isinstance(item.get(method), dict):
                yield self._operation(method, path, item)

    def _operation(self, method: str, path: str, item: Schema) -> Operation:
        own = item[method]
        listed = [*_listed(item.get("parameters")), *_listed(own.get("parameters"))]
        if len(listed) > MOST_PARAMETERS:
            raise _refused(f"has {len(listed)} parameters for {method.upper()} {path[:80]}")
        parameters = {(one.where, one.name): one for one in map(self._parameter, listed) if one}
        return Operation(
            method.upper(),
            path,
            tuple(parameters.values()),
            self._content(self._followed(own.get("requestBody"))),
            self._answer(own.get("responses")),
        )

    def _parameter(self, raw: Any) -> Parameter | None:
        raw = self._followed(raw)
        if not isinstance(raw, dict) or not isinstance(raw.get("name"), str):
            return None
        where = raw.get("in")
        return Parameter(raw["name"], str(where), raw.get("required") is True, self._plain(raw.get("schema"), 0))

    def _answer(self, responses: Any) -> Schema | None:
        good = [key for key in responses if str(key).startswith("2")] if isinstance(responses, dict) else []
        return self._content(self._followed(responses[min(good, key=str)])) if good else None

    def _content(self, holder: Any) -> Schema | None:
        content = holder.get("content") if isinstance(holder, dict) else None
        for media, said in content.items() if isinstance(content, dict) else ():
            if str(media).partition(";")[0].endswith("json") and isinstance(said, dict):
                return self._plain(said.get("schema"), 0)
        return None

    def _plain(self, schema: Any, depth: int) -> Schema:
        """A copy without references; what is too deep or runs in a circle says nothing."""
        schema = self._followed(schema)
        self._nodes += 1
        if self._nodes > _MOST_FOLLOWED:
            raise _refused("grows without bound when its references are followed")
        if not isinstance(schema, dict) or depth > _DEEPEST_SCHEMA:
            return {}
        plain = {key: value for key, value in schema.items() if not isinstance(value, (dict, list))}
        plain |= {key: schema[key] for key in ("enum", "examples", "type", "required") if key in schema}
        for key in ("items", "additionalProperties"):
            if isinstance(schema.get(key), dict):
                plain[key] = self._plain(schema[key], depth + 1)
        for key in ("anyOf", "oneOf", "allOf"):
            if key in schema:
                plain[key] = [self._plain(one, depth + 1) for one in _listed(schema[key])[:MOST_PARAMETERS]]
        fields = schema.get("properties")
        if isinstance(fields, dict):
            plain["properties"] = {str(name): self._plain(one, depth + 1) for name, one in fields.items()}
        return plain

    def _followed(self, node: Any) -> Any:
        resolver = self._resolver
        for _ in range(_DEEPEST_SCHEMA):
            if not isinstance(node, dict) or not isinstance(node.get("$ref"), str):
                return node
            try:
                found = resolver.lookup(node["$ref"])
            except (Unresolvable, ValueError, TypeError, KeyError, RecursionError):
                raise _refused(f"has a reference that leads nowhere in it ({node['$ref'][:80]})") from None
            node, resolver = found.contents, found.resolver
        return {}


def _bounded(document: Any) -> None:
    """Refuses what is too deep or has too many nodes, without recursion. Raises :class:`CheckError`."""
    level: list[Any] = [document] if isinstance(document, (dict, list)) else []
    for _ in range(_DEEPEST):
        level = [
            below
            for node in level
            for below in (node.values() if isinstance(node, dict) else node)
            if isinstance(below, (dict, list))
        ]
        if len(level) > _MOST_PARTS:
            raise _refused(f"has more than {_MOST_PARTS} parts")
        if not level:
            return
    raise _refused(f"is nested deeper than {_DEEPEST}")


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _refused(why: str) -> CheckError:
    return CheckError(f"the API's OpenAPI document {why}: see launch-ready:readiness.openapi")
