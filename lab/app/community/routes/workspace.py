"""The pages of organisations, by what the API's own routes do."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import HTMLResponse

from ..database import Db
from ..forms import AcceptInvite, NewOrg, NewPost, NewSpace
from ..pages import PageRoute, filled, go, page
from ..roles import Action, allowed
from ..sessions import Administrator, Posting, SignedIn
from . import admin, invites, orgs, posts

router = APIRouter(include_in_schema=False, route_class=PageRoute, default_response_class=HTMLResponse)

Field = Annotated[str, Form()]


@router.get("/orgs")
async def organisations(request: Request, user: SignedIn, connection: Db) -> Response:
    """One's organisations."""
    return page(request, "orgs.html", visitor=user, orgs=await orgs.mine(user, connection))


@router.post("/orgs")
async def make(user: SignedIn, connection: Db, name: Field = "") -> Response:
    """Make one."""
    return go(f"/orgs/{(await orgs.create(filled(NewOrg, name=name), user, connection)).id}")


@router.post("/orgs/join")
async def join(user: SignedIn, connection: Db, token: Field = "") -> Response:
    """Join one by an invite's token."""
    return go(f"/orgs/{(await invites.accept(filled(AcceptInvite, token=token), user, connection)).id}")


@router.get("/orgs/{org_id}")
async def organisation(request: Request, org_id: UUID, user: SignedIn, connection: Db) -> Response:
    """One organisation: its spaces and members."""
    shown = await orgs.show(org_id, user, connection)
    return page(
        request,
        "org.html",
        visitor=user,
        org=shown,
        spaces=await posts.spaces(org_id, user, connection),
        members=await orgs.members(org_id, user, connection),
        may_create=allowed(shown.role, Action.CREATE_SPACE),
    )


@router.post("/orgs/{org_id}/spaces")
async def make_space(org_id: UUID, user: SignedIn, connection: Db, name: Field = "") -> Response:
    """Make a space."""
    made = await posts.create_space(org_id, filled(NewSpace, name=name), user, connection)
    return go(f"/orgs/{org_id}/spaces/{made.id}")


@router.get("/orgs/{org_id}/spaces/{space_id}")
async def space(
    request: Request, org_id: UUID, space_id: UUID, user: SignedIn, connection: Db, before: UUID | None = None
) -> Response:
    """One space: its posts, newest first."""
    return page(
        request,
        "space.html",
        visitor=user,
        org=await orgs.show(org_id, user, connection),
        space=await posts.show_space(org_id, space_id, user, connection),
        posts=await posts.posts(org_id, space_id, user, connection, 20, before),
    )


@router.post("/orgs/{org_id}/spaces/{space_id}")
async def write(org_id: UUID, space_id: UUID, user: Posting, connection: Db, body: Field = "") -> Response:
    """Post in it."""
    await posts.create_post(org_id, space_id, filled(NewPost, body=body), user, connection)
    return go(f"/orgs/{org_id}/spaces/{space_id}")


@router.get("/admin")
async def administration(request: Request, user: Administrator, connection: Db) -> Response:
    """What administrators see."""
    return page(
        request,
        "admin.html",
        visitor=user,
        users=await admin.users(user, connection, 100),
        orgs=await admin.orgs(user, connection, 100),
    )
