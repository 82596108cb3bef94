"""Passwords: which are taken, how they are compared, how they are changed."""

from __future__ import annotations

import secrets
import string
from collections.abc import Iterator

from core.errors import CheckError
from core.settings.calls import Call
from readiness.check import Check, Result, Table, held, unknown
from readiness.people import Person
from readiness.rows.auth import checks
from readiness.rows.auth.desk import GOOD, Desk, firm, said
from readiness.rows.auth.reading import Cookie
from readiness.target import Target

SHORTEST = 8
LONGEST = 64
# Common ones of many lengths, so that most rules of length let some of them through: heads of public lists of leaked
# passwords, with those of 12 characters and more that are the most common there.
COMMON = (
    "password",
    "12345678",
    "iloveyou1",
    "qwerty1234",
    "1234567890",
    "password1234",
    "123456789012",
    "qwertyuiop12",
    "1q2w3e4r5t6y",
    "iloveyou1234",
    "passwordpassword",
    "1234567890123456",
    "qwertyuiopasdfgh",
)


def taken(target: Target) -> Iterator[Result]:
    """Which passwords an account can be made with: of 7 characters, of 64, of letters alone, and everybody's."""
    desk = Desk(target)
    lower = string.ascii_lowercase
    short = [_of(lower + string.digits, SHORTEST - 1), _of(string.ascii_letters + string.digits + "!#-_", SHORTEST - 1)]
    yield _judged(desk, checks.PASSWORD_SHORT, short, False, "of 7 characters")
    yield _judged(desk, checks.PASSWORD_LONG, [_of(string.ascii_letters + string.digits, LONGEST)], True, "of 64")
    plain = [_of(lower, 24), f"{_of(lower, 9)} {_of(lower, 9)} {_of(lower, 9)}", _of(string.digits, 24)]
    yield _judged(desk, checks.PASSWORD_COMPOSITION, plain, True, "of letters, letters and spaces, or digits alone")
    yield _common(desk)


def _of(letters: str, length: int) -> str:
    return "".join(secrets.choice(letters) for _ in range(length))


def _judged(desk: Desk, check: Check, passwords: list[str], wanted: bool, what: str) -> Result:
    """Passed where every one of ``passwords`` is taken, or refused, as ``wanted``."""
    told = [(password, _takes(desk, password)) for password in passwords]
    rows = tuple((f"{len(password)} characters", "taken" if took else "refused") for password, took in told)
    odd = sum(took is not wanted for _, took in told)
    verb = "refused" if wanted else "taken"
    wrong = [f"{odd} of {len(told)} passwords {what} are {verb}"] if odd else []
    summary = f"{len(told)} of {len(told)} passwords {what} are {'taken' if wanted else 'refused'}"
    return held(check, wrong, summary, Table("Passwords tried", ("password", "answer"), rows))


def _common(desk: Desk) -> Result:
    told = [(password, _takes(desk, password)) for password in COMMON]
    took = [password for password, yes in told if yes]
    rows = tuple((password, "taken" if yes else "refused") for password, yes in told)
    wrong = [f"{len(took)} of {len(told)} most common passwords are taken, such as {took[0]}"] if took else []
    seen = Table("Common passwords tried", ("password", "answer"), rows)
    return held(checks.PASSWORD_COMMON, wrong, f"{len(told)} of {len(told)} common passwords are refused", seen)


def _takes(desk: Desk, password: str) -> bool:
    """Whether an account can be made with ``password``; where it can, it is removed at the end."""
    person = desk.target.people.stranger("word")
    person.password = password
    if password not in COMMON:
        desk.target.redactor.learn(password)
    reply = firm(desk.target.people.try_sign_up(person), "signing up")
    if reply.status in GOOD:
        return True
    if reply.status in (400, 409, 422):
        return False
    raise CheckError(f"signing up answers {reply.status}, which tells neither that a password is taken nor refused")


def exact(target: Target) -> Iterator[Result]:
    """Log in with a password that is nearly right: cut at the end, other case, a space more."""
    desk = Desk(target)
    person = target.people.stranger("exact")
    person.password = _of(string.ascii_letters, LONGEST - 2) + "aZ"
    target.redactor.learn(person.password)
    target.people.sign_up(person)
    target.people.verify(person)
    password = person.password
    near = {
        "without its last character": password[:-1],
        "its first 16 characters": password[:16],
        "its first 32 characters": password[:32],
        "in the other case": password.swapcase(),
        "with a space more": password + " ",
    }
    told = {how: desk.log_in(person, other).status in GOOD for how, other in near.items()}
    if desk.log_in(person).status not in GOOD:
        yield unknown(checks.PASSWORD_EXACT, "the password itself does not log in: see calls.login")
        return
    wrong = [f"it logs in {how}" for how, yes in told.items() if yes]
    seen = Table("Passwords tried", ("password", "logs in"), tuple((how, str(yes)) for how, yes in told.items()))
    yield held(checks.PASSWORD_EXACT, wrong, f"{len(near)} of {len(near)} nearly right passwords are refused", seen)


def changed(target: Target) -> Iterator[Result]:
    """Change a password, without the present one and with it."""
    desk = Desk(target)
    call = desk.calls.change_password
    if call is None:
        why = "how a password is changed is not known: give launch-ready:readiness.calls.change_password"
        yield unknown(checks.CHANGE_NEEDS_CURRENT, why)
        yield unknown(checks.CHANGE_ENDS, why)
        return
    person = target.people.newcomer("change")
    mine, other = desk.signed_in(person), desk.signed_in(person)
    old, new = person.password, desk.new_password()
    bad = desk.ask(call, desk.holder(mine), password=desk.new_password(), new=new)
    taken = desk.log_in(person, new).status in GOOD
    seen = said("With a wrong present password", bad)
    wrong = ["a wrong present password was taken, and the password changed"] if taken else []
    yield held(checks.CHANGE_NEEDS_CURRENT, wrong, f"a wrong present password is refused ({bad.status})", seen)
    person.password = new if taken else old
    yield _change(desk, call, person, (mine, other))


def _change(desk: Desk, call: Call, person: Person, sessions: tuple[Cookie, Cookie]) -> Result:
    mine, other = (session if desk.alive(session) else desk.signed_in(person) for session in sessions)
    old, new = person.password, desk.new_password()
    reply = desk.ask(call, desk.holder(mine), password=old, new=new)
    if reply.status not in GOOD:
        why = f"changing a password answers {reply.status}: see calls.change_password"
        return unknown(checks.CHANGE_ENDS, why, said("The answer", reply))
    person.password = new
    wrong = ["the account's other session goes on"] if desk.alive(other) else []
    if desk.log_in(person, old).status in GOOD:
        wrong.append("the old password still works")
    if desk.log_in(person).status not in GOOD:
        wrong.append("the new password does not work")
    stays = "goes on" if desk.alive(mine) else "is ended too"
    summary = f"the other session is refused, 1 of 1; the one that changed it {stays}; the new password alone works"
    return held(checks.CHANGE_ENDS, wrong, summary, desk.evidence("The requests"))
