"""What becomes of a request at the edge, and what of it could not be said."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

CHALLENGES: Final = frozenset({"challenge", "js_challenge", "managed_challenge"})
# Actions that end a request before it reaches the origin or the cache.
STOPPING: Final = CHALLENGES | {"block"}
# Actions that change neither whether a request gets through nor where it goes.
_ONLY_NOTED: Final = frozenset({"log", "log_custom_field", "compress_response", "serve_error"})
_NOTHING: Final[Mapping[str, Any]] = {}


class Undecided(NamedTuple):
    """A rule of which it cannot be said whether it matches or what it does, and what is not known."""

    phase: str
    rule: str
    reasons: str
    action: str = ""

    def __str__(self) -> str:
        return f"{self.phase} rule {self.rule} cannot be decided without {self.reasons}"


class Opaque(NamedTuple):
    """A rule that hands the request to a managed ruleset, whose rules are Cloudflare's own: it may act, or not."""

    phase: str
    rule: str
    ruleset: str


class HeaderChange(NamedTuple):
    """What a rule does to a header field: ``set``, ``add`` or ``remove``."""

    operation: str
    name: str
    value: str = ""


class Decision(NamedTuple):
    """What the zone's own rules make of a request.

    ``action`` is ``pass``, ``redirect``, ``block`` or one of the challenges; ``phase`` and ``rule`` (its ``ref``) say
    which rule did it; they are empty for a request that passes. ``status`` is what the client gets (200 stands for the
    origin's), ``location`` the target of a redirect, ``retry_after`` the seconds to wait after a rate limit, ``body``
    the rule's own answer if it has one. ``target`` is the path and query as the origin gets them, if a rule rewrote
    them. ``logged`` and ``skipped_by`` name rules that logged or skipped. ``cache``, ``config`` and ``origin`` are
    what rules of those phases set, later ones over earlier. ``undecided`` rules were taken as not matching, and
    ``opaque`` ones as doing nothing: :attr:`certain` says whether that could be wrong for the former.
    """

    action: str = "pass"
    phase: str = ""
    rule: str = ""
    status: int = 200
    location: str = ""
    body: str | None = None
    content_type: str = "text/html"
    retry_after: int | None = None
    target: str | None = None
    logged: tuple[str, ...] = ()
    skipped_by: tuple[str, ...] = ()
    undecided: tuple[Undecided, ...] = ()
    opaque: tuple[Opaque, ...] = ()
    cache: Mapping[str, Any] = _NOTHING
    config: Mapping[str, Any] = _NOTHING
    origin: Mapping[str, Any] = _NOTHING
    request_headers: tuple[HeaderChange, ...] = ()
    response_headers: tuple[HeaderChange, ...] = ()

    @property
    def stopped(self) -> bool:
        """Whether the request is blocked or challenged."""
        return self.action in STOPPING

    @property
    def certain(self) -> bool:
        """Whether :attr:`action` holds however the undecided rules would have been decided.

        A request that is stopped is stopped by another rule at worst, unless the rule might have let it through.
        """
        open_ones = {one.action for one in self.undecided} - _ONLY_NOTED
        return not open_ones - STOPPING if self.stopped else not open_ones
