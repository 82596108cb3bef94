"""Section ``launch-ready:platform``: where things are on the platform, in the platform's own terms.

Rules at the edge, limits, policies, reviews and checks all name them so, and no path is written twice.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from core.settings.section import Section, matching

Path = Annotated[
    str,
    matching(
        # Cloudflare's wildcard refuses two stars in a row: one says as much.
        r"/(?!.*\*\*)[a-z0-9._~/*-]{0,199}",
        "a path of lower-case letters, digits and -._~/ that begins with /; * is any text, and never two in a row",
    ),
]
"""A lower-case path. ``*`` is any text, slashes in it too, as in Cloudflare's ``wildcard``."""

Paths = tuple[Path, ...]
_Some = Annotated[Paths, Field(min_length=1)]


class Platform(Section):
    """Paths, in lower case; `*` stands for any text, slashes included. The defaults are those of the lab's platform."""

    homepage: Path = "/"
    """What a visitor sees first."""
    health: Path = "/healthz"
    """What says that the platform is well."""
    login: _Some = ("/api/auth/login", "/login")
    """Where a password is sent to."""
    signup: _Some = ("/api/auth/signup", "/signup")
    """Where an account is made."""
    reset: _Some = ("/api/auth/reset", "/api/auth/reset/*")
    """Where a forgotten password is asked for and set anew."""
    invite: _Some = ("/api/orgs/*/invites",)
    """Where others are invited."""
    post: _Some = ("/api/orgs/*/spaces/*/posts",)
    """Where a user writes for others to read."""
    upload: Paths = ("/api/orgs/*/spaces/*/uploads",)
    """Where files are sent to."""
    api: _Some = ("/api/*",)
    """All of the API: never cached, and its other writes are limited too."""
    admin: _Some = ("/admin", "/admin/*", "/api/admin", "/api/admin/*")
    """What administrators alone may reach."""
    webhook: Paths = ("/api/webhooks/*",)
    """Where other services call."""
    static: Paths = ("/static/*",)
    """Assets that are the same for everybody: they may be cached."""
    private: Paths = ("/login", "/signup", "/logout", "/orgs", "/orgs/*", "/me", "/me/*")
    """Pages that differ from user to user, beside the API and the administrators': never cached."""
