"""Accounts that the checks make of their own, by the platform's own way in: sign up, verify by mail, log in."""

from __future__ import annotations

import re
import secrets
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar, cast
from urllib.parse import unquote

from core.errors import CheckError
from core.site import Mail, Reply, Visitor
from readiness import calls

if TYPE_CHECKING:
    from core.settings.calls import Call, Calls
    from readiness.target import Target

_T = TypeVar("_T")
_LEAVING = 6
# A short one only where it is called so: a path has words of its own.
_TOKEN = re.compile(r"[?#&](?:token|code|key)=([\w.~%=-]{4,500})|[?#&/]([A-Za-z0-9_-]{16,200})(?=[\s&\"'<>]|$)")
_MAILS = 4
_DONE = (200, 201, 202, 204)


@dataclass
class Person:
    """One account and the visitor who uses it. ``seen`` are the ids of mail that was read already."""

    email: str
    name: str
    password: str = field(repr=False)
    visitor: Visitor = field(repr=False)
    id: str = ""
    seen: list[str] = field(default_factory=list, repr=False)


@dataclass(frozen=True)
class Org:
    """An organisation of the checks': who owns it, who is a member, and one of each thing in it, by id."""

    id: str
    owner: Person
    member: Person
    space_id: str
    post_id: str


@dataclass(frozen=True)
class Cast:
    """Two organisations that have nothing to do with each other."""

    here: Org
    there: Org


class People:
    """Makes accounts, and removes them at the end. Threads may share it."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self._lock = threading.Lock()
        self._made: list[Person] = []
        self._cast: Cast | CheckError | None = None
        self._admin: Person | CheckError | None = None

    def stranger(self, tag: str) -> Person:
        """Somebody who has no account yet, with an address whose mail can be read. Raises :class:`CheckError`."""
        mailbox = self._target.mailbox
        if mailbox is None:
            raise CheckError("no inbox can be read, so nobody can sign up: give launch-ready:readiness.mailbox")
        password = secrets.token_urlsafe(18)
        self._target.redactor.learn(password)
        email = mailbox.address(f"{tag}-{secrets.token_hex(4)}")
        return Person(email, f"Check {tag}", password, self._target.visitor())

    def newcomer(self, tag: str) -> Person:
        """Somebody with a new account of their own, verified and signed in. Raises :class:`CheckError`."""
        person = self.stranger(tag)
        self.sign_up(person)
        self.verify(person)
        self.log_in(person)
        return person

    def cast(self) -> Cast:
        """The two organisations that every row may use, made when first asked for. Raises :class:`CheckError`."""
        with self._lock:
            if self._cast is None:
                self._cast = self._attempt(lambda: Cast(self.org("here"), self.org("there")))
        return _or_raise(self._cast)

    def org(self, tag: str) -> Org:
        """One more organisation, which nobody else uses; ``tag`` stands in every name. Raises :class:`CheckError`."""
        owner, member = self.newcomer(f"{tag}-owner"), self.newcomer(f"{tag}-member")
        org_id = self._id(owner, self._calls.create_org, name=f"Check {tag} {secrets.token_hex(3)}")
        token = self._id(owner, self._calls.create_invite, email=member.email, org_id=org_id)
        self._target.redactor.learn(token)
        _expect(self.make(member, self._calls.accept_invite, token=token), "accepting an invite", (200, 201, 204))
        space_id = self._id(owner, self._calls.create_space, org_id=org_id, name=f"Check {tag}")
        ids = {"org_id": org_id, "space_id": space_id}
        post_id = self._id(owner, self._calls.create_post, text="A post of the checks.", **ids)
        return Org(org_id, owner, member, space_id, post_id)

    def admin(self) -> Person:
        """The administrator of ``launch-ready:readiness.admin``, signed in. Raises :class:`CheckError`."""
        with self._lock:
            if self._admin is None:
                self._admin = self._attempt(self._sign_in_admin)
        return _or_raise(self._admin)

    def sign_up(self, person: Person) -> None:
        """Have an account made. Raises :class:`CheckError`."""
        _expect(self.try_sign_up(person), "signing up", _DONE)

    def try_sign_up(self, person: Person) -> Reply:
        """Ask for an account, whatever the answer is; one that was made is removed at the end."""
        reply = self.make(person, self._calls.signup, name=person.name)
        if reply.status in _DONE:
            self.remember(person)
        return reply

    def remember(self, person: Person) -> None:
        """Remove the account of ``person`` at the end, however it was made."""
        if not any(made is person for made in self._made):
            self._made.append(person)

    def verify(self, person: Person) -> None:
        """Use the token of the mail that signing up sent. Raises :class:`CheckError`."""
        token = self.token_for(person, "after signing up")
        _expect(self.make(person, self._calls.verify, token=token), "proving an address", (200, 202, 204))

    def log_in(self, person: Person) -> Reply:
        """Sign ``person`` in, as their visitor. Raises :class:`CheckError`."""
        reply = self.make(person, self._calls.login)
        _expect(reply, "logging in", (200, 204))
        person.id = calls.found(self._calls.login, reply) or person.id
        self._target.redactor.learn(*person.visitor.cookies.values())
        return reply

    def mail_for(self, person: Person, when: str) -> Mail:
        """The next mail that arrives for ``person``. Raises :class:`CheckError` if none does."""
        mailbox = self._target.mailbox
        arrived = mailbox.wait(person.email, seen=person.seen) if mailbox else []
        if not arrived:
            raise CheckError(f"no mail came to a new account {when}: look at the platform's mail relay and its log")
        person.seen.append(arrived[0].id)
        return arrived[0]

    def token_for(self, person: Person, when: str) -> str:
        """The token in the link of the next mail to ``person`` that has one. Raises :class:`CheckError`."""
        return self.letter_for(person, when)[0]

    def letter_for(self, person: Person, when: str) -> tuple[str, Mail]:
        """The same with its mail; what only tells something, such as that a password was changed, is passed over."""
        for _ in range(_MAILS):
            mail = self.mail_for(person, when)
            if found := _TOKEN.search(mail.text):
                token = unquote(found[1] or found[2]).rstrip(".")
                self._target.redactor.learn(token)
                return token, mail
        raise CheckError(f"none of the {_MAILS} mails that came {when} has a link with a token in it")

    def make(self, person: Person, call: Call, **values: str) -> Reply:
        """One of the platform's calls, by ``person``; their address and password need not be given."""
        return self._ask(person, call, values, patient=True)

    def _ask(self, person: Person, call: Call, values: Mapping[str, str], *, patient: bool) -> Reply:
        known = {"email": person.email, "password": person.password, "name": person.name, **values}
        return calls.make(person.visitor, self._target.origin, call, known, patient=patient)

    def leave(self) -> list[str]:
        """Remove every account that was made; returns a sentence for each that could not be."""
        call = self._calls.leave
        if call is None:
            return []
        # A run that was halted tidies up all the same.
        with ThreadPoolExecutor(_LEAVING, initializer=self._target.halt.spare) as pool:
            left = list(pool.map(lambda person: self._left(person, call), self._made))
        return [sentence for sentence in left if sentence]

    def _left(self, person: Person, call: Call) -> str:
        # Who never signed in has to do so first. Nobody waits for a limit to pass: what is left behind is told.
        reply = self._ask(person, call, {}, patient=False) if person.visitor.cookies else Reply(401)
        if reply.status == 401:
            reply = self._ask(person, self._calls.login, {}, patient=False)
            if reply.status in (200, 204):
                reply = self._ask(person, call, {}, patient=False)
        gone = reply.status in (200, 202, 204, 401, 404)
        return "" if gone else f"the account {person.email} could not be removed (status {reply.status})"

    def _id(self, person: Person, call: Call, **values: str) -> str:
        reply = self.make(person, call, **values)
        _expect(reply, f"{call.method} {call.path}", (200, 201))
        if not (found := calls.found(call, reply)):
            raise CheckError(f"{call.method} {call.path} answers {reply.status} without {call.gives!r} in its JSON")
        return found

    def _sign_in_admin(self) -> Person:
        account = self._target.settings.readiness.admin
        if account is None:
            raise CheckError("no administrator is known: give launch-ready:readiness.admin")
        admin = Person(account.email, "Check admin", secrets.token_urlsafe(18), self._target.visitor())
        if account.config_secret:
            admin.password = self._target.secret(account.config_secret).reveal()
            self._target.redactor.learn(admin.password)
            self._make_admin(admin)
        else:
            self._take_by_mail(admin)
        self.log_in(admin)
        return admin

    def _make_admin(self, admin: Person) -> None:
        """Where the platform is new, as a lab is, and the administrator has no account: make it, once for all runs."""
        mailbox = self._target.mailbox
        if mailbox is None or self.make(admin, self._calls.login).status != 401:
            return
        admin.seen += [mail.id for mail in mailbox.wait(admin.email, seconds=0)]
        _expect(self.make(admin, self._calls.signup), "signing up", _DONE)
        self.verify(admin)

    def _take_by_mail(self, admin: Person) -> None:
        """Set the administrator's password anew; where there is no such account yet, make it."""
        self._target.redactor.learn(admin.password)
        mailbox = self._target.mailbox
        admin.seen += [mail.id for mail in mailbox.wait(admin.email, seconds=0)] if mailbox else []
        _expect(self.make(admin, self._calls.signup), "signing up", (200, 201, 202, 204, 409))
        _expect(self.make(admin, self._calls.reset), "asking for a new password", (200, 202, 204))
        for mail in self._all_mail(admin):
            if (found := _TOKEN.search(mail.text)) is not None:
                self._target.redactor.learn(found[1])
                for call in (self._calls.verify, self._calls.set_password):
                    self.make(admin, call, token=found[1])

    def _all_mail(self, person: Person) -> list[Mail]:
        """What comes to ``person`` until nothing has come for a while."""
        arrived: list[Mail] = []
        mailbox = self._target.mailbox
        while mailbox and (more := mailbox.wait(person.email, seen=person.seen, seconds=3.0)):
            arrived += more
            person.seen += [mail.id for mail in more]
        return arrived

    def _attempt(self, make: Callable[[], _T]) -> _T | CheckError:
        """What ``make`` makes, or why it could not: nobody tries again what failed."""
        try:
            return make()
        except CheckError as error:
            return error

    @property
    def _calls(self) -> Calls:
        return self._target.settings.readiness.calls


def _expect(reply: Reply, doing: str, good: tuple[int, ...]) -> None:
    if reply.status == 429:
        raise CheckError(f"{doing} met a rate limit: run the check again later, or let its address through")
    if reply.status not in good:
        what = f"answers {reply.status}" if reply.status else f"gets no answer ({reply.reason})"
        raise CheckError(f"{doing} {what}: see launch-ready:readiness.calls, and the platform's log")


def _or_raise(found: _T | CheckError | None) -> _T:
    if isinstance(found, CheckError):
        raise CheckError(str(found))
    return cast("_T", found)
