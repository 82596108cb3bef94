"""Organisations and their members."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from fastapi import APIRouter

from .. import access
from ..database import Connection, Db
from ..forms import NewOrg, NewRole
from ..problems import conflict, forbidden, not_found
from ..roles import Action, Role, may_remove
from ..sessions import SignedIn
from ..views import MemberView, OrgView

router = APIRouter(prefix="/api/orgs", tags=["organisations"])

_MEMBER = (
    "SELECT m.user_id, u.name, m.role, m.joined_at FROM memberships m JOIN users u ON u.id = m.user_id"
    " WHERE m.org_id = $1"
)


@router.post("", status_code=201)
async def create(form: NewOrg, user: SignedIn, connection: Db) -> OrgView:
    """Make an organisation and own it."""
    async with connection.transaction():
        org_id = await connection.fetchval("INSERT INTO orgs (name) VALUES ($1) RETURNING id", form.name)
        await connection.execute(
            "INSERT INTO memberships (org_id, user_id, role) VALUES ($1, $2, 'owner')", org_id, user.id
        )
    return OrgView(id=org_id, name=form.name, role=Role.OWNER)


@router.get("")
async def mine(user: SignedIn, connection: Db) -> list[OrgView]:
    """The organisations that the user is a member of."""
    rows = await connection.fetch(
        "SELECT o.id, o.name, m.role FROM orgs o JOIN memberships m ON m.org_id = o.id"
        " WHERE m.user_id = $1 ORDER BY o.created_at, o.id",
        user.id,
    )
    return [OrgView(**row) for row in rows]


@router.get("/{org_id}")
async def show(org_id: UUID, user: SignedIn, connection: Db) -> OrgView:
    """One organisation."""
    return OrgView(**await access.org(connection, user, org_id))


@router.get("/{org_id}/members")
async def members(org_id: UUID, user: SignedIn, connection: Db) -> list[MemberView]:
    """Its members."""
    await access.role_in(connection, user, org_id)
    return [MemberView(**row) for row in await connection.fetch(f"{_MEMBER} ORDER BY m.joined_at, m.user_id", org_id)]


@router.patch("/{org_id}/members/{user_id}")
async def change_role(org_id: UUID, user_id: UUID, form: NewRole, user: SignedIn, connection: Db) -> MemberView:
    """Give a member another role. Owners may; the last owner stays one."""
    async with connection.transaction():
        await _lock(connection, org_id)
        await access.permitted(connection, user, org_id, Action.CHANGE_ROLES)
        target = await _member(connection, org_id, user_id)
        if form.role is not Role.OWNER:
            await _keep_an_owner(connection, org_id, target)
        await connection.execute(
            "UPDATE memberships SET role = $3 WHERE org_id = $1 AND user_id = $2", org_id, user_id, form.role.value
        )
        if form.role is Role.MEMBER:
            await _drop_invites(connection, org_id, user_id)
    return MemberView(**(dict(target) | {"role": form.role}))


@router.delete("/{org_id}/members/{user_id}", status_code=204)
async def remove(org_id: UUID, user_id: UUID, user: SignedIn, connection: Db) -> None:
    """Leave, or remove a member of a weaker role. Invites that they made and nobody has accepted go too."""
    async with connection.transaction():
        await _lock(connection, org_id)
        role = await access.role_in(connection, user, org_id)
        target = await _member(connection, org_id, user_id)
        if user_id != user.id and not may_remove(role, Role(target["role"])):
            raise forbidden("Your role here cannot remove this member.")
        await _keep_an_owner(connection, org_id, target)
        await _drop_invites(connection, org_id, user_id)
        await connection.execute("DELETE FROM memberships WHERE org_id = $1 AND user_id = $2", org_id, user_id)


async def _lock(connection: Connection, org_id: UUID) -> None:
    # Two owners leaving at once must not each see the other as the one who stays.
    await connection.execute("SELECT FROM orgs WHERE id = $1 FOR UPDATE", org_id)


async def _member(connection: Connection, org_id: UUID, user_id: UUID) -> Any:
    row = await connection.fetchrow(f"{_MEMBER} AND m.user_id = $2", org_id, user_id)
    if row is None:
        raise not_found()
    return row


async def _keep_an_owner(connection: Connection, org_id: UUID, target: Any) -> None:
    owners = "SELECT count(*) FROM memberships WHERE org_id = $1 AND role = 'owner'"
    if target["role"] == Role.OWNER and await connection.fetchval(owners, org_id) == 1:
        raise conflict("An organisation keeps one owner: make another member owner first.")


async def _drop_invites(connection: Connection, org_id: UUID, user_id: UUID) -> None:
    await connection.execute(
        "DELETE FROM invites WHERE org_id = $1 AND created_by = $2 AND accepted_at IS NULL", org_id, user_id
    )
