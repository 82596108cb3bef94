"""Accounts: made, proven, given a new password, removed. Routes and pages both go through here.

What is told to whom: nobody learns by an answer, or by its time, whether an address has an account. So each of these
does the same work either way, and what differs is mailed after the answer has gone out.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import asyncpg

from . import letters, limits, tokens
from .database import Connection, Pool
from .forms import ChangedPassword, LogIn, NewPassword, SignUp
from .mail import Letter, Mailer
from .passwords import Passwords
from .problems import UNAVAILABLE, Problem, log
from .sessions import User, administers
from .settings import Settings

VERIFY_WITHIN = timedelta(hours=24)
RESET_WITHIN = timedelta(minutes=30)

# One statement, one commit, and one token written whether or not the address has an account. Who signs up again before
# the address is proven begins anew: sessions and tokens of the time before are nobody's.
_SIGN_UP = """
WITH made AS (
    INSERT INTO users (email, name, password_hash, verified_at) VALUES ($1, $2, $3, CASE WHEN $6 THEN now() END)
    ON CONFLICT (email) DO UPDATE SET name = excluded.name, password_hash = excluded.password_hash
    WHERE users.verified_at IS NULL RETURNING id
), ended AS (DELETE FROM sessions USING made WHERE sessions.user_id = made.id
), older AS (
    UPDATE account_tokens SET used_at = now() FROM made WHERE account_tokens.user_id = made.id AND used_at IS NULL
)
INSERT INTO account_tokens (digest, user_id, purpose, expires_at)
SELECT $4::bytea, id, 'verify', now() + $5::interval FROM made UNION ALL
SELECT $4::bytea, id, 'notice', now() FROM users WHERE email = $1 AND verified_at IS NOT NULL
RETURNING purpose"""
_RENEW = """
WITH older AS (UPDATE account_tokens SET used_at = now() WHERE user_id = $1 AND purpose = $2 AND used_at IS NULL)
INSERT INTO account_tokens (digest, user_id, purpose, expires_at) VALUES ($3, $1, $2, now() + $4::interval)"""
_OPEN = "FROM account_tokens WHERE digest = $1 AND purpose = $2 AND used_at IS NULL AND expires_at > now()"
_USE = (
    "UPDATE account_tokens SET used_at = now() WHERE digest = $1 AND purpose = $2 AND used_at IS NULL"
    " AND expires_at > now() RETURNING user_id"
)


@dataclass(frozen=True)
class Desk:
    """Where accounts are seen to: what every function here needs."""

    pool: Pool
    settings: Settings
    passwords: Passwords
    mailer: Mailer

    def subject(self, email: str) -> str:
        """What an address is counted under."""
        return limits.address(self.settings.session_key, email)


async def sign_up(desk: Desk, form: SignUp) -> Letter | None:
    """Make an account; returns what is to be mailed. Raises 422 for a password that is easily guessed."""
    await desk.passwords.require_good(form.password, form.email, form.name)
    hashed = await desk.passwords.hash(form.password)
    token, digest = tokens.make()
    too_many = await limits.spend(desk.pool, limits.LETTERS, desk.subject(form.email))
    purpose = await desk.pool.fetchval(
        _SIGN_UP, form.email, form.name, hashed, digest, VERIFY_WITHIN, not desk.mailer.sends
    )
    if too_many:
        return None
    if purpose == "verify":
        return letters.proof(desk.settings.public_url, form.email, token)
    return letters.known(desk.settings.public_url, form.email)


async def authenticate(desk: Desk, form: LogIn) -> User | None:
    """The user whom ``form`` names and proves to be, else None; both take as long. Raises 429 after too many.

    Counted before the password is looked at, so that guesses sent at once are counted one by one.
    """
    subject = desk.subject(form.email)
    await limits.require(desk.pool, limits.LOGINS, subject)
    row = await desk.pool.fetchrow(
        "SELECT id, email, name, verified_at, password_hash FROM users WHERE email = $1", form.email
    )
    if not await desk.passwords.matches(row["password_hash"] if row else None, form.password):
        return None
    await limits.forgive(desk.pool, limits.LOGINS, subject)
    proven = row["verified_at"] is not None
    return User(row["id"], row["email"], row["name"], proven, proven and administers(desk.settings, row["email"]))


async def verify(pool: Pool, token: str) -> None:
    """Prove the address that ``token`` was mailed to. Raises 404 for one that is unknown, used or too old."""
    async with pool.acquire() as connection, connection.transaction():
        user_id = await connection.fetchval(_USE, tokens.digest(token), "verify")
        if user_id is None:
            raise unusable()
        await _proven(connection, user_id)


async def verify_again(desk: Desk, user: User) -> Letter:
    """Another letter, which ends the one before. Raises 409 if the address is proven, 429 after too many."""
    if user.proven:
        raise Problem(409, "Your address is proven already.")
    await limits.require(desk.pool, limits.LETTERS, desk.subject(user.email))
    return letters.proof(
        desk.settings.public_url, user.email, await _new_token(desk.pool, user.id, "verify", VERIFY_WITHIN)
    )


async def forgotten(desk: Desk, email: str) -> None:
    """Mail a token to ``email`` if it has an account. To be called after the answer has gone out: it takes its time."""
    try:
        user_id = await desk.pool.fetchval("SELECT id FROM users WHERE email = $1", email)
        if user_id is None:
            return
        token = await _new_token(desk.pool, user_id, "reset", RESET_WITHIN)
    except (*UNAVAILABLE, asyncpg.PostgresError) as error:
        log.warning("reset: the database does not answer (%s)", type(error).__name__)
        return
    await desk.mailer.send(letters.reset(desk.settings.public_url, email, token))


async def set_password(desk: Desk, form: NewPassword) -> Letter:
    """Set it by a mailed token, which proves the address too; every session of the account ends. Raises 404, 422."""
    digest = tokens.digest(form.token)
    # Looked at first, so that made-up tokens cost no hash; used up only after it.
    if await desk.pool.fetchval(f"SELECT user_id {_OPEN}", digest, "reset") is None:
        raise unusable()
    await desk.passwords.require_good(form.password)
    hashed = await desk.passwords.hash(form.password)
    async with desk.pool.acquire() as connection, connection.transaction():
        user_id = await connection.fetchval(_USE, digest, "reset")
        if user_id is None:
            raise unusable()
        await _proven(connection, user_id)
        email = await _store_password(connection, user_id, hashed)
        await connection.execute("DELETE FROM sessions WHERE user_id = $1", user_id)
    await limits.forgive(desk.pool, limits.LOGINS, desk.subject(email))
    return letters.changed(desk.settings.public_url, email)


async def change_password(desk: Desk, user: User, form: ChangedPassword, keep: bytes) -> Letter:
    """Change it; of the sessions, the one with the digest ``keep`` stays. Raises 403 for a wrong one, 422, 429."""
    await require_password(desk, user, form.current)
    await desk.passwords.require_good(form.new, user.email, user.name)
    hashed = await desk.passwords.hash(form.new)
    async with desk.pool.acquire() as connection, connection.transaction():
        await _store_password(connection, user.id, hashed)
        await connection.execute("DELETE FROM sessions WHERE user_id = $1 AND token_digest <> $2", user.id, keep)
    return letters.changed(desk.settings.public_url, user.email)


async def require_password(desk: Desk, user: User, password: str) -> None:
    """Raises 403 unless it is the user's own, 429 after too many wrong ones."""
    if await authenticate(desk, LogIn(email=user.email, password=password)) is None:
        raise Problem(403, "The password is wrong.")


async def remove(pool: Pool, user: User) -> None:
    """Remove the account and all that is its own.

    An organisation that nobody else is a member of goes with it; of another one that it owned alone, the strongest of
    the others, and of those the one who joined first, is the owner then.
    """
    async with pool.acquire() as connection, connection.transaction():
        # Members leave one after the other, in all of their organisations: the heir of one may be the next to go.
        await connection.execute(
            "SELECT o.id FROM orgs o JOIN memberships m ON m.org_id = o.id WHERE m.user_id = $1"
            " ORDER BY o.id FOR UPDATE OF o",
            user.id,
        )
        # Who owns what is read after the wait.
        owned = await connection.fetch(
            "SELECT org_id FROM memberships WHERE user_id = $1 AND role = 'owner' ORDER BY org_id", user.id
        )
        for org in owned:
            await _hand_over(connection, org["org_id"], user.id)
        await connection.execute("DELETE FROM users WHERE id = $1", user.id)


async def _hand_over(connection: Connection, org_id: UUID, user_id: UUID) -> None:
    heir: Any = await connection.fetchrow(
        "SELECT user_id, role FROM memberships WHERE org_id = $1 AND user_id <> $2"
        " ORDER BY array_position(ARRAY['owner', 'admin', 'member'], role), joined_at, user_id LIMIT 1",
        org_id,
        user_id,
    )
    if heir is None:
        await connection.execute("DELETE FROM orgs WHERE id = $1", org_id)
    else:
        await connection.execute(
            "UPDATE memberships SET role = 'owner' WHERE org_id = $1 AND user_id = $2", org_id, heir["user_id"]
        )


async def _new_token(pool: Pool, user_id: UUID, purpose: str, within: timedelta) -> str:
    token, digest = tokens.make()
    await pool.execute(_RENEW, user_id, purpose, digest, within)
    return token


async def _proven(connection: Connection, user_id: UUID) -> None:
    await connection.execute("UPDATE users SET verified_at = coalesce(verified_at, now()) WHERE id = $1", user_id)


async def _store_password(connection: Connection, user_id: UUID, hashed: str) -> str:
    """Returns the account's address. Whatever was mailed before is worth nothing then."""
    await connection.execute(
        "UPDATE account_tokens SET used_at = now() WHERE user_id = $1 AND used_at IS NULL", user_id
    )
    return str(
        await connection.fetchval("UPDATE users SET password_hash = $2 WHERE id = $1 RETURNING email", user_id, hashed)
    )


def unusable() -> Problem:
    """The answer for every token that does nothing: unknown, used, too old or another purpose's."""
    return Problem(404, "This link cannot be used, or not any more.")
