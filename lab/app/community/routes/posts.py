"""Spaces and the posts in them."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from asyncpg import UniqueViolationError
from fastapi import APIRouter, Query

from .. import access, feed
from ..database import Db
from ..forms import NewPost, NewSpace
from ..problems import conflict
from ..roles import Action, Role
from ..sessions import Posting, SignedIn
from ..views import PostPage, PostView, SpaceView

router = APIRouter(prefix="/api/orgs/{org_id}/spaces", tags=["spaces and posts"])


@router.post("", status_code=201)
async def create_space(org_id: UUID, form: NewSpace, user: SignedIn, connection: Db) -> SpaceView:
    """Make a space; its name is unique in the organisation."""
    await access.permitted(connection, user, org_id, Action.CREATE_SPACE)
    try:
        row = await connection.fetchrow(
            "INSERT INTO spaces (org_id, name) VALUES ($1, $2) RETURNING id, org_id, name, created_at",
            org_id,
            form.name,
        )
    except UniqueViolationError:
        raise conflict("The organisation has a space of this name.") from None
    return SpaceView(**row)


@router.get("")
async def spaces(org_id: UUID, user: SignedIn, connection: Db) -> list[SpaceView]:
    """An organisation's spaces."""
    await access.role_in(connection, user, org_id)
    rows = await connection.fetch(
        "SELECT id, org_id, name, created_at FROM spaces WHERE org_id = $1 ORDER BY name", org_id
    )
    return [SpaceView(**row) for row in rows]


@router.get("/{space_id}")
async def show_space(org_id: UUID, space_id: UUID, user: SignedIn, connection: Db) -> SpaceView:
    """One space."""
    return SpaceView(**await access.space(connection, user, org_id, space_id))


@router.post("/{space_id}/posts", status_code=201)
async def create_post(org_id: UUID, space_id: UUID, form: NewPost, user: Posting, connection: Db) -> PostView:
    """Post in a space, as any member may; who watches the space is told."""
    await access.space(connection, user, org_id, space_id)
    row = await connection.fetchrow(feed.INSERT, space_id, user.id, form.body)
    return PostView(
        id=row["id"],
        created_at=row["created_at"],
        space_id=space_id,
        author_id=user.id,
        author=user.name,
        body=form.body,
    )


@router.get("/{space_id}/posts")
async def posts(
    org_id: UUID,
    space_id: UUID,
    user: SignedIn,
    connection: Db,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
    before: UUID | None = None,
) -> PostPage:
    """A space's posts, newest first; ``before`` is a post of the same space."""
    await access.space(connection, user, org_id, space_id)
    rows = await connection.fetch(
        "SELECT p.id, p.space_id, p.author_id, u.name AS author, p.body, p.created_at FROM posts p"
        " JOIN users u ON u.id = p.author_id WHERE p.space_id = $1 AND ($2::uuid IS NULL OR (p.created_at, p.id) <"
        " (SELECT created_at, id FROM posts WHERE id = $2 AND space_id = $1))"
        " ORDER BY p.created_at DESC, p.id DESC LIMIT $3",
        space_id,
        before,
        limit + 1,
    )
    items = [PostView(**row) for row in rows[:limit]]
    return PostPage(items=items, next=items[-1].id if len(rows) > limit else None)


@router.get("/{space_id}/posts/{post_id}")
async def show_post(org_id: UUID, space_id: UUID, post_id: UUID, user: SignedIn, connection: Db) -> PostView:
    """One post."""
    return PostView(**await access.post(connection, user, org_id, space_id, post_id))


@router.delete("/{space_id}/posts/{post_id}", status_code=204)
async def delete_post(org_id: UUID, space_id: UUID, post_id: UUID, user: SignedIn, connection: Db) -> None:
    """Delete a post: its author may, and those who moderate."""
    row = await access.post(connection, user, org_id, space_id, post_id)
    if row["author_id"] != user.id:
        access.require(Role(row["role"]), Action.MODERATE_POSTS)
    await connection.execute("DELETE FROM posts WHERE id = $1", post_id)
