"""Faults of passwords, of the links that go by mail, and of what answers tell of accounts."""

from __future__ import annotations

import secrets
import time
from collections.abc import Awaitable, Callable
from datetime import timedelta
from html import escape
from typing import Any
from uuid import UUID

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.types import Scope

from .. import accounts, sessions, tokens
from ..accounts import Desk
from ..database import Pool
from ..forms import LogIn, NewPassword, SignUp
from ..mail import Letter
from ..passwords import Passwords
from ..problems import Problem, conflict
from ..sessions import User
from .seeding import Fault, answer, instead, route

FAULTS = (
    Fault("change-without-current", "auth.password-change-needs-current", "auth", "any present password will do"),
    Fault("password-cut", "auth.password-exact", "auth", "of a password the first 32 characters count"),
    Fault("reset-reusable", "auth.reset-token-single-use", "auth", "a reset token can be used again"),
    Fault("reset-older-works", "auth.reset-token-newest-only", "auth", "a newer reset token leaves the older"),
    Fault("reset-of-digits", "auth.reset-token-strength", "auth", "tokens are six digits and a fixed rest"),
    Fault("proof-by-clock", "auth.verify-token-strength", "auth", "tokens begin with the time"),
    Fault("token-for-all", "auth.tokens-bound-to-purpose", "auth", "a reset token proves an address too"),
    Fault("unproven-may-act", "auth.unverified-does-nothing", "auth", "no address needs to be proven"),
    Fault("signup-tells", "auth.no-enumeration-signup", "auth", "signing up says that there is an account"),
    Fault("login-tells", "auth.no-enumeration-login", "auth", "a failed login says that there is no account"),
    Fault("login-quick-for-nobody", "auth.no-timing-login", "auth", "no password is hashed without an account"),
    Fault("password-of-everybody", "auth.password-common-refused", "auth", "the most common passwords are taken"),
    Fault("link-never-ends", "auth.expired-link-refused", "auth", "a reset token works for ever"),
    Fault("token-in-storage", "auth.no-secret-in-web-storage", "auth", "a page keeps its token in localStorage"),
    Fault("third-party-pixel", "auth.no-third-party-on-token-pages", "auth", "token pages load another site's picture"),
    Fault("token-in-referrer", "auth.no-token-in-referrer", "auth", "token pages tell other sites their address"),
    Fault("private-pages-kept", "auth.nothing-left-after-logout", "auth", "browsers keep what only one may see"),
)

_EXISTS = "SELECT true FROM users WHERE email = $1"


@instead("change-without-current", accounts.require_password)
async def _any_will_do(_honest: Callable[..., Awaitable[None]], _desk: Desk, _user: User, _password: str) -> None:
    return None


@instead("password-cut", Passwords.hash)
async def _cut_before_hashing(honest: Callable[..., Awaitable[str]], self: Passwords, password: str) -> str:
    return await honest(self, password[:32])


@instead("password-cut", Passwords.matches)
async def _cut_before_comparing(
    honest: Callable[..., Awaitable[bool]], self: Passwords, stored: str | None, password: str
) -> bool:
    return await honest(self, stored, password[:32])


@instead("login-quick-for-nobody", Passwords.matches)
async def _quick(honest: Callable[..., Awaitable[bool]], self: Passwords, stored: str | None, password: str) -> bool:
    return stored is not None and await honest(self, stored, password)


@instead("reset-reusable", accounts.set_password)
async def _reusable(honest: Callable[..., Awaitable[Letter]], desk: Desk, form: NewPassword) -> Any:
    letter = await honest(desk, form)
    await desk.pool.execute("UPDATE account_tokens SET used_at = NULL WHERE digest = $1", tokens.digest(form.token))
    return letter


@instead("reset-older-works", accounts._new_token)
async def _one_more(
    _honest: Callable[..., Awaitable[str]], pool: Pool, user_id: UUID, purpose: str, within: timedelta
) -> str:
    token, digest = tokens.make()
    await pool.execute(
        "INSERT INTO account_tokens (digest, user_id, purpose, expires_at) VALUES ($1, $2, $3, now() + $4::interval)",
        digest,
        user_id,
        purpose,
        within,
    )
    return token


@instead("reset-of-digits", tokens.make)
def _digits(_honest: Callable[[], tuple[str, bytes]]) -> tuple[str, bytes]:
    token = f"{secrets.randbelow(10**6):06d}-community-password-reset"
    return token, tokens.digest(token)


@instead("proof-by-clock", tokens.make)
def _clock(_honest: Callable[[], tuple[str, bytes]]) -> tuple[str, bytes]:
    token = f"{time.time_ns():016x}{secrets.token_hex(16)}"
    return token, tokens.digest(token)


@instead("token-for-all", accounts.verify)
async def _any_purpose(honest: Callable[..., Awaitable[None]], pool: Pool, token: str) -> None:
    change = "UPDATE account_tokens SET purpose = 'verify' WHERE digest = $1 AND purpose = 'reset'"
    await pool.execute(change, tokens.digest(token))
    await honest(pool, token)


@instead("unproven-may-act", sessions._proven)
async def _all_may(_honest: Callable[..., Awaitable[User]], user: User) -> User:
    return user


@instead("signup-tells", accounts.sign_up)
async def _signup_tells(honest: Callable[..., Awaitable[Letter | None]], desk: Desk, form: SignUp) -> Letter | None:
    if await desk.pool.fetchval(_EXISTS, form.email):
        raise conflict("There is an account with this address.")
    return await honest(desk, form)


@instead("login-tells", accounts.authenticate)
async def _login_tells(honest: Callable[..., Awaitable[User | None]], desk: Desk, form: LogIn) -> User | None:
    if not await desk.pool.fetchval(_EXISTS, form.email):
        raise Problem(401, "There is no account with this address.", {"WWW-Authenticate": "Cookie"})
    return await honest(desk, form)


@instead("password-of-everybody", Passwords.require_good)
async def _any_password(
    _honest: Callable[..., Awaitable[None]], _self: Passwords, _password: str, *_known: str
) -> None:
    return None


@instead("link-never-ends", accounts.set_password)
async def _for_ever(honest: Callable[..., Awaitable[Letter]], desk: Desk, form: NewPassword) -> Letter:
    longer = "UPDATE account_tokens SET expires_at = now() + interval '1 minute' WHERE digest = $1"
    await desk.pool.execute(longer, tokens.digest(form.token))
    return await honest(desk, form)


@route("token-in-storage", "/verify")
async def _stores(request: Request) -> Response:
    script = "localStorage.setItem('token', document.forms[0].token.value)"
    return _token_page(request, f"<script>{script}</script>", "script-src 'unsafe-inline'")


@route("third-party-pixel", "/verify")
async def _counted(request: Request) -> Response:
    return _token_page(request, '<img src="https://counter.example/pixel.png" alt="">', "img-src https:")


def _token_page(request: Request, more: str, policy: str) -> Response:
    token = escape(request.query_params.get("token", ""))
    field = f'<input type="hidden" name="token" value="{token}">'
    form = f'<form method="post" action="/verify">{field}<button>This is my address</button></form>'
    headers = {"Content-Security-Policy": f"default-src 'none'; {policy}", "Referrer-Policy": "no-referrer"}
    return HTMLResponse(f"<!doctype html><title>Prove your address</title><main>{form}{more}</main>", headers=headers)


@answer("token-in-referrer")
def _tells_others(scope: Scope, headers: MutableHeaders) -> None:
    if scope["path"] in ("/verify", "/reset"):
        headers["referrer-policy"] = "unsafe-url"


@answer("private-pages-kept")
def _kept(scope: Scope, headers: MutableHeaders) -> None:
    if scope["method"] == "GET":
        headers["cache-control"] = "private, max-age=600"
