"""What clients are shown: each field is listed here, so that a new column never shows by itself."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel

from .roles import Role


class Told(BaseModel):
    """A sentence for people."""

    detail: str


class UserView(BaseModel):
    """The signed-in user, to themselves; ``verified`` is whether the address is proven."""

    id: UUID
    email: str
    name: str
    verified: bool
    is_admin: bool


class AdminUserView(BaseModel):
    """An account, to administrators."""

    id: UUID
    email: str
    name: str
    verified: bool
    created_at: datetime


class AdminOrgView(BaseModel):
    """An organisation, to administrators; ``members`` is how many it has."""

    id: UUID
    name: str
    members: int
    created_at: datetime


class OrgView(BaseModel):
    """An organisation, to a member; ``role`` is the asker's own."""

    id: UUID
    name: str
    role: Role


class MemberView(BaseModel):
    """A member, to other members: no address."""

    user_id: UUID
    name: str
    role: Role
    joined_at: datetime


class SpaceView(BaseModel):
    """A space, to members of its organisation."""

    id: UUID
    org_id: UUID
    name: str
    created_at: datetime


class PostView(BaseModel):
    """A post, to members of its organisation."""

    id: UUID
    space_id: UUID
    author_id: UUID
    author: str
    body: str
    created_at: datetime


class PostPage(BaseModel):
    """Posts, newest first; ``next`` is the ``before`` of the next page, null on the last."""

    items: list[PostView]
    next: UUID | None


class UploadView(BaseModel):
    """A file in a space; ``size`` is in bytes, ``sha256`` in hexadecimal, ``media_type`` what its bytes say."""

    id: UUID
    space_id: UUID
    author_id: UUID
    name: str
    size: int
    sha256: str
    media_type: str
    created_at: datetime


class InviteView(BaseModel):
    """An invite, to those who manage them."""

    id: UUID
    org_id: UUID
    role: Role
    email: str | None
    expires_at: datetime
    accepted_at: datetime | None


class NewInviteView(InviteView):
    """A new invite: the one time that its token is shown."""

    token: str
