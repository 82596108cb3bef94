"""The calls of the platform's API that the checks make, in ``launch-ready:readiness``."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from core.settings.section import Section, matching

UrlPath = Annotated[
    str,
    matching(
        r"/[A-Za-z0-9._~/?=&{}-]{0,199}",
        "a path that begins with /, of letters, digits and -._~/?=&, with {name} for what changes",
    ),
]


class Call(Section):
    """One call of the platform's API. `{email}` and the like are filled in by the checks."""

    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"] = "POST"
    """The method."""
    path: UrlPath
    """The path, with its query if it has one."""
    body: dict[str, str] = Field(default_factory=dict)
    """Sent as JSON; none without it."""
    headers: dict[str, str] = Field(default_factory=dict)
    """Sent beside the usual ones."""
    gives: Annotated[str, Field(max_length=60)] = ""
    """Where the id or the token is in the answer's JSON, such as `id` or `data.id`."""


class Calls(Section):
    """The calls that the checks make. The defaults are those of the lab's platform."""

    signup: Call = Call(path="/api/auth/signup", body={"email": "{email}", "name": "{name}", "password": "{password}"})
    """Makes an account and has a mail sent to its address."""
    verify: Call = Call(path="/api/auth/verify", body={"token": "{token}"})
    """Proves the address, by the token of that mail."""
    verify_again: Call | None = Call(path="/api/auth/verify/again")
    """Has that mail sent once more, to who is signed in."""
    login: Call = Call(path="/api/auth/login", body={"email": "{email}", "password": "{password}"}, gives="id")
    """Sets the session's cookie; gives the user's id."""
    logout: Call = Call(path="/api/auth/logout")
    """Ends the session."""
    me: Call = Call(method="GET", path="/api/auth/me", gives="id")
    """Who is signed in; 401 for nobody."""
    reset: Call = Call(path="/api/auth/reset", body={"email": "{email}"})
    """Has a mail sent with which a forgotten password is set anew."""
    set_password: Call = Call(path="/api/auth/reset/confirm", body={"token": "{token}", "password": "{password}"})
    """Sets it, by the token of that mail."""
    change_password: Call | None = Call(path="/api/auth/password", body={"current": "{password}", "new": "{new}"})
    """Sets another, by who is signed in and knows the present one."""
    leave: Call | None = Call(method="DELETE", path="/api/auth/me", body={"password": "{password}"})
    """Removes the account and all that is its own."""
    create_org: Call = Call(path="/api/orgs", body={"name": "{name}"}, gives="id")
    """Makes an organisation, owned by who asks."""
    create_space: Call = Call(path="/api/orgs/{org_id}/spaces", body={"name": "{name}"}, gives="id")
    """Makes a space of it."""
    create_post: Call = Call(path="/api/orgs/{org_id}/spaces/{space_id}/posts", body={"body": "{text}"}, gives="id")
    """Writes in it."""
    read_posts: Call = Call(method="GET", path="/api/orgs/{org_id}/spaces/{space_id}/posts")
    """Reads what was written."""
    create_invite: Call = Call(path="/api/orgs/{org_id}/invites", body={"email": "{email}"}, gives="token")
    """Invites an address; gives the invite's token, unless it goes by mail alone."""
    accept_invite: Call = Call(path="/api/invites/accept", body={"token": "{token}"})
    """Joins by it."""
    create_invite_as: Call | None = Call(
        path="/api/orgs/{org_id}/invites", body={"email": "{email}", "role": "{role}"}, gives="token"
    )
    """Invites an address to a role."""
    create_short_invite: Call | None = Call(
        path="/api/orgs/{org_id}/invites", body={"email": "{email}", "expires_at": "{expires_at}"}, gives="token"
    )
    """Invites an address until a time (RFC 3339, UTC)."""
    revoke_invite: Call | None = Call(method="DELETE", path="/api/orgs/{org_id}/invites/{invite_id}")
    """Takes an invite back; `invite_id` is the `id` that making it gave."""
    list_members: Call | None = Call(method="GET", path="/api/orgs/{org_id}/members")
    """Who is a member, and in which role."""
    remove_member: Call | None = Call(method="DELETE", path="/api/orgs/{org_id}/members/{user_id}")
    """Takes a member out."""
    upload: Call | None = Call(path="/api/orgs/{org_id}/spaces/{space_id}/uploads?name={name}", gives="id")
    """Stores the request's body as a file."""
    download: Call | None = Call(method="GET", path="/api/orgs/{org_id}/spaces/{space_id}/uploads/{upload_id}")
    """Gives the file back."""
    webhook: Call | None = Call(path="/api/webhooks/billing")
    """Takes what another service sends, signed as Standard Webhooks has it."""
    admin: Call | None = Call(method="GET", path="/api/admin/users")
    """What administrators alone may ask."""
    test_error: Call | None = Call(path="/api/admin/test-error", body={"marker": "{marker}"})
    """Has an error happen, by an administrator, so that the error tracker can be seen to get it."""
