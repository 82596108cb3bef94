"""The API's own description: read whole, without its references, or refused in one sentence."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import CheckError
from readiness.rows.authorization.ids import collection, creates, kind_elsewhere, kind_in_path
from readiness.rows.authorization.openapi import MOST_BYTES, MOST_OPERATIONS, Operation, operations_of
from readiness.rows.authorization.samples import fields_of, sample
from tests.unit.readiness.authorization.documents import UUID, at, board


def _read(document: Any) -> dict[str, Operation]:
    return {one.label: one for one in operations_of(document, 1)}


def test_operations_have_their_parameters_and_schemas_without_references() -> None:
    known = _read(board())
    assert len(known) == 8
    create = known["POST /orgs/{org_id}/posts"]
    assert [one.name for one in create.in_path] == ["org_id"]
    assert create.body
    assert set(fields_of(create.body)) == {"text"}
    assert create.answer
    assert set(fields_of(create.answer)) == {"id", "org_id", "author_id", "text"}
    assert [one.name for one in known["GET /orgs/{org_id}/posts"].in_query] == ["before", "limit"]
    assert [one.name for one in known["GET /orgs/{org_id}/posts/{post_id}"].in_path] == ["org_id", "post_id"]


def _nested(depth: int) -> Any:
    value: Any = {}
    for _ in range(depth):
        value = {"a": value}
    return {"openapi": "3.0.0", "paths": {}, "x": value}


def _referring(target: str) -> Any:
    return {"openapi": "3.1.0", "paths": {"/a": {"get": {"parameters": [{"$ref": target}]}}}}


def _wide() -> Any:
    """Each schema has ten of the next: 10^10 nodes when all are followed."""
    schemas = {
        f"S{n}": {"properties": {f"p{i}": {"$ref": f"#/components/schemas/S{min(n + 1, 9)}"} for i in range(10)}}
        for n in range(10)
    }
    body = {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/S0"}}}}
    return {"openapi": "3.1.0", "components": {"schemas": schemas}, "paths": {"/a": {"post": {"requestBody": body}}}}


@pytest.mark.parametrize(
    ("document", "why"),
    [
        (None, "does not say that it is OpenAPI 3"),
        ([], "does not say that it is OpenAPI 3"),
        ({"swagger": "2.0", "paths": {"/a": {"get": {}}}}, "does not say that it is OpenAPI 3"),
        ({"openapi": 3.1, "paths": {"/a": {"get": {}}}}, "does not say that it is OpenAPI 3"),
        ({"openapi": "3.1.0"}, "has no paths"),
        ({"openapi": "3.1.0", "paths": {}}, "has no operation"),
        ({"openapi": "3.1.0", "paths": {"no-slash": {"get": {}}, "/b": 7}}, "has no operation"),
        (_nested(100), "is nested deeper than"),
        (_nested(100_000), "is nested deeper than"),
        ({"openapi": "3.1.0", "paths": {f"/{n}": {"get": {}} for n in range(MOST_OPERATIONS + 1)}}, "operations, and"),
        (_referring("https://elsewhere.test/all.json#/x"), "leads nowhere in it"),
        (_referring("file:///etc/passwd"), "leads nowhere in it"),
        (_referring("#/components/none"), "leads nowhere in it"),
        (_referring("#/paths/~1a/get/parameters/7"), "leads nowhere in it"),
        (_wide(), "grows without bound"),
        ({"openapi": "3.1.0", "paths": {"/a": {"get": {"parameters": [at("a")] * 41}}}}, "41 parameters"),
    ],
)
def test_a_hostile_document_is_refused_in_one_sentence(document: Any, why: str) -> None:
    with pytest.raises(CheckError, match=why) as caught:
        operations_of(document, 1)
    assert "launch-ready:readiness.openapi" in str(caught.value)


def test_a_document_that_is_too_long_is_refused() -> None:
    with pytest.raises(CheckError, match="more than 4 MiB"):
        operations_of(board(), MOST_BYTES + 1)


def test_references_in_a_circle_end() -> None:
    again = {"$ref": "#/components/schemas/Again"}
    loops = {"Again": {"type": "object", "properties": {"again": again}}, "Self": {"$ref": "#/components/schemas/Self"}}
    body = {"content": {"application/json": {"schema": again}}}
    paths = {"/a": {"post": {"requestBody": body, "parameters": [{"$ref": "#/components/schemas/Self"}]}}}
    (one,) = operations_of({"openapi": "3.1.0", "components": {"schemas": loops}, "paths": paths}, 1)
    assert one.body
    assert set(one.body["properties"]) == {"again"}
    assert one.parameters == ()


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.sampled_from(["#/paths", "#/x", "get", "3.1"]),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                [
                    "openapi",
                    "paths",
                    "/a",
                    "/a/{b}",
                    "get",
                    "post",
                    "parameters",
                    "name",
                    "in",
                    "schema",
                    "$ref",
                    "content",
                ]
            )
            | st.text(max_size=6),
            inner,
            max_size=4,
        )
    ),
    max_leaves=25,
)


@given(_JSON, _JSON)
def test_whatever_the_document_it_is_read_or_refused(paths: Any, item: Any) -> None:
    try:
        operations = operations_of({"openapi": "3.1.0", "paths": {"/a/{b}": item, "/c": paths}}, 1)
    except CheckError:
        return
    for operation in operations:
        json.dumps([sample(operation.body or {}, "mark"), sample(operation.answer or {}, "mark", last=True)])
        creates(operation, operations)


@pytest.mark.parametrize(
    ("path", "name", "kind"),
    [
        ("/orgs/{org_id}", "org_id", "org"),
        ("/orgs/{orgId}", "orgId", "org"),
        ("/orgs/{id}", "id", "org"),
        ("/companies/{id}/people", "id", "company"),
        ("/orgs/{org_id}/members/{user_id}", "user_id", "user"),
        ("/orgs/{org_id}/members/{id}", "id", "user"),
        ("/orgs/{org_id}/members/{memberId}", "memberId", "user"),
        ("/addresses/{uuid}", "uuid", "address"),
        ("/boxes/{id}", "id", "box"),
        ("/blog/{slug}", "slug", "blog"),
        ("/{tenant}/posts", "tenant", "tenant"),
    ],
)
def test_an_id_in_the_path_is_of_the_thing_it_names(path: str, name: str, kind: str) -> None:
    operation = _read({"openapi": "3.1.0", "paths": {path: {"get": {"parameters": [at(name)]}}}})[f"GET {path}"]
    assert kind_in_path(operation, operation.in_path[0]) == kind


@pytest.mark.parametrize(
    ("name", "schema", "kind"),
    [
        ("author_id", UUID, "author"),
        ("org_id", {"type": "integer"}, "org"),
        ("before", UUID, "post"),
        ("before", {"anyOf": [UUID, {"type": "null"}]}, "post"),
        ("limit", {"type": "integer"}, ""),
        ("paid", {"type": "boolean"}, ""),
    ],
)
def test_an_id_elsewhere_is_told_by_its_name_or_its_format(name: str, schema: Any, kind: str) -> None:
    assert kind_elsewhere(_read(board())["GET /orgs/{org_id}/posts"], name, schema) == kind


def test_what_makes_a_thing_is_known_by_the_path_below_it() -> None:
    operations = operations_of(board(), 1)
    made = {one.label: creates(one, operations) for one in operations}
    assert {label: kind for label, kind in made.items() if kind} == {
        "POST /orgs": "org",
        "POST /orgs/{org_id}/posts": "post",
    }
    assert collection("/a/{b}/categories") == "category"


@pytest.mark.parametrize(
    ("schema", "value", "last"),
    [
        ({"type": "string"}, "mark", "mark"),
        ({"type": "string", "minLength": 6}, "markxx", "markxx"),
        ({"type": "string", "maxLength": 2}, "ma", "ma"),
        ({"enum": ["member", "owner"]}, "member", "owner"),
        ({"enum": ["member", "owner"], "default": "member"}, "member", "owner"),
        ({"type": "integer", "minimum": 3}, 3, 3),
        ({"type": "integer", "exclusiveMinimum": 3}, 4, 4),
        ({"type": "boolean"}, False, True),
        ({"anyOf": [{"type": "null"}, {"type": "string"}]}, "mark", "mark"),
        ({"type": ["null", "string"]}, "mark", "mark"),
        ({"type": "array", "minItems": 2, "items": {"type": "string"}}, ["mark", "mark"], ["mark", "mark"]),
        ({"type": "string", "format": "email"}, "mark@example.test", "mark@example.test"),
        ({"required": ["a"], "properties": {"a": {"type": "string"}, "b": {}}}, {"a": "mark"}, {"a": "mark"}),
        (
            {"allOf": [{"required": ["a"], "properties": {"a": {"const": 1}}}, {"type": "object"}]},
            {"a": 1},
            {"a": 1},
        ),
        ({"minimum": "x", "type": "integer"}, 0, 0),
    ],
)
def test_the_smallest_value_of_a_schema(schema: Any, value: Any, last: Any) -> None:
    assert sample(schema, "mark") == value
    assert sample(schema, "mark", last=True) == last
