"""Section ``launch-ready:secrets``: the secrets, who answers for each, who may read it, and where it is kept.

The values stand beside the section, encrypted, as config secrets of their own:
``pulumi config set --secret launch-ready:<config_secret>``, or ``invoke secrets.rotate``, which makes one and brings it
to where it is used. Nothing that is read here holds one.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import Field, model_validator

from core.settings.base import Section, matching
from core.settings.zone import Identifier

Scope = Literal["access", "ai_gateway", "dex", "workers"]
Made = Literal["base64", "base64url", "hex", "password", "rsa"]
MOST_SECRETS = 100
RELEASES = "releases"
"""The reader that stands for the platform's own releases."""

# Least, most, and what is taken where nothing is said: bytes, characters of a password, bits of an RSA key.
_SIZES: dict[Made, tuple[int, int, int]] = {
    "base64": (16, 1024, 32),
    "base64url": (16, 1024, 32),
    "hex": (16, 1024, 32),
    "password": (16, 256, 32),
    "rsa": (2048, 4096, 2048),
}


class Generator(Section):
    """How a new value is made."""

    kind: Made
    """Random bytes as `base64`, `base64url` or `hex`; a `password` (letters, digits); an `rsa` key (PKCS #8, PEM)."""
    size: int | None = None
    """Bytes (32 without it), a password's characters (32), an RSA key's bits (2048)."""

    @model_validator(mode="after")
    def _within_bounds(self) -> Generator:
        least, most, _ = _SIZES[self.kind]
        if self.size is not None and not least <= self.size <= most:
            raise ValueError(f"size is {self.size}, and {self.kind} takes {least} to {most}")
        return self

    @property
    def amount(self) -> int:
        """The size that is meant."""
        return self.size or _SIZES[self.kind][2]


ConfigSecret = Annotated[
    str, matching(r"[a-z][a-z0-9-]{0,62}", "lower-case letters, digits and hyphens, such as session-key")
]
"""The name of a secret in Pulumi's config, without ``launch-ready:`` before it."""


class StoredSecret(Section):
    """One secret: what it is called, who answers for it, who may read it, and where it is kept beside this file."""

    name: Annotated[str, matching(r"[A-Za-z0-9_-]{1,255}", "1 to 255 letters, digits, _ and -")]
    """Its name, in Cloudflare's store too, under which a Worker binds it."""
    config_secret: ConfigSecret
    """The config secret that holds its value: `launch-ready:<config_secret>` in this file, encrypted."""
    owner: Annotated[str, Field(min_length=1, max_length=60)]
    """Who answers for it and replaces it."""
    readers: Annotated[tuple[Annotated[str, Field(min_length=1, max_length=60)], ...], Field(min_length=1)]
    """Who may read it: `releases` for the platform's own, people and other systems by name."""
    scopes: tuple[Scope, ...] = ()
    """The services of Cloudflare that may read it from the Secrets Store; without any, it is not kept there."""
    aws_secrets_manager: (
        Annotated[str, matching(r"[A-Za-z0-9/_+=.@-]{1,512}", "a secret's name in AWS Secrets Manager, and no ARN")]
        | None
    ) = None
    """The secret's name in AWS Secrets Manager, where it is kept there."""
    aws_ssm: (
        Annotated[str, matching(r"/?[A-Za-z0-9/_.-]{1,1010}", "a parameter's name in AWS Systems Manager, and no ARN")]
        | None
    ) = None
    """The parameter's name in AWS Systems Manager Parameter Store, where it is kept there."""
    max_age_days: Annotated[int, Field(ge=1, le=730)]
    """Days after which it must be replaced."""
    made: date | None = None
    """The day on which its value was made, in quotes. `invoke secrets.rotate` writes it."""
    generator: Generator | None = None
    """How a new value is made; without it, another party makes it, and `invoke secrets.rotate` is given it."""

    @property
    def for_releases(self) -> bool:
        """Whether the platform's own releases may read it."""
        return RELEASES in self.readers

    def age_days(self, today: date) -> int | None:
        """Days since its value was made, by this file; None where it does not say."""
        return None if self.made is None else (today - self.made).days

    def over_age(self, today: date) -> bool | None:
        """Whether it must be replaced by now; None where nobody knows, as with a day that is to come."""
        return self.is_over(self.age_days(today))

    def is_over(self, age_days: int | None) -> bool | None:
        """As :meth:`over_age`, of an age that somebody else knows."""
        # Somebody further east writes down tomorrow's day.
        return None if age_days is None or age_days < -1 else age_days > self.max_age_days


class Secrets(Section):
    """The secrets, and Cloudflare's store: an account has one."""

    store_name: Annotated[str, matching(r"[A-Za-z0-9_-]{1,64}", "1 to 64 letters, digits, _ and -")] = "launch-ready"
    """What a new store is called."""
    store_id: Identifier | None = None
    """The account's store, where it has one already: it is used and not made."""
    items: Annotated[tuple[StoredSecret, ...], Field(max_length=MOST_SECRETS)] = ()
    """The secrets."""

    @model_validator(mode="after")
    def _each_once(self) -> Secrets:
        for what in ("name", "config_secret", "aws_secrets_manager", "aws_ssm"):
            values = [value for item in self.items if (value := getattr(item, what))]
            for value in values:
                if values.count(value) > 1:
                    raise ValueError(f"two secrets have the {what} {value}: each must have its own")
        return self
