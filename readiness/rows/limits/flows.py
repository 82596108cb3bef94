"""The five kinds of request that are limited, made ready: accounts, what they own, and how each asks."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass

from core.errors import CheckError
from core.settings.calls import Call
from core.settings.readiness import Promise
from core.site import Reply, Visitor
from readiness import calls
from readiness.check import Check
from readiness.people import Person
from readiness.rows.limits import checks
from readiness.rows.limits.burst import Ask, Flow
from readiness.rows.limits.declared import budgets
from readiness.target import Target

_IP = re.compile(r"^ip=(\S+)$", re.MULTILINE)
_TAKEN = (200, 201, 202, 204)


@dataclass(frozen=True)
class Party:
    """An account, its organisation and a space of it."""

    person: Person
    org_id: str
    space_id: str


def party(target: Target, tag: str) -> Party:
    """A new one. Raises :class:`CheckError`."""
    person = target.people.newcomer(tag)
    org_id = _made(target, person, target.settings.readiness.calls.create_org, name=f"Check {tag}")
    space = target.settings.readiness.calls.create_space
    return Party(person, org_id, _made(target, person, space, org_id=org_id, name=f"Check {tag}"))


def unlock(target: Target, person: Person) -> None:
    """Have the account usable again after a burst of wrong passwords: the last reset mail sets the same password."""
    mails = target.mailbox.wait(person.email, seconds=0) if target.mailbox else []
    person.seen = [mail.id for mail in mails[:-1]]
    with suppress(CheckError):
        # Where it cannot be, the report says that the account is still there.
        token = target.people.token_for(person, "for a new password")
        target.people.make(person, target.settings.readiness.calls.set_password, token=token)


def own_addresses(target: Target) -> bool:
    """Whether each visitor asks from an address of its own, as the edge sees them (``/cdn-cgi/trace``)."""
    seen = [_IP.search(target.visitor().ask("GET", target.url("/cdn-cgi/trace")).text) for _ in range(2)]
    return all(seen) and len({found[1] for found in seen if found}) == len(seen)


def twin(target: Target, person: Person, visitor: Visitor) -> Visitor:
    """``visitor``, signed in as ``person``."""
    host = target.origin.removeprefix("https://")
    for name, value in person.visitor.cookies.items():
        visitor.set_cookie(name, value, host)
    return visitor


def flows(target: Target, here: Party, there: Party, visitor: Callable[[], Visitor]) -> list[Flow]:
    """Bursts by ``here``; ``there`` is somebody else. ``visitor`` makes one at a new address."""
    known, promises = target.settings.readiness.calls, target.settings.readiness.app_limits
    maker = _Maker(target, here, there, visitor)
    return [
        maker.flow("login", known.login, (checks.EDGE_LOGIN, checks.APP_LOGIN), promises.failed_logins, wrong=True),
        maker.flow("reset", known.reset, (checks.EDGE_RESET, checks.APP_RESET), promises.resets),
        maker.flow("invite", known.create_invite, (checks.EDGE_INVITE, checks.APP_INVITE), promises.invites),
        maker.flow("post", known.create_post, (checks.EDGE_POST, checks.APP_POST), promises.posts),
        # The cheapest write of all: without a session it has nothing to do.
        maker.flow("write", known.logout, (checks.EDGE_WRITES, None), None, signed_in=False),
    ]


@dataclass(frozen=True)
class _Maker:
    target: Target
    here: Party
    there: Party
    visitor: Callable[[], Visitor]

    def flow(
        self,
        name: str,
        call: Call,
        asked: tuple[Check, Check | None],
        promise: Promise | None,
        *,
        wrong: bool = False,
        signed_in: bool = True,
    ) -> Flow:
        signed_in = signed_in and not wrong and name != "reset"
        url = self.target.origin + _filled(call, self.here)
        found = budgets(self.target.settings, call.method, url)
        return Flow(
            name=name,
            line=f"{call.method} {call.path}",
            edge=asked[0],
            app=asked[1],
            budget=found[0] if found else None,
            promise=promise,
            ask=self._asker(call, self.here, wrong),
            other=self._asker(call, self.there, wrong),
            twin=self._twin(self.here, signed_in),
            other_twin=self._twin(self.there, signed_in),
            good=(400, 401, 403) if wrong else (*_TAKEN, 401) if name == "write" else _TAKEN,
        )

    def _twin(self, who: Party, signed_in: bool) -> Callable[[], Visitor]:
        return (lambda: twin(self.target, who.person, self.visitor())) if signed_in else self.visitor

    def _asker(self, call: Call, who: Party, wrong: bool) -> Ask:
        guest = self.target.mailbox

        def ask(visitor: Visitor, headers: Mapping[str, str]) -> Reply:
            tag = secrets.token_hex(4)
            invites = "{org_id}" in call.path and guest is not None
            values = {
                "email": guest.address(f"guest-{tag}") if invites and guest else who.person.email,
                "password": f"wrong-{tag}-password" if wrong else who.person.password,
                "text": f"A post of a burst, {tag}.",
                "name": who.person.name,
                "org_id": who.org_id,
                "space_id": who.space_id,
            }
            return calls.make(visitor, self.target.origin, call, values, headers=headers, patient=False)

        return ask


def _filled(call: Call, who: Party) -> str:
    return call.path.replace("{org_id}", who.org_id).replace("{space_id}", who.space_id)


def _made(target: Target, person: Person, call: Call, **values: str) -> str:
    reply = target.people.make(person, call, **values)
    if reply.status not in _TAKEN or not (found := calls.found(call, reply)):
        raise CheckError(f"{call.method} {call.path} is answered with {reply.status}: see launch-ready:readiness.calls")
    return found
