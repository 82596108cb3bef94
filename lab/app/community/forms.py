"""What clients may send. Unknown fields are refused, so nobody sets what is not offered (mass assignment)."""

from __future__ import annotations

import unicodedata
from datetime import UTC, datetime, timedelta
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints, field_validator

from .roles import Role


def _storable(text: str) -> str:
    if "\x00" in text:
        raise ValueError("must not contain a NUL character")
    return text


# Embeddings, overrides and isolates (Unicode Standard Annex 9, section 2): a name with one shows itself as another.
_DIRECTIONS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def _one_line(text: str) -> str:
    if any(unicodedata.category(each) == "Cc" or each in _DIRECTIONS for each in text):
        raise ValueError("must not contain control characters")
    return text


# What browsers take for an address (WHATWG HTML, 4.10.5.1.5), in one line.
_ADDRESS = (
    r"^[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
    r"(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?)*$"
)

Storable = AfterValidator(_storable)
Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=80), AfterValidator(_one_line)]
Email = Annotated[
    str,
    StringConstraints(strip_whitespace=True, to_lower=True, max_length=254, pattern=_ADDRESS),
]
Password = Annotated[str, StringConstraints(min_length=12, max_length=200)]
GivenPassword = Annotated[str, StringConstraints(max_length=200)]
"""One that is compared with what is stored: bounded, so that a huge one costs nothing."""
Token = Annotated[str, StringConstraints(min_length=1, max_length=100)]
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
    """Who somebody says to be, and the proof."""

    email: Email
    password: GivenPassword


class ByToken(Form):
    """The token out of a mail."""

    token: Token


class Forgotten(Form):
    """Whose password is to be set anew."""

    email: Email


class NewPassword(Form):
    """A password set by a mail's token."""

    token: Token
    password: Password


class ChangedPassword(Form):
    """A password changed by who knows the one before."""

    current: GivenPassword
    new: Password


class Farewell(Form):
    """The password, asked for once more before an account is removed."""

    password: GivenPassword


class Marked(Form):
    """What the test error is to be found by."""

    marker: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9-]{1,64}$")]


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
    """An invite; with ``email``, only that account can accept it. ``expires_at`` is for an end of its own, at most 30
    days away.
    """

    role: Role = Role.MEMBER
    email: Email | None = None
    expires_in_hours: Annotated[int, Field(ge=1, le=24 * 30)] = 24 * 7
    expires_at: AwareDatetime | None = None

    @field_validator("expires_at")
    @classmethod
    def _soon(cls, value: datetime | None) -> datetime | None:
        if value is not None and not timedelta(0) < value - datetime.now(UTC) <= timedelta(days=30):
            raise ValueError("must be in the future, and at most 30 days away")
        return value

    @property
    def lifetime(self) -> timedelta:
        """How long it is good for, from now."""
        return self.expires_at - datetime.now(UTC) if self.expires_at else timedelta(hours=self.expires_in_hours)


class AcceptInvite(Form):
    """The token out of an invite's answer."""

    token: Token
