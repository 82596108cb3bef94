"""Section ``launch-ready:waivers``: what is not as a policy or a review wants it, who answers for that, and until when.

A waiver is shown in every review until it ends; one that has ended counts no more, and is a violation itself.
"""

from __future__ import annotations

from datetime import date
from fnmatch import fnmatchcase
from typing import Annotated

from pydantic import Field, model_validator

from core.settings.section import Section, matching

Rule = Annotated[
    str,
    matching(r"[a-zA-Z][a-zA-Z0-9_.*-]{1,79}", "a rule's id such as mail.dmarc-enforced, as `invoke review` shows it"),
]


class Waiver(Section):
    """One exception."""

    rule: Rule
    """The id of the policy, or of the review's finding; `*` is any text."""
    subject: Annotated[str, Field(min_length=1, max_length=200)]
    """What it is for: the resource's name, or the rule's, as the review shows it; `*` is any text."""
    reason: Annotated[str, Field(min_length=8, max_length=300)]
    """Why it is right all the same."""
    owner: Annotated[str, Field(min_length=1, max_length=60)]
    """Who answers for it."""
    until: date
    """The last day on which it counts, as `"2026-12-31"`, in quotes. Days are those of UTC."""

    def covers(self, rule: str, subject: str) -> bool:
        """Whether it is for that rule and subject, whatever the day."""
        return fnmatchcase(rule, self.rule) and fnmatchcase(subject, self.subject)


class Waivers(Section):
    """The exceptions that stand now."""

    items: tuple[Waiver, ...] = ()
    """Each for one rule and one subject."""

    @model_validator(mode="after")
    def _each_once(self) -> Waivers:
        seen = [(item.rule, item.subject) for item in self.items]
        for rule, subject in seen:
            if seen.count((rule, subject)) > 1:
                raise ValueError(f"two waivers are for {rule} and {subject}: keep one")
        return self
