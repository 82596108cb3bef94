"""Fields that are not offered, members out of a list, GraphQL's answers, and spellings of a path."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.settings.readiness import Readiness
from core.site import Reply
from readiness.rows.authorization.fields import Extra, extras, holds
from readiness.rows.authorization.graphql import is_graphql, schema_in
from readiness.rows.authorization.matrix import account_calls, is_admins
from readiness.rows.authorization.members import roles_of
from readiness.rows.authorization.openapi import operations_of
from readiness.rows.authorization.tricks import deletions, readings, spellings
from tests.unit.readiness.authorization.documents import at, board

ROLES = ("member", "admin", "owner")
THEIRS = {"org": "org-of-theirs", "user": "user-of-theirs", "post": "post-of-theirs"}


def test_what_a_form_does_not_offer_is_sent_and_never_what_it_offers() -> None:
    create = {one.label: one for one in operations_of(board(), 1)}["POST /orgs/{org_id}/posts"]
    sent = {one.name: one.value for one in extras(create, THEIRS, ROLES, "post")}
    assert list(sent) == ["role", "is_admin", "org_id", "author_id", "id"]
    assert (sent["role"], sent["is_admin"], sent["org_id"]) == ("owner", True, "org-of-theirs")
    assert sent["author_id"] == "user-of-theirs"
    assert sent["id"] not in THEIRS.values()


@pytest.mark.parametrize(
    ("document", "extra", "there"),
    [
        ({"role": "owner"}, Extra("role", "owner"), True),
        ({"role": "member"}, Extra("role", "owner"), False),
        ({"items": [{"author_id": "u1"}]}, Extra("author_id", "u1"), True),
        ({"items": [{"editor_id": "u1"}]}, Extra("author_id", "u1"), False),
        ({"is_admin": True}, Extra("is_admin", True), True),
        ({"is_admin": 1}, Extra("is_admin", True), False),
        ({"created_at": "2001-02-03T04:05:06+00:00"}, Extra("created_at", "2001-02-03T04:05:06Z"), True),
        ({"created_at": "2026-02-03T04:05:06Z"}, Extra("created_at", "2001-02-03T04:05:06Z"), False),
        (None, Extra("role", "owner"), False),
        ("role", Extra("role", "owner"), False),
    ],
)
def test_a_field_is_taken_if_it_stands_there_with_its_value(document: Any, extra: Extra, there: bool) -> None:
    assert holds(document, extra) is there


@pytest.mark.parametrize(
    ("document", "roles"),
    [
        ([{"user_id": "u1", "role": "owner"}, {"user_id": "u2", "role": "member"}], ["owner"]),
        ({"items": [{"user": {"id": "u1"}, "level": "admin"}]}, ["admin"]),
        ({"data": {"members": [{"id": "u1"}]}}, [""]),
        ([{"user_id": "u1", "role": "member"}, {"user_id": "u1", "role": "admin"}], ["member", "admin"]),
        ([{"user_id": "u2", "invited_by": {"id": "u3"}}], []),
        ([], []),
        (None, []),
        ("u1", []),
    ],
)
def test_members_are_read_out_of_a_list(document: Any, roles: list[str]) -> None:
    assert roles_of(document, "u1", ROLES) == roles


_ANY = st.recursive(st.none() | st.text() | st.integers(), lambda one: st.lists(one) | st.dictionaries(st.text(), one))


@given(_ANY)
def test_any_document_is_looked_through(document: Any) -> None:
    assert all(isinstance(one, str) for one in roles_of(document, "u1", ROLES))
    assert isinstance(holds(document, Extra("role", "owner")), bool)
    reply = Reply(200, body=json.dumps(document).encode())
    assert schema_in(reply) <= is_graphql(reply)


@pytest.mark.parametrize(
    ("document", "graphql", "schema"),
    [
        ({"data": {"__schema": {"types": []}}}, True, True),
        ({"errors": [{"message": "introspection is off"}]}, True, False),
        ({"data": None, "errors": [{"message": "no"}]}, True, False),
        ({"title": "Not Found", "status": 404}, False, False),
        ({"title": "Not valid", "errors": [{"message": "x"}]}, False, False),
        ({"errors": [{"at": [], "reason": "x"}]}, False, False),
        ([1], False, False),
    ],
)
def test_graphql_is_told_by_its_answers(document: Any, graphql: bool, schema: bool) -> None:
    reply = Reply(200, body=json.dumps(document).encode())
    assert (is_graphql(reply), schema_in(reply)) == (graphql, schema)


def test_a_path_is_spelled_in_other_ways_each_once() -> None:
    spelled = [trick.ask.path for trick in spellings("/api/admin/users")]
    assert len(spelled) == len(set(spelled)) == 11
    assert "/api/admin/users" not in spelled
    assert "/%61pi/admin/users" in spelled
    assert "//api/admin/users" in spelled


def test_deletes_are_tried_without_delete_and_reads_without_get() -> None:
    assert {trick.ask.method for trick in deletions("/x")} == {"POST", "GET"}
    assert all(trick.ask.method != "GET" for trick in readings("/x"))


def test_ones_own_account_and_the_administrators_routes_are_left_to_other_checks() -> None:
    paths = {
        "/api/auth/login": {"post": {}},
        "/api/webhooks/{source}": {"post": {"parameters": [at("source")]}},
        "/api/admin/{x}/y": {"get": {"parameters": [at("x")]}},
        "/api/orgs/{org_id}": {"get": {"parameters": [at("org_id")]}},
    }
    operations = operations_of({"openapi": "3.1.0", "paths": paths}, 1)
    left = account_calls(operations, Readiness())
    assert left == {"POST /api/auth/login", "POST /api/webhooks/{source}", "GET /api/admin/{x}/y"}
    assert not is_admins("/api/administrators-guide")
