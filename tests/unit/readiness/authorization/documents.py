"""OpenAPI documents for the tests of this row."""

from __future__ import annotations

from typing import Any

UUID = {"type": "string", "format": "uuid"}


def at(name: str, where: str = "path", **schema: Any) -> dict[str, Any]:
    """A parameter."""
    return {"name": name, "in": where, "required": where == "path", "schema": schema or UUID}


def document(**paths: Any) -> dict[str, Any]:
    """A document of ``paths``, whose keys have no first slash and ``__`` for each other."""
    return {"openapi": "3.1.0", "paths": paths}


def board() -> dict[str, Any]:
    """A small platform: organisations with posts in them."""
    post = {"type": "object", "properties": {"id": UUID, "org_id": UUID, "author_id": UUID, "text": {"type": "string"}}}
    new = {"type": "object", "required": ["text"], "properties": {"text": {"type": "string", "minLength": 1}}}
    ok = {"200": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Post"}}}}}
    org, one = at("org_id"), at("post_id")
    return {
        "openapi": "3.1.0",
        "components": {"schemas": {"Post": post, "New": new}},
        "paths": {
            "/orgs": {"get": {"responses": ok}, "post": {"responses": ok}},
            "/orgs/{org_id}": {"parameters": [org], "get": {"responses": ok}},
            "/orgs/{org_id}/posts": {
                "parameters": [org],
                "get": {"responses": ok, "parameters": [at("before", "query"), at("limit", "query", type="integer")]},
                "post": {
                    "responses": ok,
                    "requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/New"}}}},
                },
            },
            "/orgs/{org_id}/posts/{post_id}": {
                "parameters": [org, one],
                "get": {"responses": ok},
                "delete": {"responses": {"204": {}}},
            },
            "/orgs/{org_id}/members/{id}": {"parameters": [org, at("id")], "patch": {"responses": ok}},
        },
    }
