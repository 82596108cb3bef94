"""Addresses that only look the same: none may be a way into the account of another."""

from __future__ import annotations

import secrets
from collections.abc import Iterator

from core.site import Reply
from readiness import calls
from readiness.check import Result, unknown
from readiness.people import Person
from readiness.rows.inputs import checks
from readiness.rows.inputs.hostile import look_alikes
from readiness.rows.inputs.tries import Try, judged, survival
from readiness.target import Target

CHECKS = (checks.COLLISION,)
_LET_IN = (200, 204)
_MAIL_SECONDS = 1.5


def collisions(target: Target) -> Iterator[Result]:
    """Ask for reset mails as each look-alike, sign up as it with another password, and try that on the real account."""
    if target.mailbox is None:
        yield unknown(checks.COLLISION, "no inbox can be read: give launch-ready:readiness.mailbox")
        return
    victim = target.people.newcomer("mask-skin")
    alike = list(look_alikes(victim.email))
    tries = list(_resets(target, victim, alike))
    for what, address in alike:
        tries += _ways_in(target, victim, what, address)
    yield judged(
        checks.COLLISION, tries, f"{len(tries)} tries with {len(alike)} look-alikes of an address opened nothing"
    )


def _resets(target: Target, victim: Person, alike: list[tuple[str, str]]) -> Iterator[Try]:
    """Nobody has signed up with a look-alike yet: a mail that goes to it can only be about the real account."""
    known, mailbox = target.settings.readiness.calls, target.mailbox
    replies = [(what, address, target.people.make(_as(target, address, ""), known.reset)) for what, address in alike]
    if mailbox is not None:
        mailbox.wait(alike[-1][1], seconds=_MAIL_SECONDS)
    for what, address, reply in replies:
        sent = mailbox.wait(address.strip(), seconds=0) if mailbox else []
        strayed = [mail for mail in sent if victim.email not in {to.lower() for to in mail.to}]
        wrong = "mail about the real account goes to the look-alike" if strayed else survival("", "", reply).wrong
        yield Try("reset", what, reply, wrong)


def _ways_in(target: Target, victim: Person, what: str, address: str) -> Iterator[Try]:
    known = target.settings.readiness.calls
    password = secrets.token_urlsafe(18)
    target.redactor.learn(password)
    reply = target.people.make(_as(target, address, password), known.signup)
    yield survival("sign-up", what, reply)
    reply = target.people.make(_as(target, victim.email, password), known.login)
    yield Try("login", f"the real address with the password of {what}", reply, _opened(reply))
    reply = target.people.make(_as(target, address, password), known.login)
    same = reply.status in _LET_IN and calls.found(known.login, reply) == victim.id
    yield Try("login", f"{what} with its own password", reply, "it is the real account" if same else "")


def _as(target: Target, address: str, password: str) -> Person:
    return Person(address, "Check mask", password, target.visitor())


def _opened(reply: Reply) -> str:
    return f"it is let in (status {reply.status})" if reply.status in _LET_IN else ""
