"""Whether tokens can be guessed: enough of each kind, in the order in which they were given out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import TypeVar

from core.errors import CheckError
from core.site import Reply
from readiness.check import Check, Result, Table, held, unknown
from readiness.people import Person
from readiness.rows.auth import checks, link_checks
from readiness.rows.auth.desk import GOOD, Desk
from readiness.rows.auth.strength import FEWEST, MAIL_BITS, SESSION_BITS, Strength, examine
from readiness.target import Target

_T = TypeVar("_T")
_ACCOUNTS = 5
"""That ask for links in turn: no account may ask for many."""


def proofs(target: Target) -> Iterator[Result]:
    """Have 20 links that prove an address sent: to a few accounts in turn where they can ask again, else one each."""
    desk = Desk(target)
    again, crowd = desk.calls.verify_again, _signed_up(desk, _ACCOUNTS)
    found, why = _gather(partial(_link, desk, "after signing up", person) for person in crowd)
    signed_in = [desk.log_in(person) for person in crowd] if again else []
    if again and all(reply.status in GOOD for reply in signed_in):
        holders = {
            person.email: desk.holder(desk.session(reply)) for person, reply in zip(crowd, signed_in, strict=True)
        }
        found, why = _in_turn(desk, crowd, lambda person: desk.ask(again, holders[person.email]), found)
    elif not why:
        more = _signed_up(desk, FEWEST - len(found))
        came, why = _gather(partial(_link, desk, "after signing up", person) for person in more)
        found, crowd = found + came, crowd + more
    yield _judged(link_checks.VERIFY_STRENGTH, found, crowd, MAIL_BITS, why)


def _signed_up(desk: Desk, count: int) -> list[Person]:
    """So many new accounts, before the first mail is read: the platform may send it later."""
    crowd = [desk.target.people.stranger("crowd") for _ in range(count)]
    for person in crowd:
        desk.target.people.sign_up(person)
    return crowd


def resets(target: Target) -> Iterator[Result]:
    """Have 20 links for a forgotten password sent, to a few accounts in turn."""
    desk = Desk(target)
    crowd = _signed_up(desk, _ACCOUNTS)
    for person in crowd:
        target.people.verify(person)
    found, why = _in_turn(desk, crowd, lambda person: desk.ask(desk.calls.reset, email=person.email), [])
    yield _judged(link_checks.RESET_STRENGTH, found, crowd, MAIL_BITS, why)


def _in_turn(
    desk: Desk, crowd: list[Person], ask: Callable[[Person], Reply], found: list[str]
) -> tuple[list[str], str]:
    """Have everybody in ``crowd`` ask, then read everybody's mail, until enough links are ``found`` or one fails."""
    why = ""
    while len(found) < FEWEST and not why:
        asked, stopped = _gather(partial(_asks, ask, person) for person in crowd)
        came, late = _gather(partial(_link, desk, "after asking for it", person) for person in asked)
        found, why = found + came, stopped or late
    return found, why


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


def _asks(ask: Callable[[Person], Reply], person: Person) -> Person:
    ask(person)
    return person


def _link(desk: Desk, when: str, person: Person) -> str:
    return desk.mail(person, when)[0]


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
