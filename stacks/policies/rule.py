"""What a policy is: a rule over everything that a stack declares."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from core.environment import Environment
from core.policy import Outcome
from core.resources import Resource, is_open
from core.settings.stack import Stack


@dataclass(frozen=True)
class Facts:
    """What policies judge: what is declared, what the stack's file says, and the day in UTC."""

    environment: Environment
    stack: Stack
    today: date
    kept: dict[str, Any] = field(default_factory=dict, compare=False)
    """What rules work out once for all of them."""

    @property
    def zone(self) -> str:
        """The name of the stack's own zone."""
        return self.stack.zone.name


@dataclass(frozen=True)
class Said:
    """One outcome of a rule: for what, which, and what was found."""

    outcome: Outcome
    subject: str
    said: str = ""
    urn: str = ""


@dataclass(frozen=True)
class Rule:
    """A policy: ``why`` is its reason and ``fix`` the way out, each a sentence without its full stop.

    ``check`` says something of each subject that it looked at, "ok" too: a rule that says nothing found nothing to
    judge.
    """

    id: str
    why: str
    fix: str
    check: Callable[[Facts], Iterable[Said]]


def ok(subject: str) -> Said:
    """Fulfilled."""
    return Said("ok", subject)


def violated(subject: str, said: str, resource: Resource | None = None) -> Said:
    """Not fulfilled."""
    return Said("violated", subject, said, resource.urn if resource else "")


def undecided(subject: str, said: str, resource: Resource | None = None) -> Said:
    """Something that the rule needs is not known: never a pass."""
    return Said("undecided", subject, said, resource.urn if resource else "")


def judged(subject: str, value: Any, fine: bool, said: str, resource: Resource | None = None) -> Said:
    """By ``fine``, where ``value`` is known."""
    if is_open(value):
        return undecided(subject, "its value is not known before it is applied", resource)
    return ok(subject) if fine else violated(subject, said, resource)


def settings(facts: Facts, id_: str) -> Iterator[tuple[Resource, Any]]:
    """The declared settings of an id, of every zone, with their values."""
    for one in facts.environment.of("ZoneSetting"):
        if one.properties.get("settingId", one.name) == id_:
            yield one, one.properties.get("value")
