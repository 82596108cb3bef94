"""The two layers that a request passes, asked apart: the edge, and the hosts themselves behind it."""

from __future__ import annotations

from dataclasses import dataclass, field

from core.site import Reply, Visitor
from readiness.people import Person
from readiness.rows.authorization import verdict
from readiness.rows.authorization.plan import Ask
from readiness.rows.authorization.verdict import Verdict
from readiness.target import Target

EDGE, HOSTS = "through the edge", "at the hosts"
NOBODY = "anonymous"


@dataclass
class Layers:
    """Visitors by layer and name. Without hosts there is the edge alone."""

    target: Target
    people: dict[str, Person]
    visitors: dict[tuple[str, str], Visitor] = field(default_factory=dict)

    def __post_init__(self) -> None:
        behind = self.target.behind_edge
        self.visitors[EDGE, NOBODY] = self.target.visitor()
        if behind is not None:
            self.visitors[HOSTS, NOBODY] = behind()
        for who, person in self.people.items():
            self.visitors[EDGE, who] = signed_in(self.target, person, self.target.visitor())
            if behind is not None:
                self.visitors[HOSTS, who] = signed_in(self.target, person, behind())

    @property
    def names(self) -> tuple[str, ...]:
        """The layers that can be asked."""
        return tuple(dict.fromkeys(layer for layer, _who in self.visitors))

    def ask(self, layer: str, who: str, ask: Ask, headers: dict[str, str] | None = None) -> Reply:
        """Ask one layer."""
        return self.visitors[layer, who].ask(
            ask.method,
            self.target.url(ask.path),
            json=ask.json,
            body=ask.body,
            headers=headers or {},
            patient=True,
            timeout=5.0,
        )


def signed_in(target: Target, person: Person, visitor: Visitor) -> Visitor:
    """``visitor`` with the session of ``person``: from another address, what others ask as them counts for nothing."""
    host = target.origin.partition("://")[2]
    for name, value in person.visitor.cookies.items():
        visitor.set_cookie(name, value, host)
    return visitor


def let_in(reply: Reply) -> Verdict:
    """Of a call that only some may make and whose answer tells nothing: 2xx is in, and so is an error of its own."""
    if reply.status == 500 or verdict.good(reply):
        return Verdict(True, f"{reply.status}, so it was let in")
    return verdict.refused(reply)
