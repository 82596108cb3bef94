"""Faults of what the API takes, and of what it answers to it."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Awaitable, Callable
from typing import Any

from starlette.datastructures import MutableHeaders
from starlette.middleware.body_limit import RequestBodyLimitResponder
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .. import problems
from ..problems import ProblemResponse
from ..routes import posts
from ..views import SpaceView
from .seeding import Fault, around, instead, route

ROW = "inputs"
FAULTS = (
    Fault("refusal-breaks", "inputs.server-errors", ROW, "what refuses a request breaks at most of its reasons"),
    Fault("space-with-a-title", "inputs.answers-as-described", ROW, "a space has a title in the place of its name"),
    Fault("unknown-fields-ignored", "inputs.invalid-data", ROW, "fields that nobody described are ignored"),
    Fault("spaces-without-session", "inputs.session-ignored", ROW, "an organisation's spaces are listed to anybody"),
    Fault("bodies-unbounded", "inputs.oversized-body", ROW, "no body is too large to be read"),
    Fault("numbers-as-text", "inputs.wrong-types", ROW, "a number is taken where a text is meant"),
    Fault(
        "address-folded-late", "inputs.address-collision", ROW, "signing up as a look-alike changes the real account"
    ),
)
Change = Callable[[dict[str, Any]], dict[str, Any]]
_KNOWN = {
    *("email", "name", "password", "token", "current", "new", "marker", "role", "body"),
    *("expires_in_hours", "expires_at"),
}
_ASCII = re.compile(r"[!-~]+")


async def _whole(receive: Receive) -> bytes:
    body, more = b"", True
    while more:
        message = await receive()
        body, more = body + message.get("body", b""), message.get("more_body", False)
    return body


def _again(scope: Scope, body: bytes, receive: Receive) -> Receive:
    """What was read, to be read once more."""
    MutableHeaders(scope=scope)["content-length"] = str(len(body))
    waiting: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def heard() -> Message:
        return waiting.pop() if waiting else await receive()

    return heard


def _changed(flag: str, change: Change) -> None:
    """While ``flag`` is on, JSON objects that are posted to the API become what ``change`` makes of them."""

    @around(flag)
    async def layer(app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "POST" or scope["path"].endswith("/uploads"):
            await app(scope, receive, send)
            return
        body = await _whole(receive)
        try:
            given = json.loads(body)
        except (ValueError, RecursionError):
            given = None
        if isinstance(given, dict):
            body = json.dumps(change(given)).encode()
        await app(scope, _again(scope, body, receive), send)


_changed("unknown-fields-ignored", lambda given: {key: value for key, value in given.items() if key in _KNOWN})
_changed(
    "numbers-as-text",
    lambda given: {
        key: str(value) if key in ("name", "body") and isinstance(value, int) else value for key, value in given.items()
    },
)


@instead("bodies-unbounded", RequestBodyLimitResponder.receive_with_limit)
async def _uncounted(_honest: Callable[..., Awaitable[Message]], responder: RequestBodyLimitResponder) -> Message:
    responder.content_length = None
    return await responder.receive()


@instead("refusal-breaks", problems._invalid)
async def _by_context(honest: Callable[..., Awaitable[ProblemResponse]], request: Request, error: Any) -> Response:
    # Reasons of the app's own have an error in their context, those of Pydantic have none.
    for reason in error.errors():
        problems.log.info("refused: %s", type(reason["ctx"]["error"]).__name__)
    return await honest(request, error)


@instead("space-with-a-title", posts.show_space)
async def _titled(honest: Callable[..., Awaitable[SpaceView]], *given: Any, **named: Any) -> Response:
    shown = (await honest(*given, **named)).model_dump(mode="json")
    return JSONResponse({"title": shown.pop("name"), **shown})


@route("spaces-without-session", "/api/orgs/{org_id}/spaces")
async def _listed(request: Request) -> Response:
    rows = await request.app.state.pool.fetch(
        "SELECT id, org_id, name, created_at FROM spaces WHERE org_id::text = $1", request.path_params["org_id"]
    )
    return JSONResponse([SpaceView(**row).model_dump(mode="json") for row in rows])


@around("address-folded-late")
async def _folded(app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] != "http" or (scope["method"], scope["path"]) != ("POST", "/api/auth/signup"):
        await app(scope, receive, send)
        return
    body = await _whole(receive)
    form = json.loads(body)
    given = form["email"].strip()
    folded = unicodedata.normalize("NFKC", given).casefold()
    if _ASCII.fullmatch(given) or not _ASCII.fullmatch(folded):
        await app(scope, _again(scope, body, receive), send)
        return
    state = scope["app"].state
    hashed = await state.passwords.hash(form["password"])
    await state.pool.execute("UPDATE users SET password_hash = $2 WHERE email = $1", folded, hashed)
    answer = JSONResponse({"detail": "Look into your mail: there is a link to go on with."}, 202)
    await answer(scope, receive, send)
