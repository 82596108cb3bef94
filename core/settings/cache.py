"""Section ``launch-ready:cache``: what the edge may keep, by the paths of ``launch-ready:platform``.

Only `static` paths, and those in ``public``, are ever kept. The API, the administrators' and the private pages never
are, nor what is asked for with a session or a token.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from core.settings.base import Section, matching
from core.settings.platform import Path

Cookie = Annotated[str, matching(r"[A-Za-z0-9_.-]{1,100}", "the name of a cookie: letters, digits and _.-")]
Seconds = Annotated[int, Field(ge=1, le=31_536_000)]


class StaticFiles(Section):
    """The rule `static`. Errors are not kept: a file that a release lacks for a moment must not stay away."""

    edge_seconds: Seconds = 86_400
    """For how long the edge keeps a file. Free has no less than 7200, Pro 3600. A release purges what it changed
    (`release.purge.changed`)."""
    browser_seconds: Annotated[int, Field(ge=0, le=31_536_000)] = 300
    """For how long browsers keep it: nothing reaches them, so raise it only where a file's name holds its version."""


class Cache(Section):
    """The cache rules. The last one that fits decides, and the careful ones are last."""

    static: StaticFiles | None = StaticFiles()
    """The `static` paths; `null` leaves them to Cloudflare's own defaults."""
    public: tuple[Path, ...] = ()
    """Pages that are the same for everybody: kept for as long as the platform's own Cache-Control says."""
    session_cookies: tuple[Cookie, ...] = ("__Host-session",)
    """Cookies of those who are signed in: an answer to one of them is not kept, but for `static` paths."""
