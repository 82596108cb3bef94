"""The OpenAPI document: FastAPI's own, with every answer that there is, as what it is, and who may ask."""

from __future__ import annotations

from typing import Any, TypeAlias

from fastapi import FastAPI

from .content import TEXT, UNKNOWN
from .sessions import COOKIE

Json: TypeAlias = dict[str, Any]

SECURITY = "session"
PUBLIC = frozenset(
    {
        *("/api/auth/signup", "/api/auth/verify", "/api/auth/login", "/api/auth/logout"),
        *("/api/auth/reset", "/api/auth/reset/confirm", "/api/webhooks/billing"),
        *("/api/slow", "/healthz", "/version"),
    }
)
"""What is answered without a session."""
FILES = ("image/png", "image/jpeg", "image/gif", "image/webp", "application/pdf", "application/zip", TEXT, UNKNOWN)

_SAYS = {
    400: "The request is none.",
    401: "Who asks is not signed in, or has not proven to be who they say.",
    403: "Who asks may not do this.",
    404: "There is nothing here that the asker can see.",
    409: "It cannot be done in the state that the thing is in.",
    413: "The body is too large.",
    422: "The request is not valid.",
    429: "Too often: `Retry-After` says when to come back.",
    500: "Something went wrong.",
    503: "The database does not answer.",
}
_CONFLICTS = frozenset(
    {
        ("patch", "/api/orgs/{org_id}/members/{user_id}"),
        ("delete", "/api/orgs/{org_id}/members/{user_id}"),
        ("post", "/api/orgs/{org_id}/spaces"),
        ("post", "/api/invites/accept"),
        ("post", "/api/auth/verify/again"),
        ("post", "/api/webhooks/billing"),
    }
)
_NOT_FOUND = ("/api/auth/verify", "/api/auth/reset/confirm", "/api/invites/accept")
_LIMITED = ("/api/auth/login", "/api/auth/reset")
_PROBLEM: Json = {
    "title": "Problem",
    "description": "An error (RFC 9457).",
    "type": "object",
    "required": ["title", "status", "detail"],
    "properties": {
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "errors": {"type": "array", "items": {"type": "object"}},
    },
}


class Documented(FastAPI):
    """An app whose document is this one, made when it is first asked for."""

    def openapi(self) -> Json:
        """FastAPI's own hook."""
        if self.openapi_schema is None:
            self.openapi_schema = completed(super().openapi())
        return self.openapi_schema


def completed(document: Json) -> Json:
    """``document`` with every operation's answers; what FastAPI says of errors is of no answer of this app's."""
    components = document.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    schemas["Problem"] = _PROBLEM
    components["securitySchemes"] = {SECURITY: {"type": "apiKey", "in": "cookie", "name": COOKIE}}
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            operation["security"] = [] if path in PUBLIC else [{SECURITY: []}]
            good = {status: answer for status, answer in operation["responses"].items() if status.startswith("2")}
            operation["responses"] = good | {
                str(status): _problem(status) for status in errors(method, path, operation)
            }
    return document


def errors(method: str, path: str, operation: Json) -> list[int]:
    """Every status of an error that ``operation`` can have."""
    writes, guarded, admins = method != "get", path not in PUBLIC, path.startswith("/api/admin/")
    has = {
        400: "requestBody" in operation,
        401: (guarded and not admins) or path in ("/api/auth/login", "/api/webhooks/billing"),
        403: writes or (guarded and not path.startswith("/api/auth/")),
        404: admins or "{" in path or path in _NOT_FOUND,
        409: (method, path) in _CONFLICTS,
        413: "requestBody" in operation,
        422: "requestBody" in operation or "parameters" in operation,
        429: (writes and guarded) or path in _LIMITED,
        500: path == "/api/admin/test-error",
        503: path not in ("/version", "/api/slow"),
    }
    return [status for status, there in has.items() if there]


def _problem(status: int) -> Json:
    schema = {"$ref": "#/components/schemas/Problem"}
    return {"description": _SAYS[status], "content": {"application/problem+json": {"schema": schema}}}


def binary(*media_types: str) -> Json:
    """The ``content`` of a body that is bytes."""
    return {media_type: {"schema": {"type": "string", "format": "binary"}} for media_type in media_types}
