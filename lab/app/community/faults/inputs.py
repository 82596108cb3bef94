"""Faults of input: markup, SQL, templates, bodies and webhooks."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs

import asyncpg
from fastapi import Request
from jinja2 import Template
from markupsafe import Markup
from standardwebhooks import Webhook
from starlette.datastructures import MutableHeaders
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .. import accounts, forms, pages
from ..database import Connection, Pool
from ..forms import NewOrg
from ..problems import Problem
from ..routes import orgs, webhooks
from ..sessions import User
from ..settings import Settings
from ..views import OrgView, PostPage
from .seeding import Fault, around, instead, route

ROW = "inputs"
FAULTS = (
    Fault("deep-body-breaks", "inputs.deep-body", ROW, "a body is parsed for the log, however deep it is"),
    Fault("json-by-any-name", "inputs.content-type", ROW, "text/plain is read as JSON"),
    Fault("login-leads-away", "inputs.header-injection", ROW, "/login?next= leads to any site"),
    Fault("markup-unescaped", "inputs.stored-markup", ROW, "a post's text goes into the page as it is"),
    Fault("names-unchecked", "inputs.odd-text", ROW, "a name may turn the direction of text"),
    Fault("reflected-token", "inputs.reflected-markup", ROW, "/verify shows the token that it was given"),
    Fault("sql-blind", "inputs.sql-injection", ROW, "a token is looked up by SQL made of it, errors are swallowed"),
    Fault("sql-in-name", "inputs.sql-injection", ROW, "an organisation is stored by SQL made of its name"),
    Fault("template-of-name", "inputs.template-injection", ROW, "an organisation's name is run as a template"),
    Fault("webhook-replayed", "inputs.webhook-replay", ROW, "a webhook counts as often as it comes"),
    Fault("webhook-stale", "inputs.webhook-stale", ROW, "a webhook is good whatever its time"),
    Fault("webhook-unsigned", "inputs.webhook-signature", ROW, "a webhook's signature is not looked at"),
)


@around("deep-body-breaks")
async def _parse(app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] != "http" or scope["method"] != "POST":
        await app(scope, receive, send)
        return
    messages: list[Message] = []
    body = b""
    while not messages or messages[-1].get("more_body"):
        messages.append(await receive())
        body += messages[-1].get("body", b"")
    try:
        json.loads(body)
    except ValueError:
        body = b""
    waiting = iter(messages)

    async def again() -> Message:
        return next(waiting, None) or await receive()

    await app(scope, again, send)


@around("json-by-any-name")
async def _as_json(app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "http" and scope["method"] == "POST":
        MutableHeaders(scope=scope)["content-type"] = "application/json"
    await app(scope, receive, send)


@around("login-leads-away")
async def _away(app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
    after = parse_qs(scope.get("query_string", b"").decode("latin-1")).get("next")
    if scope["type"] == "http" and scope["path"] == "/login" and after:
        await RedirectResponse(after[0], 302)(scope, receive, send)
        return
    await app(scope, receive, send)


@route("reflected-token", "/verify")
async def _reflected(request: Request) -> Response:
    return HTMLResponse(f"<!DOCTYPE html><p>There is no token {request.query_params.get('token')}.</p>")


@instead("names-unchecked", forms._one_line)
def _anything(_honest: Callable[[str], str], text: str) -> str:
    if "\x00" in text:
        raise ValueError("must not contain a NUL character")
    return text


@instead("sql-in-name", orgs.create)
async def _by_sql(
    honest: Callable[..., Awaitable[OrgView]], form: NewOrg, user: User, connection: Connection
) -> OrgView:
    await connection.execute(f"SELECT id FROM orgs WHERE name = '{form.name}'")  # noqa: S608 - the fault
    return await honest(form=form, user=user, connection=connection)


@instead("sql-blind", accounts.verify)
async def _by_blind_sql(honest: Callable[..., Awaitable[None]], pool: Pool, token: str) -> None:
    try:
        await pool.execute(f"SELECT 1 FROM account_tokens WHERE purpose = '{token}'")  # noqa: S608 - the fault
    except asyncpg.PostgresError:
        raise Problem(404, "This link cannot be used, or not any more.") from None
    await honest(pool, token)


@instead("template-of-name", orgs.create)
async def _rendered(
    honest: Callable[..., Awaitable[OrgView]], form: NewOrg, user: User, connection: Connection
) -> OrgView:
    made = NewOrg(name=Template(form.name).render() or "x")
    return await honest(form=made, user=user, connection=connection)


@instead("webhook-unsigned", webhooks._verify)
def _trust(_honest: Callable[..., None], _settings: Settings, _request: Request, _body: bytes) -> None:
    return None


@instead("webhook-stale", webhooks._verify)
def _whatever_its_time(_honest: Callable[..., None], settings: Settings, request: Request, body: bytes) -> None:
    given = request.headers
    try:
        at = datetime.fromtimestamp(int(given["webhook-timestamp"]), UTC)
        good = Webhook(settings.webhook_key).sign(given["webhook-id"], at, body.decode())
    except (KeyError, ValueError):
        good = ""
    if not good or given.get("webhook-signature") != good:
        raise Problem(401, "The signature is missing or wrong.", {"WWW-Authenticate": "Signature"})


@instead("webhook-replayed", webhooks.billing)
async def _again(honest: Callable[..., Awaitable[None]], request: Request, pool: Pool) -> None:
    await pool.execute("DELETE FROM webhooks WHERE id = $1", request.headers.get("webhook-id", ""))
    await honest(request=request, pool=pool)


@instead("markup-unescaped", pages.page)
def _raw(honest: Callable[..., Response], request: Request, name: str, status: int = 200, /, **values: Any) -> Response:
    shown = values.get("posts")
    if isinstance(shown, PostPage):
        # Markup is what Jinja2 leaves as it is.
        items = [post.model_copy(update={"body": Markup(post.body)}) for post in shown.items]  # noqa: S704 - the fault
        values["posts"] = shown.model_copy(update={"items": items})
    return honest(request, name, status, **values)
