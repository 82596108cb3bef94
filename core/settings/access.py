"""Section ``launch-ready:access``: who passes Cloudflare Access before the administrators' routes.

The routes are ``admin`` of ``launch-ready:platform``. Limits:
https://developers.cloudflare.com/cloudflare-one/account-limits/, and for paths
https://developers.cloudflare.com/cloudflare-one/policies/access/app-paths/.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Annotated, Literal

from pydantic import Field, model_validator

from core.settings.base import Section, matching
from core.settings.mailbox import LowerMailbox
from core.settings.names import HostName, RelativeName

MOST_DOMAINS = 5
"""Names with their paths in one application."""
LONGEST_DOMAIN = 63
MOST_MAILBOXES = 1000
_SEGMENT = re.compile(r"[^*]*\*?[^*]*")

Uuid = Annotated[
    str, matching(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "a UUID, in lower case, as the dashboard shows it")
]
TokenName = Annotated[str, matching(r"[a-z0-9][a-z0-9-]{0,49}", "1 to 50 lower-case letters, digits and hyphens")]


class ServiceToken(Section):
    """A program that may pass: it sends `CF-Access-Client-Id` and `CF-Access-Client-Secret`."""

    name: TokenName
    """What it is called."""
    owner: Annotated[str, Field(min_length=1, max_length=60)]
    """Who answers for it."""
    days: Annotated[int, Field(ge=1, le=3650)] = 365
    """Days that it is valid for."""


class Access(Section):
    """Who may come to the administrators' routes. With nobody named, Access is not set up at all."""

    names: tuple[RelativeName, ...] = ()
    """Which of `web` in `launch-ready:dns` it stands before; none means all of them."""
    emails: Annotated[tuple[LowerMailbox, ...], Field(max_length=MOST_MAILBOXES)] = ()
    """People, by mail address."""
    email_domains: tuple[HostName, ...] = ()
    """Everybody with an address in one of these domains."""
    groups: tuple[Uuid, ...] = ()
    """Groups that are kept in Access, by id."""
    service_tokens: Annotated[tuple[ServiceToken, ...], Field(max_length=50)] = ()
    """Programs."""
    session: Literal["30m", "1h", "2h", "4h", "6h", "8h", "12h", "24h"] = "8h"
    """How long a login holds."""

    @model_validator(mode="after")
    def _each_once(self) -> Access:
        names = [token.name for token in self.service_tokens]
        for what, values in (("names", self.names), ("emails", self.emails), ("service_tokens", names)):
            for value in values:
                if list(values).count(value) > 1:
                    raise ValueError(f"two of {what} are {value}: keep one")
        return self

    @property
    def on(self) -> bool:
        """Whether anybody is let through, without which there is nothing to set up."""
        return self.has_people or bool(self.service_tokens)

    @property
    def has_people(self) -> bool:
        """Whether people are let through, and not programs alone."""
        return bool(self.emails or self.email_domains or self.groups)


def protected_paths(admin: Iterable[str]) -> list[str]:
    """The fewest paths of Access that cover ``admin``: one covers all that is below it, so a ``/*`` at its end is not
    needed, and ``/`` alone is the whole name (``""``).
    """
    shortest = sorted({path.removesuffix("*").rstrip("/") for path in admin if _is_open(path)} | _exact(admin))
    return [path for path in shortest if not any(_below(path, other) for other in shortest)]


def beyond(paths: Iterable[str], name: str) -> Iterator[str]:
    """What Access cannot do with ``paths`` at the full ``name``: why."""
    listed = list(paths)
    if len(listed) > MOST_DOMAINS:
        yield f"{len(listed)} paths are over the {MOST_DOMAINS} that an application of Access has"
    for path in listed:
        if not all(_SEGMENT.fullmatch(segment) for segment in path.split("/")):
            yield f"{path} has two * between slashes, and Access takes one"
        if len(name + path) > LONGEST_DOMAIN:
            yield f"{name}{path} is over the {LONGEST_DOMAIN} characters that Access takes"


def _is_open(path: str) -> bool:
    return path.endswith("/*")


def _exact(admin: Iterable[str]) -> set[str]:
    return {path.rstrip("/") for path in admin if not _is_open(path)}


def _below(path: str, other: str) -> bool:
    return path != other and path.startswith(f"{other}/")
