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
"""That ask for links, each as often as :data:`_RESETS`: an account may not ask for many."""
_RESETS = 4


def tokens(target: Target) -> Iterator[Result]:
    """Have 20 of each kind given out: links that prove an address, links for a reset, sessions."""
    desk, people = Desk(target), target.people
    crowd = [people.stranger("crowd") for _ in range(FEWEST)]
    signed, stopped = _gather(partial(_signs_up, desk, person) for person in crowd)
    # All sign up before the first mail is read: the platform may send it later.
    proofs, why = _gather(partial(_proof, desk, person) for person in signed)
    proven = [_proven(desk, person, token) for person, token in zip(signed[:_ACCOUNTS], proofs, strict=False)]
    known = [text for person in signed for text in (person.email, person.name, person.id)]
    yield _judged(link_checks.VERIFY_STRENGTH, proofs, known, MAIL_BITS, stopped or why)
    resets, why = _gather(partial(desk.reset_token, person) for person in proven * _RESETS)
    yield _judged(link_checks.RESET_STRENGTH, resets, known, MAIL_BITS, stopped or why)
    sessions, why = _gather(partial(_session, desk, person) for person in proven * _RESETS)
    yield _judged(checks.SESSION_STRENGTH, sessions, known, SESSION_BITS, stopped or why)


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


def _proof(desk: Desk, person: Person) -> str:
    return desk.mail(person, "after signing up")[0]


def _session(desk: Desk, person: Person) -> str:
    return desk.signed_in(person).value


def _proven(desk: Desk, person: Person, token: str) -> Person:
    desk.ask(desk.calls.verify, token=token)
    return person


def _judged(check: Check, found: list[str], known: list[str], least: int, why: str) -> Result:
    if len(found) < FEWEST:
        return unknown(check, f"{len(found)} of the {FEWEST} tokens that it takes could be had: {why}")
    strength = examine(found, known)
    summary = f"{strength}; none twice, none in order, none a digest of what is known ({least} bits are wanted)"
    return held(check, strength.wrong(least), summary, _table(strength))


def _table(strength: Strength) -> Table:
    """Each position's bits, never a token."""
    rows = tuple((str(place), f"{bits:.1f}") for place, bits in enumerate(strength.positions, 1))
    return Table("Estimated bits by position (collisions between tokens)", ("position", "bits"), rows)
