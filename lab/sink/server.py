"""The HTTP sink. ``GET /received`` lists what came, ``DELETE /received`` forgets it; all else is recorded."""

from __future__ import annotations

from aiohttp import web

from lab.sink.shelf import Shelf

RECEIVED = "/received"
MAX_BODY = 2**20
"""Bytes; a longer request is answered 413 and not recorded."""


def application(shelf: Shelf) -> web.Application:
    """The sink that records on ``shelf``."""

    async def listing(_request: web.Request) -> web.Response:
        return web.json_response(shelf.items())

    async def forget(_request: web.Request) -> web.Response:
        shelf.clear()
        return web.Response(status=204)

    async def record(request: web.Request) -> web.Response:
        body = await request.read()
        shelf.put(
            {
                "method": request.method,
                "path": request.rel_url.raw_path,
                "query": request.rel_url.raw_query_string,
                "headers": {name.lower(): value for name, value in request.headers.items()},
                "body": body.decode("utf-8", "backslashreplace"),
            }
        )
        # What Slack's incoming webhooks answer, so that a client that insists on it is content.
        return web.Response(text="ok")

    app = web.Application(client_max_size=MAX_BODY)
    app.router.add_get(RECEIVED, listing)
    app.router.add_delete(RECEIVED, forget)
    app.router.add_route("*", "/{path:.*}", record)
    return app
