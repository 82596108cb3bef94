"""What a policy says of an environment: the values that pass between the rules, reviews and Pulumi's CrossGuard."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal

Outcome = Literal["ok", "violated", "undecided"]


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What one rule says of one subject.

    "undecided" is an outcome of its own and never a pass: something that the rule needs is not known. ``said`` is what
    was found, ``fix`` what to do about it. ``waived`` is reason, owner and last day, where a waiver covers it.
    """

    rule: str
    subject: str
    outcome: Outcome
    said: str
    fix: str = ""
    urn: str = ""
    waived: tuple[str, str, date] | None = None

    @property
    def stops(self) -> bool:
        """Whether it is neither fulfilled nor waived."""
        return self.outcome != "ok" and self.waived is None
