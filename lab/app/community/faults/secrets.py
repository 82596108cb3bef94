"""Faults of what the site gives away."""

from __future__ import annotations

import json

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from .seeding import Fault, route

FAULTS = (
    Fault("bundle-with-token", "secrets.bundle-clean", "secrets", "the style sheet has a token in a comment"),
    Fault("source-map-served", "secrets.no-source-maps", "secrets", "the style sheet's source map is served"),
    Fault("backup-served", "secrets.no-stray-files", "secrets", "a dump of the database is served"),
)
# In two pieces: nobody's, and the check of this repository does not find it here.
_TOKEN = "ghp_" + "x7Kq2LmZp9RtVw3YbNc8Ds5FgHj1Qa4UeXo6"


@route("bundle-with-token", "/static/site.css")
async def _bundle(_request: Request) -> Response:
    return Response(f"/* build token: {_TOKEN} */\nbody {{ margin: 0 }}\n", media_type="text/css")


@route("source-map-served", "/static/site.css.map")
async def _map(_request: Request) -> Response:
    document = {"version": 3, "sources": ["../src/site.scss"], "sourcesContent": ["body"], "mappings": "AAAA"}
    return Response(json.dumps(document), media_type="application/json")


@route("backup-served", "/backup.sql")
async def _backup(_request: Request) -> Response:
    return PlainTextResponse("-- PostgreSQL database dump\nCREATE TABLE users (id bigint);\n")
