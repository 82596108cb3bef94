"""Invites: made by those who manage them, accepted once, before they expire."""

from __future__ import annotations

from uuid import UUID

from fastapi import APIRouter

from .. import access, limits, tokens
from ..database import Db
from ..forms import AcceptInvite, NewInvite
from ..problems import Problem, conflict, forbidden, not_found
from ..roles import Action, Role, may_invite_as
from ..sessions import SignedIn
from ..views import InviteView, NewInviteView, OrgView

router = APIRouter(prefix="/api", tags=["invites"])

_INSERT = (
    "INSERT INTO invites (org_id, token_digest, role, email, created_by, expires_at)"
    " VALUES ($1, $2, $3, $4, $5, now() + $6::interval) RETURNING id, org_id, role, email, expires_at, accepted_at"
)


@router.post("/orgs/{org_id}/invites", status_code=201)
async def create(org_id: UUID, form: NewInvite, user: SignedIn, connection: Db) -> NewInviteView:
    """Invite to a role below one's own. The token is in this answer and nowhere else."""
    role = await access.permitted(connection, user, org_id, Action.MANAGE_INVITES)
    if not may_invite_as(role, form.role):
        raise forbidden("You can invite to roles below your own only.")
    await limits.require(connection, limits.INVITES, str(org_id))
    token, digest = tokens.make()
    row = await connection.fetchrow(
        _INSERT,
        org_id,
        digest,
        form.role.value,
        form.email,
        user.id,
        form.lifetime,
    )
    return NewInviteView(**row, token=token)


@router.get("/orgs/{org_id}/invites")
async def list_all(org_id: UUID, user: SignedIn, connection: Db) -> list[InviteView]:
    """An organisation's invites, to those who manage them."""
    await access.permitted(connection, user, org_id, Action.MANAGE_INVITES)
    rows = await connection.fetch(
        "SELECT id, org_id, role, email, expires_at, accepted_at FROM invites WHERE org_id = $1"
        " ORDER BY created_at, id",
        org_id,
    )
    return [InviteView(**row) for row in rows]


@router.delete("/orgs/{org_id}/invites/{invite_id}", status_code=204)
async def revoke(org_id: UUID, invite_id: UUID, user: SignedIn, connection: Db) -> None:
    """Take back an invite that nobody has accepted."""
    await access.permitted(connection, user, org_id, Action.MANAGE_INVITES)
    done = await connection.fetchval(
        "DELETE FROM invites WHERE id = $1 AND org_id = $2 AND accepted_at IS NULL RETURNING id", invite_id, org_id
    )
    if done is None:
        raise not_found()


@router.post("/invites/accept")
async def accept(form: AcceptInvite, user: SignedIn, connection: Db) -> OrgView:
    """Join by an invite's token. Unknown, used, expired and another's look the same."""
    async with connection.transaction():
        # One statement decides who of two at once gets it.
        invite = await connection.fetchrow(
            "UPDATE invites SET accepted_at = now(), accepted_by = $2 WHERE token_digest = $1 AND accepted_at IS NULL"
            " AND expires_at > now() AND (email IS NULL OR email = $3) RETURNING org_id, role",
            tokens.digest(form.token),
            user.id,
            user.email,
        )
        if invite is None:
            raise Problem(404, "This invite cannot be used, or not any more.")
        joined = await connection.fetchval(
            "INSERT INTO memberships (org_id, user_id, role) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING RETURNING role",
            invite["org_id"],
            user.id,
            invite["role"],
        )
        if joined is None:
            raise conflict("You are a member already; the invite stays good for someone else.")
        row = await access.org(connection, user, invite["org_id"])
    return OrgView(id=row["id"], name=row["name"], role=Role(row["role"]))
