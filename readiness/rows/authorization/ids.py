"""Which thing an id is of: told by a parameter's name, and by what stands before it in the path."""

from __future__ import annotations

import re

from readiness.rows.authorization.openapi import Operation, Parameter, Schema

PEOPLE = frozenset({"user", "member", "account", "person", "profile"})
"""What a person is called as a thing."""
_ID = re.compile(r"(?:^|_)(?:id|uuid|uid|guid|key|slug)$")
_WORD = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_HOLE = re.compile(r"\{([^{}]+)\}")


def kind_in_path(operation: Operation, parameter: Parameter) -> str:
    """The thing that a parameter of the path names: ``org`` for ``org_id``, ``orgId``, and ``{id}`` below ``/orgs``."""
    before = operation.path.partition(f"{{{parameter.name}}}")[0]
    return named(parameter.name) or collection(before) or parameter.name.lower()


def kind_elsewhere(operation: Operation, name: str, schema: Schema) -> str:
    """The thing that a value of the query or the body names; "" for none.

    A UUID whose name does not tell (``before``) is of what the path is about.
    """
    snake = _snake(name)
    if _ID.search(snake) and (told := named(name)):
        return told
    formats = {schema.get("format"), *(one.get("format") for one in schema.get("anyOf") or ())}
    return collection(operation.path) if "uuid" in formats else ""


def named(name: str) -> str:
    """``org`` out of ``org_id`` or ``orgId``; "" out of ``id`` alone, the name itself out of any other."""
    return _person(_ID.sub("", _snake(name)))


def collection(path: str) -> str:
    """What the last plain word of a path has many of: ``post`` for ``/spaces/{space_id}/posts``."""
    words = [part for part in path.split("/") if part and not _HOLE.search(part)]
    return _person(_singular(words[-1].lower().replace("-", "_"))) if words else ""


def creates(operation: Operation, operations: tuple[Operation, ...]) -> str:
    """The kind of thing that ``operation`` makes one more of; "" where it makes nothing that a path names.

    That is a POST to the folder of a path that ends in an id.
    """
    if operation.method != "POST":
        return ""
    below = operation.path.rstrip("/") + "/"
    for other in operations:
        rest = other.path.removeprefix(below)
        if rest != other.path and (found := _HOLE.match(rest)):
            held = next((one for one in other.in_path if one.name == found[1]), None)
            return kind_in_path(other, held) if held else ""
    return ""


def _snake(name: str) -> str:
    return _WORD.sub("_", name).lower().replace("-", "_")


def _person(kind: str) -> str:
    return "user" if kind in PEOPLE else kind


def _singular(word: str) -> str:
    if word.endswith("ies"):
        return f"{word[:-3]}y"
    if word.endswith(("sses", "xes", "ches", "shes")):
        return word[:-2]
    return word[:-1] if word.endswith("s") and not word.endswith("ss") else word
