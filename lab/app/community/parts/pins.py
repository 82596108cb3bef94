"""From release 2: those who moderate pin posts to the top of a space. Needs schema 2."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from fastapi import APIRouter, FastAPI

from .. import access
from ..database import Connection, Db
from ..roles import Action, Role
from ..sessions import SignedIn, User
from ..views import PostView

router = APIRouter(prefix="/api/orgs/{org_id}/spaces/{space_id}", tags=["pins"])


class PinnedPostView(PostView):
    """A post that is pinned."""

    pinned_at: datetime


@router.get("/pins")
async def pins(org_id: UUID, space_id: UUID, user: SignedIn, connection: Db) -> list[PinnedPostView]:
    """A space's pinned posts, the last pinned first."""
    await access.space(connection, user, org_id, space_id)
    rows = await connection.fetch(
        "SELECT p.id, p.space_id, p.author_id, u.name AS author, p.body, p.created_at, p.pinned_at FROM posts p"
        " JOIN users u ON u.id = p.author_id WHERE p.space_id = $1 AND p.pinned_at IS NOT NULL"
        " ORDER BY p.pinned_at DESC LIMIT 100",
        space_id,
    )
    return [PinnedPostView(**row) for row in rows]


@router.put("/posts/{post_id}/pin", status_code=204)
async def pin(org_id: UUID, space_id: UUID, post_id: UUID, user: SignedIn, connection: Db) -> None:
    """Pin a post; pinning it again changes nothing."""
    await _moderated(connection, user, org_id, space_id, post_id)
    await connection.execute("UPDATE posts SET pinned_at = coalesce(pinned_at, now()) WHERE id = $1", post_id)


@router.delete("/posts/{post_id}/pin", status_code=204)
async def unpin(org_id: UUID, space_id: UUID, post_id: UUID, user: SignedIn, connection: Db) -> None:
    """Take the pin off."""
    await _moderated(connection, user, org_id, space_id, post_id)
    await connection.execute("UPDATE posts SET pinned_at = NULL WHERE id = $1", post_id)


async def _moderated(connection: Connection, user: User, org_id: UUID, space_id: UUID, post_id: UUID) -> None:
    row = await access.post(connection, user, org_id, space_id, post_id)
    access.require(Role(row["role"]), Action.MODERATE_POSTS)


def install(app: FastAPI) -> None:
    """Add the routes."""
    app.include_router(router)
