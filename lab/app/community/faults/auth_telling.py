"""Faults of what answers tell of accounts: by their words, their times and their limits."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from starlette.background import BackgroundTasks

from .. import accounts, letters, limits
from ..accounts import Desk
from ..forms import Forgotten, LogIn, SignUp
from ..mail import Letter
from ..passwords import Passwords
from ..problems import Problem, conflict
from ..routes import proofs
from ..sessions import User
from ..views import Told
from .seeding import Fault, instead

FAULTS = (
    Fault("signup-tells", "auth.no-enumeration-signup", "auth", "signing up says that there is an account"),
    Fault("login-tells", "auth.no-enumeration-login", "auth", "a failed login says that there is no account"),
    Fault("reset-tells", "auth.no-enumeration-reset", "auth", "asking for a reset says that there is no account"),
    Fault("limit-for-accounts", "auth.no-enumeration-by-limits", "auth", "only who has an account is locked out"),
    Fault("signup-quick-for-known", "auth.no-timing-signup", "auth", "no password is hashed where an account is"),
    Fault("login-quick-for-nobody", "auth.no-timing-login", "auth", "no password is hashed without an account"),
    Fault("reset-mail-first", "auth.no-timing-reset", "auth", "a reset is answered once its mail has gone out"),
)

_EXISTS = "SELECT true FROM users WHERE email = $1"
_Asked = Callable[..., Awaitable[Told]]


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


@instead("reset-tells", proofs.reset)
async def _reset_tells(honest: _Asked, *, form: Forgotten, desk: Desk, **more: Any) -> Told:
    if not await desk.pool.fetchval(_EXISTS, form.email):
        raise Problem(404, "There is no account with this address.")
    return await honest(form=form, desk=desk, **more)


@instead("limit-for-accounts", accounts.authenticate)
async def _strangers_go_on(honest: Callable[..., Awaitable[User | None]], desk: Desk, form: LogIn) -> User | None:
    if not await desk.pool.fetchval(_EXISTS, form.email):
        await limits.forgive(desk.pool, limits.LOGINS, desk.subject(form.email))
    return await honest(desk, form)


@instead("signup-quick-for-known", accounts.sign_up)
async def _signup_quick(honest: Callable[..., Awaitable[Letter | None]], desk: Desk, form: SignUp) -> Letter | None:
    if await desk.pool.fetchval(_EXISTS, form.email):
        return letters.known(desk.settings.public_url, form.email)
    return await honest(desk, form)


@instead("login-quick-for-nobody", Passwords.matches)
async def _quick(honest: Callable[..., Awaitable[bool]], self: Passwords, stored: str | None, password: str) -> bool:
    return stored is not None and await honest(self, stored, password)


@instead("reset-mail-first", proofs.reset)
async def _mail_first(honest: _Asked, *, after: BackgroundTasks, **more: Any) -> Told:
    del after
    now = BackgroundTasks()
    told = await honest(after=now, **more)
    await now()
    return told
