"""Who may do what, the whole table."""

import pytest

from lab.app.community.roles import Action, Role, allowed, may_invite_as, may_remove

TABLE = {
    Action.CREATE_SPACE: {Role.ADMIN, Role.OWNER},
    Action.MANAGE_INVITES: {Role.ADMIN, Role.OWNER},
    Action.MODERATE_POSTS: {Role.ADMIN, Role.OWNER},
    Action.CHANGE_ROLES: {Role.OWNER},
}


@pytest.mark.parametrize("action", Action)
def test_each_action_is_for_exactly_these_roles(action: Action) -> None:
    assert {role for role in Role if allowed(role, action)} == TABLE[action]


def test_nobody_invites_to_their_own_role_or_above() -> None:
    pairs = {(inviter, invited) for inviter in Role for invited in Role if may_invite_as(inviter, invited)}
    assert pairs == {(Role.ADMIN, Role.MEMBER), (Role.OWNER, Role.MEMBER), (Role.OWNER, Role.ADMIN)}


def test_only_those_below_can_be_removed() -> None:
    pairs = {(actor, target) for actor in Role for target in Role if may_remove(actor, target)}
    assert pairs == {(Role.ADMIN, Role.MEMBER), (Role.OWNER, Role.MEMBER), (Role.OWNER, Role.ADMIN)}
