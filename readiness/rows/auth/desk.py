"""The calls that this row makes: what answers is what the app said, or it cannot be told."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field

from core.errors import CheckError
from core.settings.calls import Call, Calls
from core.site import Mail, Reply, Visitor
from readiness import calls
from readiness.check import Said
from readiness.people import Person
from readiness.rows.auth.reading import Cookie, cookies_of, session_of
from readiness.target import Target

GOOD = (200, 201, 202, 204, 303, 302)
_SHOWN = ("Set-Cookie", "Location", "Cache-Control", "Referrer-Policy", "Retry-After", "Content-Type")


@dataclass
class Desk:
    """One probe's way to the platform. ``notes`` are the requests and answers so far, as evidence."""

    target: Target
    notes: list[str] = field(default_factory=list)

    @property
    def calls(self) -> Calls:
        """The platform's own calls."""
        return self.target.settings.readiness.calls

    def stranger(self) -> Visitor:
        """Somebody new, from an address of their own."""
        return self.target.visitor()

    def ask(self, call: Call, visitor: Visitor | None = None, **values: str) -> Reply:
        """Make ``call``. Raises :class:`CheckError` where nothing, a limit or a breakdown answers: not the app."""
        reply = calls.make(visitor or self.stranger(), self.target.origin, call, values)
        self._learn(reply)
        self.notes.append(f"{call.method} {call.path} → {reply.status or reply.reason}")
        return firm(reply, f"{call.method} {call.path}")

    def log_in(self, person: Person, password: str = "", visitor: Visitor | None = None) -> Reply:
        """Try to sign ``person`` in, by default as a new visitor."""
        given = password or person.password
        return self.ask(self.calls.login, visitor, email=person.email, password=given)

    def session(self, reply: Reply) -> Cookie:
        """The session's cookie that a login set. Raises :class:`CheckError` without one."""
        name = self.target.settings.readiness.session_cookie
        if cookie := session_of(cookies_of(reply), name):
            return cookie
        raise CheckError(f"the login sets no cookie: name the session's in launch-ready:readiness ({name})")

    def signed_in(self, person: Person, password: str = "") -> Cookie:
        """The cookie of a new session of ``person``. Raises :class:`CheckError` where login fails."""
        reply = self.log_in(person, password)
        if reply.status not in GOOD:
            raise CheckError(f"an account of the checks cannot log in (status {reply.status})")
        return self.session(reply)

    def alive(self, cookie: Cookie) -> bool:
        """Whether whoever has ``cookie`` is signed in. Raises :class:`CheckError` for an answer that says neither."""
        reply = self.ask(self.calls.me, self.holder(cookie))
        if reply.status in (401, 403, 302, 303):
            return False
        if reply.status == 200:
            return bool(calls.found(self.calls.me, reply))
        raise CheckError(f"{self.calls.me.path} answers {reply.status}, and 200 or 401 is what tells: see calls.me")

    def holder(self, cookie: Cookie) -> Visitor:
        """Somebody new who has ``cookie``."""
        visitor = self.stranger()
        visitor.set_cookie(cookie.name, cookie.value, self.target.origin.removeprefix("https://"))
        return visitor

    def mail(self, person: Person, when: str) -> tuple[str, Mail]:
        """The token of the next mail to ``person``, and the mail. Raises :class:`CheckError`."""
        return self.target.people.letter_for(person, when)

    def reset_token(self, person: Person) -> str:
        """Ask for a reset and read the mail. Raises :class:`CheckError`."""
        self.ask(self.calls.reset, email=person.email)
        return self.mail(person, "after asking for a reset")[0]

    def new_password(self) -> str:
        """One that nobody has."""
        password = secrets.token_urlsafe(18)
        self.target.redactor.learn(password)
        return password

    def evidence(self, title: str) -> Said:
        """The requests so far."""
        return Said(title, "\n".join(self.notes))

    def _learn(self, reply: Reply) -> None:
        self.target.redactor.learn(*(cookie.value for cookie in cookies_of(reply)))


def firm(reply: Reply, what: str) -> Reply:
    """``reply``, if the platform itself said it. Raises :class:`CheckError` for none, a limit's or a breakdown's."""
    if reply.status == 0:
        raise CheckError(f"{what} got no answer ({reply.reason})")
    if reply.status == 429:
        raise CheckError(f"{what} met a rate limit: run the check again later, or let its address through")
    if reply.status >= 500:
        raise CheckError(f"{what} answers {reply.status}: see the platform's log")
    return reply


def said(title: str, reply: Reply) -> Said:
    """A reply as evidence: its status, what of its headers matters here, the beginning of its body."""
    fields = [f"{name}: {value}" for name in _SHOWN for value in reply.all(name)]
    return Said(title, "\n".join([f"status {reply.status}", *fields, "", reply.text[:400]]).rstrip())
