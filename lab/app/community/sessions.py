"""Sessions: a random token in the client's cookie, its keyed digest in the database."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Request, Response
from starlette.requests import HTTPConnection

from .database import Connection, Pool, PoolOf
from .problems import Problem

# The __Host- prefix makes browsers insist on Secure, on Path=/ and on no Domain (RFC 6265bis, section 4.1.3.2).
COOKIE = "__Host-session"
LIFETIME = timedelta(days=14)


@dataclass(frozen=True)
class User:
    """Who is signed in."""

    id: UUID
    email: str
    name: str


def token_digest(key: bytes, token: str) -> bytes:
    """What is stored for ``token``: without the key, neither can be told from the other."""
    return hmac.digest(key, token.encode(), hashlib.sha256)


async def sign_in(pool: Pool, key: bytes, user_id: UUID, response: Response) -> None:
    """Start a session for ``user_id``: a new token always, so one planted in a browser before is worth nothing."""
    token = secrets.token_urlsafe(32)
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute("DELETE FROM sessions WHERE user_id = $1 AND expires_at <= now()", user_id)
        await connection.execute(
            "INSERT INTO sessions (token_digest, user_id, expires_at) VALUES ($1, $2, now() + $3::interval)",
            token_digest(key, token),
            user_id,
            LIFETIME,
        )
    response.set_cookie(
        COOKIE, token, max_age=int(LIFETIME.total_seconds()), path="/", secure=True, httponly=True, samesite="lax"
    )


async def sign_out(connection: Connection, key: bytes, request: Request, response: Response) -> None:
    """End this session, here and in the browser."""
    if token := request.cookies.get(COOKIE):
        await connection.execute("DELETE FROM sessions WHERE token_digest = $1", token_digest(key, token))
    response.delete_cookie(COOKIE, path="/", secure=True, httponly=True, samesite="lax")


async def visitor(request: HTTPConnection, pool: PoolOf) -> User | None:
    """Who is signed in by the request's cookie, now; None for nobody."""
    token = request.cookies.get(COOKIE)
    if not token:
        return None
    row = await pool.fetchrow(
        "SELECT u.id, u.email, u.name FROM sessions s JOIN users u ON u.id = s.user_id"
        " WHERE s.token_digest = $1 AND s.expires_at > now()",
        token_digest(request.app.state.settings.session_key, token),
    )
    return User(**row) if row else None


Visitor = Annotated[User | None, Depends(visitor)]


async def _user(user: Visitor) -> User:
    if user is None:
        raise Problem(401, "Sign in first.", {"WWW-Authenticate": "Cookie"})
    return user


SignedIn = Annotated[User, Depends(_user)]
