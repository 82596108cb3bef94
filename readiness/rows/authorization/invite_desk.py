"""Who uses invites in the checks, on which organisations, and what is written down of each step."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field, replace
from datetime import timedelta

from core.errors import CheckError
from core.settings.calls import Call
from core.site import Reply
from readiness import calls
from readiness.check import Check, Result, Said, failed, passed, unknown
from readiness.people import Person
from readiness.rows.authorization import verdict
from readiness.rows.authorization.layers import Layers, signed_in
from readiness.rows.authorization.members import roles_of
from readiness.target import Target

SHORT = timedelta(seconds=2)
"""The lifetime of the invite that is to expire."""


@dataclass
class Case:
    """One check's steps: what was done, what came, and what is wrong with it."""

    check: Check
    lines: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    open: list[str] = field(default_factory=list)

    def result(self, well: str) -> Result:
        """Failed by what is wrong, unknown by what could not be told, else passed with ``well``."""
        said = Said("What was done", "\n".join(self.lines))
        if self.wrong:
            return failed(self.check, "; ".join(self.wrong), said)
        return unknown(self.check, "; ".join(self.open), said) if self.open else passed(self.check, well, said)


@dataclass(frozen=True)
class Invite:
    """One that was made. ``id`` is "" where making it gave none."""

    token: str = field(repr=False)
    id: str
    person: Person


class Desk:
    """An owner with two organisations of their own, and three guests who have accounts."""

    def __init__(self, target: Target) -> None:
        cast = target.people.cast()
        self.target = target
        self.calls = target.settings.readiness.calls
        self.roles = target.settings.readiness.roles
        self.owner = self._apart(cast.here.owner)
        guests = (cast.there.owner, cast.there.member, cast.here.member)
        self.first, self.second, self.third = map(self._apart, guests)
        self.org, self.other = (self._org() for _ in range(2))

    def _apart(self, person: Person) -> Person:
        return replace(person, visitor=signed_in(self.target, person, self.target.visitor()))

    def _org(self) -> str:
        call = self.calls.create_org
        reply = self.target.people.make(self.owner, call, name=f"Check invites {secrets.token_hex(3)}")
        if not verdict.good(reply) or not (found := calls.found(call, reply)):
            raise CheckError(f"{call.method} {call.path} answers {reply.status} without {call.gives!r}")
        return found

    def invite(
        self, person: Person, *, org: str = "", by: Person | None = None, role: str = "", expires_at: str = ""
    ) -> Invite | Reply:
        """Have ``person`` invited, to a role or until a time (RFC 3339) where that is given; the answer, if it was
        refused.
        """
        call = self.calls.create_invite
        if role:
            call = had(self.calls.create_invite_as, "create_invite_as")
        if expires_at:
            call = had(self.calls.create_short_invite, "create_short_invite")
        reply = calls.make(
            (by or self.owner).visitor,
            self.target.origin,
            call,
            {"email": person.email, "org_id": org or self.org, "role": role, "expires_at": expires_at},
        )
        if not verdict.good(reply):
            return reply
        token = calls.found(call, reply) or self.target.people.token_for(person, "with an invite")
        self.target.redactor.learn(token)
        document = reply.json
        return Invite(token, str(document.get("id", "")) if isinstance(document, dict) else "", person)

    def must_invite(
        self, person: Person, *, org: str = "", by: Person | None = None, role: str = "", expires_at: str = ""
    ) -> Invite:
        """The same, where it has to be had. Raises :class:`CheckError`."""
        made = self.invite(person, org=org, by=by, role=role, expires_at=expires_at)
        if isinstance(made, Reply):
            raise CheckError(f"inviting is answered {made.status}: see launch-ready:readiness.calls.create_invite")
        return made

    def behind(self) -> Person:
        """The owner, who asks the hosts themselves where that can be: so many invites at once the edge would stop."""
        layers = Layers(self.target, {self.owner.name: self.owner})
        return replace(self.owner, visitor=layers.visitors[layers.names[-1], self.owner.name])

    def accept(self, case: Case, who: Person, token: str, doing: str, **more: str) -> Reply:
        """Have somebody accept ``token``; ``more`` fields stand beside it."""
        call = self.calls.accept_invite
        if more:
            call = call.model_copy(update={"body": {**call.body, **{key: f"{{{key}}}" for key in more}}})
        reply = self.target.people.make(who, call, token=token, **more)
        case.lines.append(f"{doing}: {call.method} {call.path} answers {verdict.refused(reply).why}")
        if reply.status in (0, 429) or reply.status >= 500:
            case.open.append(f"{doing} got no telling answer ({verdict.refused(reply).why})")
        return reply

    def members(self, case: Case, who: Person, org: str = "") -> list[str]:
        """The roles that ``who`` has in an organisation, as its owner is shown them. Raises :class:`CheckError`."""
        call = had(self.calls.list_members, "list_members")
        reply = self.target.people.make(self.owner, call, org_id=org or self.org)
        if not verdict.good(reply):
            raise CheckError(f"{call.method} {call.path} answers {reply.status}: see launch-ready:readiness.calls")
        found = roles_of(reply.json, who.id, self.roles)
        case.lines.append(f"{who.name} is then {', '.join(found) or 'no member'}")
        return found

    def joins(self, case: Case, who: Person, token: str, doing: str) -> bool:
        """Accept, and say whether that made ``who`` a member."""
        self.accept(case, who, token, doing)
        return bool(self.members(case, who))

    def remove(self, who: Person) -> None:
        """Take a member out again. Raises :class:`CheckError`."""
        call = had(self.calls.remove_member, "remove_member")
        reply = self.target.people.make(self.owner, call, org_id=self.org, user_id=who.id)
        if not verdict.good(reply):
            raise CheckError(f"{call.method} {call.path} answers {reply.status}: see launch-ready:readiness.calls")


def had(call: Call | None, name: str) -> Call:
    """``call``, which a stack may leave out. Raises :class:`CheckError` that names it."""
    if call is None:
        raise CheckError(f"nothing says how this is done: give launch-ready:readiness.calls.{name}")
    return call
