"""Faults of accounts and sessions."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from starlette.datastructures import MutableHeaders
from starlette.types import Scope

from .. import accounts, tokens
from ..accounts import Desk
from ..forms import NewPassword
from ..mail import Letter
from .seeding import Fault, answer, instead

FAULTS = (
    Fault("cookie-without-secure", "auth.cookie-secure", "auth", "the session's cookie has no Secure"),
    Fault("reset-reusable", "auth.reset-token-single-use", "auth", "a reset token can be used again"),
)


@answer("cookie-without-secure")
def _insecure(_scope: Scope, headers: MutableHeaders) -> None:
    cookies = headers.getlist("set-cookie")
    del headers["set-cookie"]
    for cookie in cookies:
        headers.append("set-cookie", cookie.replace("; Secure", ""))


@instead("reset-reusable", accounts.set_password)
async def _reusable(honest: Callable[..., Awaitable[Letter]], desk: Desk, form: NewPassword) -> Any:
    letter = await honest(desk, form)
    await desk.pool.execute("UPDATE account_tokens SET used_at = NULL WHERE digest = $1", tokens.digest(form.token))
    return letter
