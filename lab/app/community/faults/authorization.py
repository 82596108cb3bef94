"""Faults of who may reach what."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

from ..database import Connection
from ..problems import not_found
from ..routes import posts
from ..sessions import User
from ..views import PostView
from .seeding import Fault, instead

FAULTS = (
    Fault("tenant-check-missing", "authorization.reads-of-others", "authorization", "any post can be read by its id"),
)


@instead("tenant-check-missing", posts.show_post)
async def _anyones(
    _honest: Callable[..., Awaitable[PostView]],
    *,
    org_id: UUID,  # noqa: ARG001 - the route's own
    space_id: UUID,  # noqa: ARG001
    post_id: UUID,
    user: User,  # noqa: ARG001
    connection: Connection,
) -> PostView:
    row: Any = await connection.fetchrow(
        "SELECT p.id, p.space_id, p.author_id, u.name AS author, p.body, p.created_at FROM posts p"
        " JOIN users u ON u.id = p.author_id WHERE p.id = $1",
        post_id,
    )
    if row is None:
        raise not_found()
    return PostView(**row)
