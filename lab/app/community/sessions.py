"""Sessions: a random token in the client's cookie, its keyed digest in the database."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Request, Response
from starlette.requests import HTTPConnection

from .database import Pool, PoolOf
from .limits import POSTS, WRITES, require
from .problems import Problem, not_found
from .settings import Settings
from .tokens import keyed

# The __Host- prefix makes browsers insist on Secure, on Path=/ and on no Domain (RFC 6265bis, section 4.1.3.2).
COOKIE = "__Host-session"
LIFETIME = timedelta(days=14)
IDLE = timedelta(hours=12)
# When a session was last seen is known this exactly: not every request is a write.
SEEN_WITHIN = timedelta(minutes=5)
_SAFE = {"GET", "HEAD", "OPTIONS"}

_SEEN = (
    "SELECT u.id, u.email, u.name, u.verified_at IS NOT NULL AS proven, s.seen_at < now() - $3::interval AS stale"
    " FROM sessions s JOIN users u ON u.id = s.user_id"
    " WHERE s.token_digest = $1 AND s.expires_at > now() AND s.seen_at > now() - $2::interval"
)
_END = "DELETE FROM sessions WHERE token_digest = $1"


@dataclass(frozen=True)
class User:
    """Who is signed in: whether the address is ``proven``, and whether they are one of the platform's ``admin``s."""

    id: UUID
    email: str
    name: str
    proven: bool
    admin: bool


def administers(settings: Settings, email: str) -> bool:
    """Whether who has proven ``email`` is an administrator: the host's settings say who is, nothing in the database."""
    return email in settings.admin_emails


async def sign_in(pool: Pool, request: Request, user_id: UUID, response: Response) -> None:
    """Start a session for ``user_id``: a new token always, so one planted in a browser before is worth nothing.

    The session that the browser had before is ended, not left to whoever else may know it.
    """
    if request.cookies.get(COOKIE):
        await pool.execute(_END, session_digest(request))
    token = secrets.token_urlsafe(32)
    await pool.execute(
        "INSERT INTO sessions (token_digest, user_id, expires_at) VALUES ($1, $2, now() + $3::interval)",
        keyed(request.app.state.settings.session_key, token),
        user_id,
        LIFETIME,
    )
    response.set_cookie(
        COOKIE, token, max_age=int(LIFETIME.total_seconds()), path="/", secure=True, httponly=True, samesite="lax"
    )


async def sign_out(pool: Pool, request: Request, response: Response) -> None:
    """End this session, here and in the browser."""
    if request.cookies.get(COOKIE):
        await pool.execute(_END, session_digest(request))
    forget_cookie(response)


def forget_cookie(response: Response) -> None:
    """Have the browser forget the session."""
    response.delete_cookie(COOKIE, path="/", secure=True, httponly=True, samesite="lax")


def session_digest(request: HTTPConnection) -> bytes:
    """The digest of the request's session; of nothing, without one."""
    return keyed(request.app.state.settings.session_key, request.cookies.get(COOKIE, ""))


async def visitor(request: HTTPConnection, pool: PoolOf) -> User | None:
    """Who is signed in by the request's cookie, now; None for nobody."""
    if not request.cookies.get(COOKIE):
        return None
    digest = session_digest(request)
    row = await pool.fetchrow(_SEEN, digest, IDLE, SEEN_WITHIN)
    if row is None:
        return None
    if row["stale"]:
        await pool.execute("UPDATE sessions SET seen_at = now() WHERE token_digest = $1", digest)
    admin = row["proven"] and administers(request.app.state.settings, row["email"])
    return User(row["id"], row["email"], row["name"], row["proven"], admin)


Visitor = Annotated[User | None, Depends(visitor)]


async def _known(user: Visitor) -> User:
    if user is None:
        raise Problem(401, "Sign in first.", {"WWW-Authenticate": "Cookie"})
    return user


Known = Annotated[User, Depends(_known)]
"""Who is signed in, whether or not the address is proven: for what one does with one's own account."""


async def _proven(user: Known) -> User:
    if not user.proven:
        raise Problem(403, "Prove your address first: open the link that was mailed to you.")
    return user


Proven = Annotated[User, Depends(_proven)]


async def _writer(request: HTTPConnection, user: Proven, pool: PoolOf) -> User:
    if request.scope.get("method", "GET") not in _SAFE:
        await require(pool, WRITES, str(user.id))
    return user


SignedIn = Annotated[User, Depends(_writer)]
"""Who is signed in with a proven address; what they change is counted."""


async def _poster(user: Proven, pool: PoolOf) -> User:
    await require(pool, POSTS, str(user.id))
    return user


Posting = Annotated[User, Depends(_poster)]
"""The same for posts, which have a limit of their own."""


async def _administrator(user: Visitor) -> User:
    if user is None or not user.admin:
        raise not_found()
    return user


Administrator = Annotated[User, Depends(_administrator)]
"""An administrator of the platform; for everybody else there is nothing here."""
