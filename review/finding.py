"""What a reviewer is told of a change, one thing at a time."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from typing import Final, Literal

Direction = Literal["weaker", "outage", "unclear", "stronger", "neutral"]

ORDER: Final[tuple[Direction, ...]] = ("weaker", "outage", "unclear", "stronger", "neutral")
"""The order in which a reviewer reads."""

STOPS: Final = frozenset({"weaker", "outage", "unclear"})
"""What ends a review with status 2 where no waiver covers it: nobody can say that nothing weakens."""

_NO_ID: Final = re.compile(r"[^A-Za-z0-9_.-]")


def rule_id(*parts: str) -> str:
    """A finding's id of parts that may come from anywhere: what is not of an id's characters is ``_``."""
    return ".".join(_NO_ID.sub("_", part)[:60] for part in parts)


@dataclass(frozen=True, kw_only=True)
class Waived:
    """Who answers for a finding, why, and until when."""

    reason: str
    owner: str
    until: date


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One thing that a change does.

    ``rule`` is a stable id and ``subject`` what it is about: a waiver names both. ``weight`` orders findings of one
    direction, the smallest first. ``what`` and ``why`` are sentences without a full stop; texts in them come from
    anywhere and are escaped by whoever shows them. ``urn`` names the resource.
    """

    direction: Direction
    rule: str
    subject: str
    what: str
    why: str = ""
    weight: int = 50
    urn: str = ""
    before: str = ""
    after: str = ""
    waived: Waived | None = None

    @property
    def stops(self) -> bool:
        """Whether it ends a review with status 2."""
        return self.direction in STOPS and self.waived is None

    @property
    def place(self) -> tuple[int, int, str, str]:
        """Where it stands among the others."""
        return ORDER.index(self.direction), self.weight, self.subject, self.what
