"""DMARC as ``launch-ready:email`` has it (RFC 9989, reports RFC 9990 and 9991)."""

from __future__ import annotations

import itertools
from datetime import date
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from core.settings.base import Section

Policy = Literal["none", "quarantine", "reject"]
_STRENGTH = ("none", "quarantine", "reject")


def mailbox(text: str) -> str:
    """A mail address that needs no quoting in a list of ``mailto:`` URIs. Raises :class:`ValueError`."""
    local, _, domain = text.rpartition("@")
    if not local or "." not in domain or any(character in text for character in ' ,;!"<>') or not text.isascii():
        raise ValueError("it must be a mail address such as dmarc@example.com")
    return text


Mailbox = Annotated[str, AfterValidator(mailbox)]


class Stage(Section):
    """A policy that is to follow, and when."""

    policy: Policy
    """What is asked for then."""
    testing: bool = False
    """Whether it is only tried out (`t=y`)."""
    by: date
    """The day, in quotes, by which `policy` should say so."""


class Dmarc(Section):
    """What a receiver does with mail that only pretends to be from the zone. Alignment is strict, always.

    The record says what `policy` and `testing` say, today as tomorrow: a day that comes changes no zone by itself.
    `stages` is the plan, and who previews a change after one of its days is told.
    """

    policy: Policy = "quarantine"
    """For the zone's own name. `none` asks for nothing: it needs `stages` that lead away from it."""
    testing: bool = False
    """`t=y`: receivers apply the next weaker policy and only report (RFC 9989). No enforcement."""
    subdomains: Policy = "reject"
    """For names under it (`sp`)."""
    nonexistent: Policy = "reject"
    """For names under it that do not exist (`np`)."""
    psd: Literal["y", "n", "u"] = "u"
    """`y` for a public suffix, `n` where the zone begins an organization of its own, `u` for what is usual."""
    reports: Annotated[tuple[Mailbox, ...], Field(min_length=1)]
    """Where aggregate reports go (`rua`). Another domain must allow it: RFC 9990, `<zone>._report._dmarc.<domain>`."""
    failure_reports: tuple[Mailbox, ...] = ()
    """Where reports of single failed messages go (`ruf`, RFC 9991). They may hold what people wrote."""
    stages: tuple[Stage, ...] = ()
    """What comes next, each stronger than the one before and on a later day."""

    @model_validator(mode="after")
    def _only_stronger(self) -> Dmarc:
        if self.policy == "none" and not self.stages:
            raise ValueError("policy none asks for nothing: say in stages what follows, and by when")
        strengths = [_strength(self.policy, self.testing), *(_strength(s.policy, s.testing) for s in self.stages)]
        if any(later <= earlier for earlier, later in itertools.pairwise(strengths)):
            raise ValueError("each of stages must be stronger than the one before, and the first than policy")
        if any(later.by <= earlier.by for earlier, later in itertools.pairwise(self.stages)):
            raise ValueError("each of stages must have a later day than the one before")
        return self

    def due(self, today: date) -> Stage | None:
        """The stage that ``policy`` should say by now and does not, the last of them; None where all is in time."""
        return next((stage for stage in reversed(self.stages) if stage.by <= today), None)


def _strength(policy: Policy, testing: bool) -> tuple[int, bool]:
    return _STRENGTH.index(policy), not testing
