"""What clients may send. Unknown fields are refused, so nobody sets what is not offered (mass assignment)."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from .roles import Role


def _storable(text: str) -> str:
    if "\x00" in text:
        raise ValueError("must not contain a NUL character")
    return text


Storable = AfterValidator(_storable)
Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=80), Storable]
Email = Annotated[
    str,
    StringConstraints(strip_whitespace=True, to_lower=True, max_length=254, pattern=r"^[^@\s\x00]{1,64}@[^@\s\x00]+$"),
]
Password = Annotated[str, StringConstraints(min_length=12, max_length=200)]
Body = Annotated[str, StringConstraints(min_length=1, max_length=10_000), Storable]


class Form(BaseModel):
    """The ground of all that is read from clients."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class SignUp(Form):
    """A new account."""

    email: Email
    name: Name
    password: Password


class LogIn(Form):
    """The same bounds as at sign-up, so that a huge password costs nothing."""

    email: Email
    password: Annotated[str, StringConstraints(max_length=200)]


class NewOrg(Form):
    """A new organisation; who makes it owns it."""

    name: Name


class NewRole(Form):
    """A member's new role."""

    role: Role


class NewSpace(Form):
    """A new space of an organisation."""

    name: Name


class NewPost(Form):
    """A new post in a space."""

    body: Body


class NewInvite(Form):
    """An invite; with ``email``, only that account can accept it."""

    role: Role = Role.MEMBER
    email: Email | None = None
    expires_in_hours: Annotated[int, Field(ge=1, le=24 * 30)] = 24 * 7


class AcceptInvite(Form):
    """The token out of an invite's answer."""

    token: Annotated[str, StringConstraints(min_length=1, max_length=100)]
