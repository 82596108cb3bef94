"""Object-level access: every id in a path is looked up through the asker's own memberships.

What the asker's organisations do not hold is answered as what does not exist, so ids can be neither used nor probed.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from .database import Connection
from .problems import forbidden, not_found
from .roles import Action, Role, allowed
from .sessions import User


async def role_in(connection: Connection, user: User, org_id: UUID) -> Role:
    """The user's role in an organisation. Raises 404 for no member."""
    role = await connection.fetchval("SELECT role FROM memberships WHERE org_id = $1 AND user_id = $2", org_id, user.id)
    if role is None:
        raise not_found()
    return Role(role)


async def permitted(connection: Connection, user: User, org_id: UUID, action: Action) -> Role:
    """The user's role, if it allows ``action``. Raises 404 for no member, 403 for too weak a role."""
    role = await role_in(connection, user, org_id)
    require(role, action)
    return role


def require(role: Role, action: Action) -> None:
    """Raises 403 unless ``role`` may do ``action``."""
    if not allowed(role, action):
        raise forbidden(f"Your role here cannot {action.value}.")


async def org(connection: Connection, user: User, org_id: UUID) -> Any:
    """An organisation's row with the user's ``role``. Raises 404."""
    return _found(
        await connection.fetchrow(
            "SELECT o.id, o.name, m.role FROM orgs o JOIN memberships m ON m.org_id = o.id"
            " WHERE o.id = $1 AND m.user_id = $2",
            org_id,
            user.id,
        )
    )


async def space(connection: Connection, user: User, org_id: UUID, space_id: UUID) -> Any:
    """A space's row with the user's ``role``. Raises 404, for a space of another organisation too."""
    return _found(
        await connection.fetchrow(
            "SELECT s.id, s.org_id, s.name, s.created_at, m.role FROM spaces s"
            " JOIN memberships m ON m.org_id = s.org_id WHERE s.id = $1 AND s.org_id = $2 AND m.user_id = $3",
            space_id,
            org_id,
            user.id,
        )
    )


async def post(connection: Connection, user: User, org_id: UUID, space_id: UUID, post_id: UUID) -> Any:
    """A post's row with its ``author`` by name and the user's ``role``. Raises 404, for one of another space too."""
    return _found(
        await connection.fetchrow(
            "SELECT p.id, p.space_id, p.author_id, u.name AS author, p.body, p.created_at, m.role FROM posts p"
            " JOIN users u ON u.id = p.author_id JOIN spaces s ON s.id = p.space_id"
            " JOIN memberships m ON m.org_id = s.org_id"
            " WHERE p.id = $1 AND s.id = $2 AND s.org_id = $3 AND m.user_id = $4",
            post_id,
            space_id,
            org_id,
            user.id,
        )
    )


def _found(row: Any) -> Any:
    if row is None:
        raise not_found()
    return row
