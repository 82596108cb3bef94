"""Faults of logs and of the error tracker."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .. import accounts, tracker
from ..accounts import Desk
from ..forms import LogIn
from ..problems import log
from ..sessions import User
from .seeding import Fault, around, instead

if TYPE_CHECKING:
    from sentry_sdk.types import Event

FAULTS = (
    Fault("log-authorization", "monitoring.logs-redacted", "monitoring", "a log line has the Authorization header"),
    Fault("log-encoded", "monitoring.logs-redacted", "monitoring", "a log line has all cookies, Base64-encoded"),
    Fault("log-login", "monitoring.logs-redacted", "monitoring", "a failed login is logged with its password"),
    Fault("log-webhook", "monitoring.logs-redacted", "monitoring", "a webhook is logged with its payload"),
    Fault("tracker-off", "monitoring.error-tracked", "monitoring", "errors are not sent to the tracker"),
    Fault("error-with-headers", "monitoring.error-scrubbed", "monitoring", "an error event has the request's headers"),
    Fault("error-with-query", "monitoring.error-scrubbed", "monitoring", "an error event has the request's query"),
    Fault("refusals-tracked", "monitoring.tracker-redacted", "monitoring", "refused requests are told with their URL"),
)
_ASKED: ContextVar[Scope] = ContextVar("asked")


@around("log-authorization")
async def _log_headers(app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
    if given := Headers(scope=scope).get("authorization"):
        log.warning("signing in with %s", given)
    await app(scope, receive, send)


@around("log-encoded")
async def _log_cookies(app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
    if cookies := Headers(scope=scope).get("cookie"):
        log.warning("session %s", base64.b64encode(f"c={cookies}".encode()).decode())
    await app(scope, receive, send)


@instead("log-login", accounts.authenticate)
async def _log_login(honest: Callable[..., Awaitable[User | None]], desk: Desk, form: LogIn) -> User | None:
    user = await honest(desk, form)
    if user is None:
        log.warning("login of %s failed with %s", form.email, form.password)
    return user


@around("log-webhook")
async def _log_webhook(app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
    async def heard() -> Message:
        message = await receive()
        if message["type"] == "http.request" and scope["path"].startswith("/api/webhooks/"):
            log.warning("webhook: %s", message.get("body", b"").decode("utf-8", "replace"))
        return message

    await app(scope, heard, send)


@instead("tracker-off", tracker.Tracker._send)
def _never_sent(_honest: Callable[..., None], _tracker: tracker.Tracker, _error: Exception, _name: str) -> None:
    return


@around("error-with-headers")
async def _remember(app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
    _ASKED.set(scope)
    await app(scope, receive, send)


@around("error-with-query")
async def _remember_too(app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
    _ASKED.set(scope)
    await app(scope, receive, send)


@instead("error-with-headers", tracker.scrubbed)
def _with_headers(honest: Callable[..., Event], event: Event, hint: dict[str, Any]) -> Event:
    found = honest(event, hint)
    found["request"] = {"headers": dict(Headers(scope=_ASKED.get()))}
    return found


@instead("error-with-query", tracker.scrubbed)
def _with_query(honest: Callable[..., Event], event: Event, hint: dict[str, Any]) -> Event:
    found = honest(event, hint)
    found["request"] = {"query_string": _ASKED.get()["query_string"].decode()}
    return found


@around("refusals-tracked")
async def _tell_refusals(app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
    refused = False

    async def noted(message: Message) -> None:
        nonlocal refused
        refused = refused or (message["type"] == "http.response.start" and message["status"] == 401)
        await send(message)

    await app(scope, receive, noted)
    if refused and scope["query_string"]:
        url = f"{scope['path']}?{scope['query_string'].decode()}"
        settings = scope["app"].state.settings
        error = tracker.Told(f"refused: {url}")
        await asyncio.to_thread(tracker.Tracker(settings)._send, error, "refused")
