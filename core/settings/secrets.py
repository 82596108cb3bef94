"""Section ``launch-ready:secrets``: Cloudflare's Secrets Store and what is kept in it.

The values stand beside the section, encrypted, as config secrets of their own:
``pulumi config set --secret launch-ready:<config_secret>``. Nothing that is read here holds one.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from core.settings.base import Section, matching
from core.settings.zone import Identifier

Scope = Literal["access", "ai_gateway", "dex", "workers"]
MOST_SECRETS = 100


class StoredSecret(Section):
    """One secret: what it is called, who answers for it, and who may read it."""

    name: Annotated[str, matching(r"[A-Za-z0-9_-]{1,255}", "1 to 255 letters, digits, _ and -")]
    """Its name in the store, under which a Worker binds it."""
    config_secret: Annotated[
        str, matching(r"[a-z][a-z0-9-]{0,62}", "lower-case letters, digits and hyphens, such as session-key")
    ]
    """The config secret that holds its value: `launch-ready:<config_secret>` in this file, encrypted."""
    owner: Annotated[str, Field(min_length=1, max_length=60)]
    """Who answers for it and replaces it."""
    scopes: Annotated[tuple[Scope, ...], Field(min_length=1)]
    """The services of Cloudflare that may read it."""
    max_age_days: Annotated[int, Field(ge=1, le=730)]
    """Days after which it must be replaced."""


class Secrets(Section):
    """The store. Cloudflare allows one in an account."""

    store_name: Annotated[str, matching(r"[A-Za-z0-9_-]{1,64}", "1 to 64 letters, digits, _ and -")] = "launch-ready"
    """What a new store is called."""
    store_id: Identifier | None = None
    """The account's store, where it has one already: it is used and not made."""
    items: Annotated[tuple[StoredSecret, ...], Field(max_length=MOST_SECRETS)] = ()
    """The secrets."""

    @model_validator(mode="after")
    def _each_once(self) -> Secrets:
        for what, values in (
            ("name", [item.name for item in self.items]),
            ("config_secret", [item.config_secret for item in self.items]),
        ):
            for value in values:
                if values.count(value) > 1:
                    raise ValueError(f"two secrets have the {what} {value}: each must have its own")
        return self
