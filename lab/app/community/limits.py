"""How often something may be done: counted in the database, so that it holds over every host and colour.

These know accounts and organisations; how often an address may ask is the edge's to count.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from .database import Connection, Pool
from .problems import Problem
from .tokens import keyed


@dataclass(frozen=True)
class Limit:
    """``most`` times within ``window``, which begins with the first; ``what`` is done too often, for people."""

    kind: str
    most: int
    window: timedelta
    what: str


# Counted by the address that is tried, whether or not it has an account: the answer must not tell.
LOGINS = Limit("login", 10, timedelta(minutes=15), "wrong passwords for this account")
RESETS = Limit("reset", 5, timedelta(hours=1), "mails to this address")
LETTERS = Limit("letter", 5, timedelta(hours=1), "mails to this address")
INVITES = Limit("invite", 30, timedelta(hours=1), "invites of this organisation")
POSTS = Limit("post", 120, timedelta(minutes=1), "posts of yours")
WRITES = Limit("write", 300, timedelta(minutes=1), "changes of yours")

_SPEND = (
    "INSERT INTO limits AS l (kind, subject, began, used) VALUES ($1, $2, now(), 1)"
    " ON CONFLICT (kind, subject) DO UPDATE SET"
    " began = CASE WHEN l.began + $3::interval <= now() THEN now() ELSE l.began END,"
    " used = CASE WHEN l.began + $3::interval <= now() THEN 1 ELSE l.used + 1 END"
    " RETURNING used, ceil(extract(epoch FROM began + $3::interval - now()))::int AS wait"
)


async def spend(pool: Pool | Connection, limit: Limit, subject: str) -> int:
    """Count once more; returns 0 within the limit, else the seconds until the next window."""
    row = await pool.fetchrow(_SPEND, limit.kind, subject, limit.window)
    return max(int(row["wait"]), 1) if row["used"] > limit.most else 0


async def require(pool: Pool | Connection, limit: Limit, subject: str) -> None:
    """Count once more. Raises 429 with ``Retry-After`` beyond the limit."""
    if wait := await spend(pool, limit, subject):
        raise Problem(429, f"Too many {limit.what}: try again in {wait} s.", {"Retry-After": str(wait)})


async def forgive(pool: Pool, limit: Limit, subject: str) -> None:
    """Forget what was counted."""
    await pool.execute("DELETE FROM limits WHERE kind = $1 AND subject = $2", limit.kind, subject)


def address(key: bytes, email: str) -> str:
    """The subject that stands for an address: no list of addresses that were tried is kept."""
    return keyed(key, email).hex()
