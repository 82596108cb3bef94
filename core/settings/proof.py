"""What proves that a release can be undone, and that nobody rewrote what was done: drills, and the ledger's copy."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from core.settings.base import Section, matching

Path = Annotated[str, matching(r"/[!-~]{0,500}", "a path that begins with a slash, without spaces")]


class Drill(Section):
    """`invoke rollback.drill`, without which a protected stack (`zone.protect`) takes no further release."""

    max_age_days: Annotated[float, Field(gt=0, le=366)] = 30
    """How old the last drill may be when a release is deployed."""
    budget_seconds: Annotated[float, Field(gt=0, le=3600)] | None = None
    """What each direction may take. Without it, the `budget_seconds` of a rollback."""
    paths: Annotated[tuple[Path, ...], Field(max_length=50)] = ()
    """What is asked for during a drill, beside the release's health path. A right answer is below 400."""
    requests_per_second: Annotated[float, Field(ge=0.5, le=200)] = 20
    """How often something is asked for during a drill, over all paths."""
    stay_seconds: Annotated[float, Field(ge=0, le=300)] = 2
    """How long the release before stays live until the drill goes forward again."""


class Ledger(Section):
    """A copy of every host's journal in S3, an object a command, which nobody can change or delete for a time.

    The bucket needs versioning and Object Lock. Region, login and endpoint are AWS's own environment.
    """

    bucket: Annotated[str, matching(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", "the name of an S3 bucket")]
    """The bucket."""
    prefix: Annotated[str, matching(r"([0-9A-Za-z!_.*'()-]+/)*", "empty, or folders that each end with a slash")] = ""
    """What each key begins with, such as `ledger/`; the stack's and the host's name follow."""
    retention_days: Annotated[int, Field(ge=1, le=36500)] = 400
    """How long each object is kept from change and deletion."""
    mode: Literal["GOVERNANCE", "COMPLIANCE"] = "GOVERNANCE"
    """Who may shorten that: with `GOVERNANCE` whoever has the right to, with `COMPLIANCE` nobody at all."""
