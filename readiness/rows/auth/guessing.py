"""Whether tokens can be guessed: enough of each kind, in the order in which they were given out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import TypeVar

from core.errors import CheckError
from readiness.check import Check, Result, Table, held, unknown
from readiness.people import Person
from readiness.rows.auth import checks, link_checks
from readiness.rows.auth.desk import Desk
from readiness.rows.auth.strength import FEWEST, MAIL_BITS, SESSION_BITS, Strength, examine
from readiness.target import Target

_T = TypeVar("_T")
_ACCOUNTS = 5
"""That ask for links in turn: no account may ask for many."""


def proofs(target: Target) -> Iterator[Result]:
    """Have 20 accounts made, and compare the links that prove their addresses."""
    desk = Desk(target)
    crowd = [target.people.stranger("crowd") for _ in range(FEWEST)]
    signed, stopped = _gather(partial(_signs_up, desk, person) for person in crowd)
    # All sign up before the first mail is read: the platform may send it later.
    found, why = _gather(partial(_proof, desk, person) for person in signed)
    yield _judged(link_checks.VERIFY_STRENGTH, found, signed, MAIL_BITS, stopped or why)


def resets(target: Target) -> Iterator[Result]:
    """Have 20 links for a forgotten password sent, to a few accounts in turn."""
    desk, people = Desk(target), target.people
    crowd = [people.stranger("forgetful") for _ in range(_ACCOUNTS)]
    for act in (people.sign_up, people.verify):
        for person in crowd:
            act(person)
    found: list[str] = []
    why = ""
    while len(found) < FEWEST and not why:
        asked, stopped = _gather(partial(_asks, desk, person) for person in crowd)
        came, late = _gather(partial(_link, desk, person) for person in asked)
        found, why = found + came, stopped or late
    yield _judged(link_checks.RESET_STRENGTH, found, crowd, MAIL_BITS, why)


def sessions(target: Target) -> Iterator[Result]:
    """Log in 20 times over."""
    desk = Desk(target)
    person = target.people.newcomer("often")
    found, why = _gather(partial(_session, desk, person) for _ in range(FEWEST))
    yield _judged(checks.SESSION_STRENGTH, found, [person], SESSION_BITS, why)


def _gather(makes: Iterable[Callable[[], _T]]) -> tuple[list[_T], str]:
    """What came of ``makes`` in order, up to the first that fails, and why that did."""
    came: list[_T] = []
    for make in makes:
        try:
            came.append(make())
        except CheckError as error:
            return came, str(error)
    return came, ""


def _signs_up(desk: Desk, person: Person) -> Person:
    desk.target.people.sign_up(person)
    return person


def _asks(desk: Desk, person: Person) -> Person:
    desk.ask(desk.calls.reset, email=person.email)
    return person


def _link(desk: Desk, person: Person) -> str:
    return desk.mail(person, "after asking for a reset")[0]


def _proof(desk: Desk, person: Person) -> str:
    return desk.mail(person, "after signing up")[0]


def _session(desk: Desk, person: Person) -> str:
    return desk.signed_in(person).value


def _judged(check: Check, found: list[str], people: list[Person], least: int, why: str) -> Result:
    if len(found) < FEWEST:
        return unknown(check, f"{len(found)} of the {FEWEST} tokens that it takes could be had: {why}")
    known = [text for person in people for text in (person.email, person.name, person.id)]
    strength = examine(found, known)
    summary = f"{strength}; none twice, none in order, none a digest of what is known ({least} bits are wanted)"
    return held(check, strength.wrong(least), summary, _table(strength))


def _table(strength: Strength) -> Table:
    """Each position's bits, never a token."""
    rows = tuple((str(place), f"{bits:.1f}") for place, bits in enumerate(strength.positions, 1))
    return Table("Estimated bits by position (collisions between tokens)", ("position", "bits"), rows)
