"""Faults of what the site gives away."""

from __future__ import annotations

import json

from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response

from .seeding import Fault, route

FAULTS = (
    Fault("bundle-with-token", "secrets.bundle-clean", "secrets", "a script has a token in it"),
    Fault("source-map-served", "secrets.no-source-maps", "secrets", "a script's source map is served"),
    Fault("backup-served", "secrets.no-stray-files", "secrets", "a dump of the database is served"),
)
# In two pieces: nobody's, and the check of this repository does not find it here.
_TOKEN = "ghp_" + "x7Kq2LmZp9RtVw3YbNc8Ds5FgHj1Qa4UeXo6"


# Names of their own: the edge keeps what is below /static.
@route("bundle-with-token", "/signup")
async def _page(_request: Request) -> Response:
    return HTMLResponse('<!doctype html><title>Sign up</title><script src="/static/signup-7c1.js" defer></script>')


@route("bundle-with-token", "/static/signup-7c1.js")
async def _bundle(_request: Request) -> Response:
    return Response(f"const build = '{_TOKEN}';\n", media_type="text/javascript")


@route("source-map-served", "/signup")
async def _other_page(_request: Request) -> Response:
    return HTMLResponse('<!doctype html><title>Sign up</title><script src="/static/signup-9d2.js" defer></script>')


@route("source-map-served", "/static/signup-9d2.js")
async def _mapped(_request: Request) -> Response:
    return Response("const a = 1;\n//# sourceMappingURL=signup-9d2.js.map\n", media_type="text/javascript")


@route("source-map-served", "/static/signup-9d2.js.map")
async def _map(_request: Request) -> Response:
    document = {"version": 3, "sources": ["../src/signup.ts"], "sourcesContent": ["// todo"], "mappings": "AAAA"}
    return Response(json.dumps(document), media_type="application/json")


@route("backup-served", "/backup.sql")
async def _backup(_request: Request) -> Response:
    return PlainTextResponse("-- PostgreSQL database dump\nCREATE TABLE users (id bigint);\n")
