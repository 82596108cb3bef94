"""Who may do what in an organisation: pure, so that the whole table can be tested."""

from __future__ import annotations

from enum import StrEnum


class Role(StrEnum):
    """A membership's role, weakest first."""

    MEMBER = "member"
    ADMIN = "admin"
    OWNER = "owner"


class Action(StrEnum):
    """What a member may try. Seeing, posting and leaving are every member's."""

    CREATE_SPACE = "create spaces"
    MANAGE_INVITES = "manage invites"
    MODERATE_POSTS = "moderate posts"
    CHANGE_ROLES = "change roles"


_RANK = {role: rank for rank, role in enumerate(Role)}
_LEAST = {
    Action.CREATE_SPACE: Role.ADMIN,
    Action.MANAGE_INVITES: Role.ADMIN,
    Action.MODERATE_POSTS: Role.ADMIN,
    Action.CHANGE_ROLES: Role.OWNER,
}


def allowed(role: Role, action: Action) -> bool:
    """Whether ``role`` may do ``action`` in its own organisation."""
    return _RANK[role] >= _RANK[_LEAST[action]]


def may_invite_as(inviter: Role, invited: Role) -> bool:
    """Whether an invite may carry ``invited``: always below the inviter's own role, so nobody raises themselves."""
    return allowed(inviter, Action.MANAGE_INVITES) and _RANK[invited] < _RANK[inviter]


def may_remove(actor: Role, target: Role) -> bool:
    """Whether ``actor`` may remove another member of role ``target``: only those below."""
    return _RANK[actor] > _RANK[target]
