"""Faults of sessions and of their cookie."""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

from fastapi import Request, Response
from starlette.datastructures import MutableHeaders
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Receive, Scope, Send

from .. import accounts, sessions, tokens
from ..accounts import Desk
from ..database import Pool
from ..forms import ChangedPassword, NewPassword
from ..mail import Letter
from ..sessions import User
from .seeding import Fault, answer, around, instead, route

FAULTS = (
    Fault("cookie-without-secure", "auth.cookie-secure", "auth", "the session's cookie has no Secure"),
    Fault("cookie-without-httponly", "auth.cookie-http-only", "auth", "the session's cookie has no HttpOnly"),
    Fault("cookie-without-samesite", "auth.cookie-same-site", "auth", "the session's cookie has no SameSite"),
    Fault("cookie-without-prefix", "auth.cookie-host-prefix", "auth", "the session's cookie is called session"),
    Fault("cookie-for-years", "auth.session-lifetime", "auth", "browsers keep the session for two years"),
    Fault("session-kept", "auth.session-renewed", "auth", "a login takes over the cookie that it came with"),
    Fault("session-short", "auth.session-token-strength", "auth", "sessions are four random bytes"),
    Fault("session-after-logout", "auth.logout-ends-session", "auth", "logging out forgets the cookie alone"),
    Fault("session-after-change", "auth.password-change-ends-others", "auth", "a changed password ends no session"),
    Fault("session-after-reset", "auth.reset-ends-sessions", "auth", "a password set anew ends no session"),
    Fault("session-after-leaving", "auth.leaving-ends-sessions", "auth", "an account that was removed is only renamed"),
    Fault("session-never-ends", "auth.session-expiry-enforced", "auth", "a session works for ever"),
    Fault("logout-by-get", "auth.logout-not-by-get", "auth", "a link logs out"),
)

_ATTRIBUTES = {
    "cookie-without-secure": ("; Secure", ""),
    "cookie-without-httponly": ("; HttpOnly", ""),
    "cookie-without-samesite": ("; SameSite=lax", ""),
    "cookie-without-prefix": ("__Host-session=", "session="),
    "cookie-for-years": ("Max-Age=1209600", "Max-Age=63072000"),
}


def _rewrite(flag: str, old: str, new: str) -> None:
    @answer(flag)
    def _changed(_scope: Scope, headers: MutableHeaders) -> None:
        cookies = headers.getlist("set-cookie")
        del headers["set-cookie"]
        for cookie in cookies:
            headers.append("set-cookie", cookie.replace(old, new))


for _flag, (_old, _new) in _ATTRIBUTES.items():
    _rewrite(_flag, _old, _new)


@around("cookie-without-prefix")
async def _named_otherwise(app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
    headers = [(name, b"__Host-" + value if name == b"cookie" else value) for name, value in scope["headers"]]
    await app({**scope, "headers": headers}, receive, send)


@instead("session-kept", sessions.sign_in)
async def _kept(
    honest: Callable[..., Awaitable[None]], pool: Pool, request: Request, user_id: UUID, response: Response
) -> None:
    if token := request.cookies.get(sessions.COOKIE):
        await _begin(pool, request, user_id, response, token)
    else:
        await honest(pool, request, user_id, response)


@instead("session-short", sessions.sign_in)
async def _short(
    _honest: Callable[..., Awaitable[None]], pool: Pool, request: Request, user_id: UUID, response: Response
) -> None:
    await _begin(pool, request, user_id, response, secrets.token_hex(4))


async def _begin(pool: Pool, request: Request, user_id: UUID, response: Response, token: str) -> None:
    await pool.execute(
        "INSERT INTO sessions (token_digest, user_id, expires_at) VALUES ($1, $2, now() + $3::interval)"
        " ON CONFLICT (token_digest) DO UPDATE SET user_id = excluded.user_id",
        tokens.keyed(request.app.state.settings.session_key, token),
        user_id,
        sessions.LIFETIME,
    )
    age = int(sessions.LIFETIME.total_seconds())
    response.set_cookie(sessions.COOKIE, token, max_age=age, path="/", secure=True, httponly=True, samesite="lax")


@instead("session-after-logout", sessions.sign_out)
async def _forgotten(
    _honest: Callable[..., Awaitable[None]],
    _pool: Pool,
    _request: Request,
    response: Response,
) -> None:
    sessions.forget_cookie(response)


@route("logout-by-get", "/api/auth/logout", "GET")
async def _by_link(request: Request) -> Response:
    response = Response(status_code=204)
    await sessions.sign_out(request.app.state.pool, request, response)
    return response


@instead("session-after-change", accounts.change_password)
async def _others_stay(
    honest: Callable[..., Awaitable[Letter]], desk: Desk, user: User, form: ChangedPassword, keep: bytes
) -> Letter:
    before = await _sessions(desk.pool, user.id)
    letter = await honest(desk, user, form, keep)
    await _restore(desk.pool, before)
    return letter


@instead("session-after-reset", accounts.set_password)
async def _all_stay(honest: Callable[..., Awaitable[Letter]], desk: Desk, form: NewPassword) -> Letter:
    whose = "SELECT user_id FROM account_tokens WHERE digest = $1"
    before = await _sessions(desk.pool, await desk.pool.fetchval(whose, tokens.digest(form.token)))
    letter = await honest(desk, form)
    await _restore(desk.pool, before)
    return letter


@instead("session-after-leaving", accounts.remove)
async def _renamed(_honest: Callable[..., Awaitable[None]], pool: Pool, user: User) -> None:
    gone = "UPDATE users SET email = id || '@removed.invalid', password_hash = '' WHERE id = $1"
    await pool.execute(gone, user.id)


@instead("session-never-ends", sessions.visitor)
async def _for_ever(honest: Callable[..., Awaitable[User | None]], request: HTTPConnection, pool: Pool) -> User | None:
    longer = "UPDATE sessions SET expires_at = now() + interval '1 minute', seen_at = now() WHERE token_digest = $1"
    await pool.execute(longer, sessions.session_digest(request))
    return await honest(request, pool)


async def _sessions(pool: Pool, user_id: UUID | None) -> Any:
    return await pool.fetch("SELECT token_digest, user_id, expires_at FROM sessions WHERE user_id = $1", user_id)


async def _restore(pool: Pool, rows: Any) -> None:
    await pool.executemany(
        "INSERT INTO sessions (token_digest, user_id, expires_at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
        [tuple(row) for row in rows],
    )
