"""Faults of invites."""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any
from uuid import UUID

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from .. import sessions, tokens
from ..database import Connection
from ..forms import AcceptInvite, NewInvite
from ..problems import not_found
from ..roles import Role
from ..routes import invites
from ..sessions import User
from ..views import NewInviteView, OrgView
from .seeding import Fault, instead, route

_ROW = "authorization"
FAULTS = (
    Fault("invite-reusable", "authorization.invite-reuse", _ROW, "an invite that was accepted is good again"),
    Fault("invite-for-anybody", "authorization.invite-forwarding", _ROW, "the invited address is not compared"),
    Fault("invite-never-expires", "authorization.invite-expiry", _ROW, "an invite is good for ever"),
    Fault("invite-not-taken-back", "authorization.invite-revoked", _ROW, "an invite that was taken back is good"),
    Fault("invite-by-unproven", "authorization.invite-unverified", _ROW, "an address need not be proven to join"),
    Fault("invite-role-in-link", "authorization.invite-role", _ROW, "the role stands in the link, unchecked"),
    Fault("invite-to-anywhere", "authorization.invite-workspace", _ROW, "who accepts names the organisation"),
    Fault("invite-renews-role", "authorization.invite-duplicate", _ROW, "an old invite changes a member's role"),
    Fault("invite-short", "authorization.invite-guessing", _ROW, "an invite's token is four bytes"),
)
_Accept = Callable[..., Awaitable[OrgView]]
_JOIN = "INSERT INTO memberships (org_id, user_id, role) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING"
_RENEW = _JOIN.replace("DO NOTHING", "(org_id, user_id) DO UPDATE SET role = excluded.role")


@instead("invite-reusable", invites.accept)
async def _again(honest: _Accept, form: AcceptInvite, user: User, connection: Connection) -> OrgView:
    query = "UPDATE invites SET accepted_at = NULL WHERE token_digest = $1"
    await connection.execute(query, tokens.digest(form.token))
    return await honest(form=form, user=user, connection=connection)


@instead("invite-for-anybody", invites.accept)
async def _by_anybody(honest: _Accept, form: AcceptInvite, user: User, connection: Connection) -> OrgView:
    query = "SELECT email FROM invites WHERE token_digest = $1"
    email = await connection.fetchval(query, tokens.digest(form.token))
    return await honest(form=form, user=replace(user, email=email or user.email), connection=connection)


@instead("invite-never-expires", invites.accept)
async def _late(honest: _Accept, form: AcceptInvite, user: User, connection: Connection) -> OrgView:
    query = "UPDATE invites SET expires_at = now() + interval '1 day' WHERE token_digest = $1"
    await connection.execute(query, tokens.digest(form.token))
    return await honest(form=form, user=user, connection=connection)


@instead("invite-not-taken-back", invites.revoke)
async def _kept(_honest: Callable[..., Awaitable[None]], **_: Any) -> None:
    return


@instead("invite-by-unproven", sessions._proven)
async def _unproven(_honest: Callable[..., Awaitable[User]], user: User) -> User:
    return user


@instead("invite-role-in-link", invites.create)
async def _linked(honest: Callable[..., Awaitable[NewInviteView]], form: NewInvite, **more: Any) -> NewInviteView:
    made = await honest(form=form.model_copy(update={"role": Role.MEMBER}), **more)
    return made.model_copy(update={"token": f"{made.token}.{form.role}"})


@instead("invite-role-in-link", invites.accept)
async def _as_linked(honest: _Accept, form: AcceptInvite, user: User, connection: Connection) -> OrgView:
    token, _, role = form.token.partition(".")
    joined = await honest(form=AcceptInvite(token=token), user=user, connection=connection)
    await connection.execute(_RENEW, joined.id, user.id, role or Role.MEMBER)
    return joined


@route("invite-to-anywhere", "/api/invites/accept", "POST")
async def _anywhere(request: Request) -> Response:
    sent = await request.json()
    pool = request.app.state.pool
    user = await sessions.visitor(request, pool)
    query = "UPDATE invites SET accepted_at = now() WHERE token_digest = $1 AND email = $2 RETURNING org_id, role"
    found = await pool.fetchrow(query, tokens.digest(sent["token"]), user.email) if user else None
    if user is None or found is None:
        raise not_found()
    await pool.execute(_JOIN, UUID(sent.get("org_id") or str(found["org_id"])), user.id, found["role"])
    return JSONResponse({"id": str(found["org_id"])})


@instead("invite-renews-role", invites.accept)
async def _renewed(honest: _Accept, form: AcceptInvite, user: User, connection: Connection) -> OrgView:
    found = await connection.fetchrow(
        "SELECT org_id, role FROM invites WHERE token_digest = $1 AND email = $2", tokens.digest(form.token), user.email
    )
    if found is not None:
        await connection.execute(_RENEW, found["org_id"], user.id, found["role"])
    return await honest(form=form, user=user, connection=connection)


@instead("invite-short", tokens.make)
def _short(_honest: Callable[[], tuple[str, bytes]]) -> tuple[str, bytes]:
    token = secrets.token_hex(4)
    return token, tokens.digest(token)
