"""Faults of which passwords are taken, and of how they are compared and changed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from .. import accounts
from ..accounts import Desk
from ..forms import SignUp
from ..mail import Letter
from ..passwords import Passwords
from ..problems import Problem
from ..routes.accounts import _desk
from ..sessions import User
from .seeding import Fault, instead, route

FAULTS = (
    Fault("change-without-current", "auth.password-change-needs-current", "auth", "any present password will do"),
    Fault("password-cut", "auth.password-exact", "auth", "of a password the first 32 characters count"),
    Fault("password-of-everybody", "auth.password-common-refused", "auth", "the most common passwords are taken"),
    Fault("password-short", "auth.password-min-length", "auth", "passwords of any length are taken"),
    Fault("password-bounded", "auth.password-long-accepted", "auth", "no password may have more than 32 characters"),
    Fault(
        "password-by-rules", "auth.password-any-composition", "auth", "capitals, small letters and digits are wanted"
    ),
)


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


@instead("password-of-everybody", Passwords.require_good)
async def _any_password(
    _honest: Callable[..., Awaitable[None]], _self: Passwords, _password: str, *_known: str
) -> None:
    return None


@route("password-short", "/api/auth/signup", "POST")
async def _any_length(request: Request) -> Response:
    desk = _desk(request)
    letter = await accounts.sign_up(desk, SignUp.model_construct(**await request.json()))
    sent = BackgroundTask(desk.mailer.send, letter) if letter else None
    return JSONResponse({"detail": "Look into your mail: there is a link to go on with."}, 202, background=sent)


@instead("password-bounded", accounts.sign_up)
async def _bounded(honest: Callable[..., Awaitable[Letter | None]], desk: Desk, form: SignUp) -> Letter | None:
    if len(form.password) > 32:
        raise Problem(422, "A password has at most 32 characters.")
    return await honest(desk, form)


@instead("password-by-rules", accounts.sign_up)
async def _by_rules(honest: Callable[..., Awaitable[Letter | None]], desk: Desk, form: SignUp) -> Letter | None:
    for has in (str.isupper, str.islower, str.isdigit):
        if not any(map(has, form.password)):
            raise Problem(422, "A password needs capitals, small letters and digits.")
    return await honest(desk, form)
