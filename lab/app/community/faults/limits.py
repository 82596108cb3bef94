"""Faults of how often something may be done."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from typing import Any

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Receive, Scope, Send

from .. import limits
from ..database import Connection, Pool
from ..limits import Limit
from .seeding import Fault, answer, around, instead

FAULTS = (
    Fault("login-unlimited", "rate-limits.app-login", "rate-limits", "wrong passwords of an account are not counted"),
    Fault("reset-unlimited", "rate-limits.app-reset", "rate-limits", "an inbox can be flooded with reset mails"),
    Fault("invites-unlimited", "rate-limits.app-invite", "rate-limits", "an organisation invites without end"),
    Fault("posts-unlimited", "rate-limits.app-post", "rate-limits", "an account posts without end"),
    Fault("no-retry-after", "rate-limits.retry-after", "rate-limits", "who is refused is not told for how long"),
    Fault("forwarded-for-trusted", "rate-limits.spoofed-address", "rate-limits", "X-Forwarded-For makes one another"),
    Fault("limit-shared", "rate-limits.ordinary-use", "rate-limits", "all accounts are counted as one"),
)

_forwarded: ContextVar[str] = ContextVar("forwarded", default="")
Honest = Callable[..., Awaitable[int]]


def _uncounted(flag: str, kind: str) -> None:
    @instead(flag, limits.spend)
    async def _spend(honest: Honest, pool: Pool | Connection, limit: Limit, subject: str) -> int:
        return 0 if limit.kind == kind else await honest(pool, limit, subject)


for _flag, _kind in (
    ("login-unlimited", "login"),
    ("reset-unlimited", "reset"),
    ("invites-unlimited", "invite"),
    ("posts-unlimited", "post"),
):
    _uncounted(_flag, _kind)


@answer("no-retry-after")
def _silent(_scope: Scope, headers: MutableHeaders) -> None:
    del headers["retry-after"]


@around("forwarded-for-trusted")
async def _remember(app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
    # The edge appends the client's address and nginx the edge's: the first of more is what the client says of itself.
    said = Headers(scope=scope).get("x-forwarded-for", "").split(",")
    token = _forwarded.set(said[0].strip() if len(said) > 2 else "")
    try:
        await app(scope, receive, send)
    finally:
        _forwarded.reset(token)


@instead("forwarded-for-trusted", limits.spend)
async def _by_forwarded(honest: Honest, pool: Pool | Connection, limit: Limit, subject: str) -> Any:
    return await honest(pool, limit, f"{subject} {_forwarded.get()}".strip())


@instead("limit-shared", limits.spend)
async def _as_one(honest: Honest, pool: Pool | Connection, limit: Limit, subject: str) -> Any:
    return await honest(pool, limit, "everybody" if limit.kind == "login" else subject)
