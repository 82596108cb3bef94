"""Faults of who may reach what."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

from fastapi.encoders import jsonable_encoder
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from .. import access, feed, roles, sessions
from ..database import Connection, Pool
from ..forms import NewPost
from ..problems import forbidden, not_found
from ..roles import Action, Role
from ..routes import posts, uploads
from ..sessions import User
from ..views import PostPage, PostView
from .seeding import Fault, around, instead, route

_ROW = "authorization"
FAULTS = (
    Fault("tenant-check-missing", "authorization.reads-of-others", _ROW, "any post can be read by its id"),
    Fault("tenant-check-missing-to-write", "authorization.writes-to-others", _ROW, "anybody can post in any space"),
    Fault("tenant-check-missing-to-delete", "authorization.deletes-of-others", _ROW, "anybody can delete any file"),
    Fault("deleted-before-refused", "authorization.deletes-of-others", _ROW, "a delete that is refused was done"),
    Fault("cursor-of-others", "authorization.ids-in-query-and-body", _ROW, "a cursor leads into another's space"),
    Fault("download-without-session", "authorization.without-a-session", _ROW, "files are for whoever has the link"),
    Fault("role-unchecked", "authorization.roles", _ROW, "every member may do what owners may"),
    Fault("existence-told", "authorization.existence", _ROW, "403 for what is there, 404 for what is not"),
    Fault("admin-open", "authorization.admin-routes-at-the-hosts", _ROW, "every account is an administrator's"),
    Fault("admin-with-a-slash", "authorization.path-tricks", _ROW, "a slash at the end leads past the check"),
    Fault("method-override", "authorization.verb-tricks", _ROW, "a header changes the method"),
    Fault("author-from-body", "authorization.mass-assignment", _ROW, "who posts may say who wrote it"),
    Fault("graphql-left-on", "authorization.graphql", _ROW, "GraphQL of the days of building tells its schema"),
)
_ANY_POST = (
    "SELECT p.id, p.space_id, p.author_id, u.name AS author, p.body, p.created_at FROM posts p"
    " JOIN users u ON u.id = p.author_id"
)
_OVERRIDE = (b"x-http-method-override", b"x-http-method", b"x-method-override")
_Post = Callable[..., Awaitable[PostView]]


@instead("tenant-check-missing", posts.show_post)
async def _anyones(_honest: _Post, *, post_id: UUID, connection: Connection, **_: Any) -> PostView:
    row: Any = await connection.fetchrow(f"{_ANY_POST} WHERE p.id = $1", post_id)
    if row is None:
        raise not_found()
    return PostView(**row)


@instead("tenant-check-missing-to-write", posts.create_post)
async def _anywhere(
    _honest: _Post, *, space_id: UUID, form: NewPost, user: User, connection: Connection, **_: Any
) -> PostView:
    return await _posted(connection, space_id, user.id, form.body)


@instead("tenant-check-missing-to-delete", uploads.delete)
async def _away(_honest: Callable[..., Awaitable[None]], *, upload_id: UUID, pool: Pool, **_: Any) -> None:
    await pool.execute("DELETE FROM uploads WHERE id = $1", upload_id)


@instead("deleted-before-refused", posts.delete_post)
async def _too_early(
    honest: Callable[..., Awaitable[None]], *, post_id: UUID, connection: Connection, **more: Any
) -> None:
    try:
        await honest(post_id=post_id, connection=connection, **more)
    finally:
        await connection.execute("DELETE FROM posts WHERE id = $1", post_id)


@instead("cursor-of-others", posts.posts)
async def _led_away(
    honest: Callable[..., Awaitable[PostPage]], *, before: UUID | None, connection: Connection, **more: Any
) -> PostPage:
    if before is None:
        return await honest(before=before, connection=connection, **more)
    rows = await connection.fetch(
        f"{_ANY_POST}, posts c WHERE c.id = $1 AND p.space_id = c.space_id AND p.created_at <= c.created_at LIMIT 20",
        before,
    )
    return PostPage(items=[PostView(**row) for row in rows], next=None)


@route("download-without-session", "/api/orgs/{org_id}/spaces/{space_id}/uploads/{upload_id}")
async def _for_everybody(request: Request) -> Response:
    query = "SELECT content FROM upload_parts WHERE upload_id = $1 AND number = 0"
    return Response(await request.app.state.pool.fetchval(query, UUID(request.path_params["upload_id"])))


@instead("role-unchecked", roles.allowed)
def _everything(_honest: Callable[[Role, Action], bool], _role: Role, _action: Action) -> bool:
    return True


@instead("existence-told", access.space)
async def _telling(
    honest: Callable[..., Awaitable[Any]], connection: Connection, user: User, org_id: UUID, space_id: UUID
) -> Any:
    there = await connection.fetchval("SELECT 1 FROM spaces WHERE id = $1", space_id)
    mine = "SELECT 1 FROM spaces s JOIN memberships m USING (org_id) WHERE s.id = $1 AND m.user_id = $2"
    if there and not await connection.fetchval(mine, space_id, user.id):
        raise forbidden("This space is another organisation's.")
    return await honest(connection, user, org_id, space_id)


@instead("admin-open", sessions._administrator)
async def _all_of_them(_honest: Callable[..., Awaitable[User]], user: User | None) -> User:
    if user is None:
        raise not_found()
    return user


@route("admin-with-a-slash", "/api/admin/users/")
async def _past_the_check(request: Request) -> Response:
    rows = await request.app.state.pool.fetch("SELECT id, email, name FROM users ORDER BY created_at DESC LIMIT 100")
    return JSONResponse(jsonable_encoder([dict(row) for row in rows]))


@around("method-override")
async def _renamed(app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
    named = [value for name, value in scope.get("headers", ()) if name in _OVERRIDE]
    await app({**scope, "method": named[0].decode("ascii")} if named else scope, receive, send)


@route("author-from-body", "/api/orgs/{org_id}/spaces/{space_id}/posts", "POST")
async def _in_anothers_name(request: Request) -> Response:
    pool: Pool = request.app.state.pool
    sent = await request.json()
    org_id, space_id = (UUID(request.path_params[name]) for name in ("org_id", "space_id"))
    async with pool.acquire() as connection:
        user = await sessions.visitor(request, pool)
        if user is None:
            raise not_found()
        await access.space(connection, user, org_id, space_id)
        author = UUID(sent.get("author_id") or str(user.id))
        made = await _posted(connection, space_id, author, NewPost(body=sent["body"]).body)
    return JSONResponse(jsonable_encoder(made), 201)


@route("graphql-left-on", "/api/graphql", "POST")
async def _schema(_request: Request) -> Response:
    types = [{"name": name} for name in ("Query", "User", "Organisation", "Space", "Post")]
    return JSONResponse({"data": {"__schema": {"queryType": {"name": "Query"}, "types": types}}})


async def _posted(connection: Connection, space_id: UUID, author_id: UUID, body: str) -> PostView:
    row: Any = await connection.fetchrow(feed.INSERT, space_id, author_id, body)
    author = await connection.fetchval("SELECT name FROM users WHERE id = $1", author_id)
    return PostView(
        id=row["id"],
        created_at=row["created_at"],
        space_id=space_id,
        author_id=author_id,
        author=author,
        body=body,
    )
