"""The limits that a stack asks for: the kinds with the platform's paths, and the user's own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from core.settings.platform import Platform
from core.settings.rate_limits import KINDS, Limit, RateLimits
from core.settings.yaml_tree import Place

_WRITES = ("POST", "PUT", "PATCH", "DELETE")


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A limit as the settings have it, with where it stands; ``written`` if a user wrote it."""

    place: Place
    name: str
    limit: Limit
    paths: tuple[str, ...]
    methods: tuple[str, ...]
    excluding: tuple[str, ...] = ()
    written: bool = True


def limits_of(limits: RateLimits, platform: Platform) -> Iterator[Asked]:
    """The kinds that are there, in their order, and the user's own rules."""
    places = {
        "login": (platform.login, ("POST",)),
        "password_reset": (platform.reset, ("POST",)),
        "signup": (platform.signup, ("POST",)),
        "invite": (platform.invite, ("POST",)),
        "post": (platform.post, ("POST",)),
        "other_writes": ((*platform.api, *platform.signup), _WRITES),
    }
    before: tuple[str, ...] = ()
    for key in KINDS:
        limit = getattr(limits, key)
        if limit is None:
            continue
        where, allowed = places[key]
        name = key.replace("_", "-")
        excluding = before if key == "other_writes" else ()
        written = key in limits.model_fields_set
        place: Place = ("rate_limits", key)
        yield Asked(
            place=place,
            name=name,
            limit=limit,
            paths=where,
            methods=allowed,
            excluding=excluding,
            written=written,
        )
        before = (*before, name)
    for index, rule in enumerate(limits.rules):
        place = ("rate_limits", "rules", index)
        yield Asked(
            place=place,
            name=rule.name,
            limit=rule,
            paths=rule.paths,
            methods=rule.methods,
            excluding=rule.excluding,
        )
