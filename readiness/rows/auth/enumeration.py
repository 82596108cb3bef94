"""Whether answers tell who has an account: by what they say, how long they take, when they stop."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import chain, groupby

from core.errors import CheckError
from core.settings.calls import Call
from core.site import Reply, Visitor
from readiness import calls
from readiness.check import Check, Result, Table, held, unknown
from readiness.people import Person
from readiness.rows.auth import checks
from readiness.rows.auth.desk import GOOD, Desk, firm
from readiness.rows.auth.pairs import Pair, difference
from readiness.rows.auth.wording import differences
from readiness.target import Target

_MOST_ROUNDS = 3
PAIRS = 16
"""Of each kind, in one round."""
_PER_ACCOUNT = 4
"""Requests that one account gets of a kind: below what a careful platform allows."""
_OVER = {"login": 12, "reset": 7}
"""Requests for one address, one after another: more than a careful platform allows."""


@dataclass(frozen=True)
class Kind:
    """One call that takes an address; ``made`` says that it makes an account of one that has none.

    ``at_once`` is how many pairs one visitor asks for: what the edge lets one address do in a minute.
    """

    name: str
    call: Call
    at_once: int
    made: bool = False


def _kinds(desk: Desk) -> tuple[Kind, ...]:
    known = desk.calls
    return Kind("login", known.login, 4), Kind("reset", known.reset, 2), Kind("signup", known.signup, 8, made=True)


def wording(target: Target) -> Iterator[Result]:
    """Ask the same for an address with an account and for one without, twice each, and compare the answers."""
    desk = Desk(target)
    people = target.people
    person = people.newcomer("known")
    for kind in _kinds(desk):
        known = [_try(desk, kind, person, desk.stranger()) for _ in range(2)]
        unknowns = [_try(desk, kind, people.stranger("nobody"), desk.stranger()) for _ in range(2)]
        wrong = differences(known, unknowns)
        rows = tuple(
            (who, str(reply.status), reply.text[:200])
            for who, replies in (("with an account", known), ("without", unknowns))
            for reply in replies
        )
        seen = Table(f"{kind.call.method} {kind.call.path}", ("address", "status", "answer"), rows)
        status = known[0].status
        summary = f"2 answers for an address with an account and 2 for one without are the same ({status})"
        yield held(checks.NO_ENUMERATION[kind.name], wrong, summary, seen)


def _try(desk: Desk, kind: Kind, person: Person, visitor: Visitor) -> Reply:
    """One request for the address of ``person``, by ``visitor``, with a password that is not the account's."""
    password = person.password if kind.made else person.password[::-1]
    reply = desk.ask(kind.call, visitor, email=person.email, name=person.name, password=password)
    if kind.made and reply.status in GOOD:
        desk.target.people.remember(person)
    return reply


def limits(target: Target) -> Iterator[Result]:
    """Go over the limit on purpose, for an address with an account and for one without."""
    desk = Desk(target)
    people = target.people
    known, nobody = people.newcomer("limited"), people.stranger("limited")
    wrong, rows = [], []
    for kind in (kind for kind in _kinds(desk) if not kind.made):
        told: dict[str, list[int]] = {"with an account": [], "without": []}
        firm(_ask(desk, kind, people.stranger("limited")), f"{kind.call.method} {kind.call.path}")
        # In turn: a limit by the asker's address stops both at once.
        for _ in range(_OVER[kind.name]):
            for statuses, person in zip(told.values(), (known, nobody), strict=True):
                statuses.append(_status(desk, kind, person))
        rows += [(kind.name, who, _in_short(statuses)) for who, statuses in told.items()]
        if not _alike(*told.values()):
            wrong.append(f"{kind.name}: " + ", ".join(f"{_in_short(all_)} {who}" for who, all_ in told.items()))
    seen = Table("Statuses, one after another", ("call", "address", "statuses"), tuple(rows))
    summary = f"{_OVER['login']} logins and {_OVER['reset']} resets are answered alike with an account and without"
    yield held(checks.NO_LIMIT_TELLS, wrong, summary, seen)
    _unlock(desk, known)


def _unlock(desk: Desk, person: Person) -> None:
    """Set a new password by the newest mail: the account can be removed then, whatever its limit says."""
    mailbox, people = desk.target.mailbox, desk.target.people
    waiting = mailbox.wait(person.email, seen=person.seen, seconds=2.0) if mailbox else []
    if not waiting:
        return
    person.seen += [mail.id for mail in waiting[:-1]]
    token, password = people.letter_for(person, "after asking for resets")[0], desk.new_password()
    if people.make(person, desk.calls.set_password, token=token, password=password).status in GOOD:
        person.password = password


def _status(desk: Desk, kind: Kind, person: Person) -> int:
    """What one request is answered, a limit's answer too. Raises :class:`CheckError` for no answer."""
    reply = _ask(desk, kind, person)
    return reply.status if reply.status == 429 else firm(reply, f"{kind.call.method} {kind.call.path}").status


def _ask(desk: Desk, kind: Kind, person: Person) -> Reply:
    """From an address of its own, so that the account alone is counted."""
    values = {"email": person.email, "name": person.name, "password": person.password[::-1]}
    return calls.make(desk.stranger(), desk.target.origin, kind.call, values, patient=False)


def _alike(these: list[int], those: list[int]) -> bool:
    """Whether both have the same statuses, each as often but for one."""
    one, other = Counter(these), Counter(those)
    return all(abs(one[status] - other[status]) <= 1 and one[status] and other[status] for status in one | other)


def _in_short(statuses: list[int]) -> str:
    """``401 ×10, 429 ×2``."""
    return ", ".join(f"{status} ×{len(list(times))}" for status, times in groupby(statuses))


def timing(target: Target) -> Iterator[Result]:
    """Measure pairs in turn, with an account and without; what seems to differ, or varies much, is measured again."""
    desk = Desk(target)
    crowd = _crowd(target)
    for kind in _kinds(desk):
        try:
            rounds = [_round(desk, kind, crowd)]
            while len(rounds) < _MOST_ROUNDS and _doubtful(rounds):
                rounds.append(_round(desk, kind, _crowd(target)))
        except CheckError as error:
            yield unknown(checks.NO_TIMING[kind.name], f"not enough times could be taken: {error}")
            continue
        yield _compared(checks.NO_TIMING[kind.name], rounds)


def _doubtful(rounds: list[list[Pair]]) -> bool:
    """Whether another round is needed: to have a difference confirmed, or to see through times that vary much."""
    return difference(list(chain(*rounds))).blurred or (len(rounds) == 1 and difference(rounds[0]).tells)


def _compared(check: Check, taken: list[list[Pair]]) -> Result:
    rounds, whole = [difference(pairs) for pairs in taken], difference(list(chain(*taken)))
    telling = [one for one in rounds if one.tells]
    tells = len(telling) > 1 and len({one.median > 0 for one in telling}) == 1
    wrong = [f"with an account it takes {telling[0]} longer, and {telling[1]} in another round"] if tells else []
    rows = tuple((str(number), str(one), f"{1000 * one.usual:.0f} ms") for number, one in enumerate(rounds, 1))
    seen = Table("With an account less without", ("round", "median difference", "usual time"), rows)
    if whole.blurred and not tells:
        why = f"times vary too much to tell: {whole}: run it when the platform and this machine have less to do"
        return unknown(check, why, seen)
    return held(check, wrong, f"the median difference is {whole}", seen)


def _crowd(target: Target) -> list[Person]:
    """Enough accounts for one round. Raises :class:`CheckError`."""
    crowd = [target.people.stranger("timed") for _ in range(PAIRS // _PER_ACCOUNT)]
    for act in (target.people.sign_up, target.people.verify):
        for person in crowd:
            act(person)
    return crowd


def _round(desk: Desk, kind: Kind, crowd: list[Person]) -> list[Pair]:
    """:data:`PAIRS` pairs, which of the two comes first by chance. Raises :class:`CheckError`."""
    pairs: list[Pair] = []
    visitor = desk.stranger()
    for number in range(PAIRS):
        if number % kind.at_once == 0:
            visitor = desk.stranger()
            # The connection is made before the clock runs.
            desk.ask(desk.calls.me, visitor)
        pairs.append(_pair(desk, kind, crowd[number % len(crowd)], visitor))
    return pairs


def _pair(desk: Desk, kind: Kind, known: Person, visitor: Visitor) -> Pair:
    nobody = desk.target.people.stranger("timed")
    asks: list[Callable[[], Reply]] = [
        lambda: _try(desk, kind, known, visitor),
        lambda: _try(desk, kind, nobody, visitor),
    ]
    order = random.sample((0, 1), 2)
    seconds = {which: asks[which]().seconds for which in order}
    visitor.forget_cookies()
    return seconds[0], seconds[1]
