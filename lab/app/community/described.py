"""The app's OpenAPI document: what is refused is a problem (RFC 9457), and the document says so."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI

_PROBLEM = {
    "type": "object",
    "title": "Problem",
    "description": "What is wrong with a request (RFC 9457); errors names each value that is not valid.",
    "required": ["title", "status", "detail"],
    "properties": {
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "errors": {"type": "array", "items": {"type": "object"}},
    },
}
_REFUSED = {
    "description": "Refused",
    "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
}


class DescribedApp(FastAPI):
    """FastAPI describes its own form of 422, which no answer of this app has."""

    def openapi(self) -> dict[str, Any]:
        """The document, made once."""
        if self.openapi_schema is None:
            document = super().openapi()
            schemas = document.setdefault("components", {}).setdefault("schemas", {})
            schemas["Problem"] = _PROBLEM
            for unused in ("HTTPValidationError", "ValidationError"):
                schemas.pop(unused, None)
            for item in document["paths"].values():
                for operation in item.values():
                    operation["responses"].pop("422", None)
                    operation["responses"]["4XX"] = _REFUSED
        return self.openapi_schema or {}
