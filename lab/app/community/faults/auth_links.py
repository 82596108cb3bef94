"""Faults of the links that go by mail."""

from __future__ import annotations

import secrets
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

from .. import accounts, letters, sessions, tokens
from ..accounts import Desk
from ..database import Pool
from ..forms import NewPassword, SignUp
from ..mail import Letter
from ..sessions import User
from .seeding import Fault, instead

FAULTS = (
    Fault("proof-for-a-month", "auth.verify-token-short-lived", "auth", "a link proves an address for 30 days"),
    Fault("proof-reusable", "auth.verify-token-single-use", "auth", "a link that has proven an address does it again"),
    Fault("proof-by-clock", "auth.verify-token-strength", "auth", "tokens begin with the time"),
    Fault("reset-for-days", "auth.reset-token-short-lived", "auth", "a reset token works for 3 days"),
    Fault("reset-reusable", "auth.reset-token-single-use", "auth", "a reset token can be used again"),
    Fault("reset-older-works", "auth.reset-token-newest-only", "auth", "a newer reset token leaves the older"),
    Fault("reset-of-digits", "auth.reset-token-strength", "auth", "tokens are six digits and a fixed rest"),
    Fault("token-for-all", "auth.tokens-bound-to-purpose", "auth", "a reset token proves an address too"),
    Fault("unproven-may-act", "auth.unverified-does-nothing", "auth", "no address needs to be proven"),
    Fault("link-never-ends", "auth.expired-link-refused", "auth", "a reset token works for ever"),
)


@instead("proof-for-a-month", accounts.sign_up)
async def _for_a_month(honest: Callable[..., Awaitable[Letter | None]], desk: Desk, form: SignUp) -> Letter | None:
    letter = await honest(desk, form)
    await desk.pool.execute(
        "UPDATE account_tokens t SET expires_at = now() + interval '30 days' FROM users u"
        " WHERE u.id = t.user_id AND u.email = $1 AND t.purpose = 'verify' AND t.used_at IS NULL",
        form.email,
    )
    return letter


@instead("proof-for-a-month", letters.proof)
def _says_a_month(honest: Callable[..., Letter], public_url: str, email: str, token: str) -> Letter:
    letter = honest(public_url, email, token)
    return replace(letter, text=letter.text.replace("within 24 hours", "within 30 days"))


@instead("proof-reusable", accounts.verify)
async def _again(honest: Callable[..., Awaitable[None]], pool: Pool, token: str) -> None:
    await honest(pool, token)
    await pool.execute("UPDATE account_tokens SET used_at = NULL WHERE digest = $1", tokens.digest(token))


@instead("reset-for-days", accounts._new_token)
async def _for_days(
    honest: Callable[..., Awaitable[str]], pool: Pool, user_id: UUID, purpose: str, within: timedelta
) -> str:
    return await honest(pool, user_id, purpose, timedelta(days=3) if purpose == "reset" else within)


@instead("reset-for-days", letters.reset)
def _says_days(honest: Callable[..., Letter], public_url: str, email: str, token: str) -> Letter:
    letter = honest(public_url, email, token)
    return replace(letter, text=letter.text.replace("within 30 minutes", "within 3 days"))


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


@instead("link-never-ends", accounts.set_password)
async def _for_ever(honest: Callable[..., Awaitable[Letter]], desk: Desk, form: NewPassword) -> Letter:
    longer = "UPDATE account_tokens SET expires_at = now() + interval '1 minute' WHERE digest = $1"
    await desk.pool.execute(longer, tokens.digest(form.token))
    return await honest(desk, form)
