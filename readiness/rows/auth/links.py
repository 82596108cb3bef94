"""The links that go by mail: what they do, how often, for how long."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta

from core.settings.calls import Call
from core.site import Mail
from readiness.check import Check, Result, Said, held, unknown
from readiness.people import Person
from readiness.rows.auth import checks, link_checks
from readiness.rows.auth.desk import GOOD, Desk
from readiness.rows.auth.reading import Cookie, in_words, stated_lifetime
from readiness.target import Target


def unverified(target: Target) -> Iterator[Result]:
    """Try to act before the address is proven, then prove it: with a spent link, an old one and the newest."""
    desk = Desk(target)
    person = target.people.stranger("unproven")
    target.people.sign_up(person)
    token, mail = desk.mail(person, "after signing up")
    yield _lifetime(link_checks.VERIFY_LIFETIME, mail, timedelta(hours=target.settings.readiness.verify_hours))
    early = desk.log_in(person)
    wrong, tried = [], ["logging in"]
    if early.status in GOOD:
        tried = ["making an organisation", "reading organisations"]
        wrong = _acts(desk, desk.session(early))
    yield from _verified_once(desk, person, token, early.status in GOOD)
    if not _acts(desk, desk.signed_in(person)):
        why = "an account whose address is proven cannot make an organisation either: see calls.create_org"
        yield unknown(link_checks.UNVERIFIED, why, desk.evidence("The requests"))
        return
    summary = f"{len(tried)} of {len(tried)} are refused before the address is proven ({', '.join(tried)}), not after"
    yield held(link_checks.UNVERIFIED, wrong, summary, desk.evidence("The requests"))


def _acts(desk: Desk, session: Cookie) -> list[str]:
    """What whoever has ``session`` can do, as sentences."""
    made = desk.ask(desk.calls.create_org, desk.holder(session), name="Check unproven")
    read = desk.holder(session).ask("GET", desk.target.url(desk.calls.create_org.path))
    desk.notes.append(f"GET {desk.calls.create_org.path} → {read.status or read.reason}")
    done = ((made.status in GOOD, "makes an organisation"), (read.status in GOOD, "reads organisations"))
    return [f"an account with no proven address {what} ({desk.calls.create_org.path})" for yes, what in done if yes]


def _verified_once(desk: Desk, person: Person, first: str, may_ask: bool) -> Iterator[Result]:
    call, token, wrong = desk.calls.verify, first, []
    again = desk.calls.verify_again
    if again and may_ask:
        desk.ask(again, desk.holder(desk.signed_in(person)), email=person.email)
        token = desk.mail(person, "after asking for the first one again")[0]
        if desk.ask(call, token=first).status in GOOD:
            wrong.append("the older link works although a newer one was sent")
    if desk.ask(call, token=token).status not in GOOD:
        why = "the newest link does not prove the address: see calls.verify"
        yield unknown(link_checks.VERIFY_ONCE, why, desk.evidence("The requests"))
        return
    if desk.ask(call, token=token).status in GOOD:
        wrong.append("the link works a second time")
    older = "no newer one was asked for" if token == first else "the older one was refused"
    summary = f"the newest link worked, 1 of 1, and not again; {older}"
    yield held(link_checks.VERIFY_ONCE, wrong, summary, desk.evidence("The requests"))


def reset(target: Target) -> Iterator[Result]:
    """Forget a password twice over: the older link, the newer, the newer again; and who is signed in meanwhile."""
    desk = Desk(target)
    person = target.people.newcomer("reset")
    sessions = [desk.signed_in(person) for _ in range(2)]
    old, call = person.password, desk.calls.set_password
    older = desk.reset_token(person)
    desk.ask(desk.calls.reset, email=person.email)
    newer, mail = desk.mail(person, "after asking for a second reset")
    yield _lifetime(link_checks.RESET_LIFETIME, mail, timedelta(minutes=target.settings.readiness.reset_minutes))
    if _sets(desk, call, person, older):
        wrong = ["the older link works although a newer one was sent"]
        yield held(link_checks.RESET_NEWEST, wrong, "", desk.evidence("The requests"))
        newer = desk.reset_token(person)
    else:
        yield held(link_checks.RESET_NEWEST, [], "the older of 2 links is refused", desk.evidence("The requests"))
    if not _sets(desk, call, person, newer):
        why = "the newest link sets no password: see calls.set_password"
        yield unknown(link_checks.RESET_ONCE, why, desk.evidence("The requests"))
        yield unknown(link_checks.RESET_ENDS, why)
        return
    yield _ends(desk, person, sessions, old)
    wrong = ["the link sets a password a second time"] if _sets(desk, call, person, newer) else []
    summary = "the link set a password once; the second time it was refused"
    yield held(link_checks.RESET_ONCE, wrong, summary, desk.evidence("The requests"))


def _sets(desk: Desk, call: Call, person: Person, token: str) -> bool:
    """Whether ``token`` sets a password that logs in after it; ``person`` has it then."""
    password = desk.new_password()
    desk.ask(call, token=token, password=password, email=person.email)
    if desk.log_in(person, password).status not in GOOD:
        return False
    person.password = password
    return True


def _ends(desk: Desk, person: Person, sessions: list[Cookie], old: str) -> Result:
    alive = sum(desk.alive(session) for session in sessions)
    wrong = [f"{alive} of {len(sessions)} sessions from before go on"] if alive else []
    if desk.log_in(person, old).status in GOOD:
        wrong.append("the forgotten password still works")
    summary = f"{len(sessions)} of {len(sessions)} sessions from before are refused, and the old password too"
    return held(link_checks.RESET_ENDS, wrong, summary, desk.evidence("The requests"))


def bound(target: Target) -> Iterator[Result]:
    """Use each kind of link for the other purpose, and altered ones for their own."""
    desk = Desk(target)
    person = target.people.stranger("bound")
    target.people.sign_up(person)
    proof = desk.mail(person, "after signing up")[0]
    wrong = ["the link that proves an address sets a password"] if _resets(desk, person, proof) else []
    if desk.ask(desk.calls.verify, token=proof).status not in GOOD and not wrong:
        yield unknown(link_checks.BOUND, "the link that proves an address does not: see calls.verify")
        return
    token = desk.reset_token(person)
    if desk.ask(desk.calls.verify, token=token).status in GOOD:
        wrong.append("the link for a forgotten password proves an address")
    altered = {how: alter(token) for how, alter in _ALTERED.items() if alter(token) != token}
    wrong += [f"the link works {how}" for how, other in altered.items() if _resets(desk, person, other)]
    if not wrong and not _resets(desk, person, token):
        yield unknown(link_checks.BOUND, "the link itself sets no password after that: see calls.set_password")
        return
    summary = f"2 of 2 links are refused for the other purpose, and {len(altered)} of {len(altered)} altered ones"
    yield held(link_checks.BOUND, wrong, summary, desk.evidence("The requests"))


_ALTERED: dict[str, Callable[[str], str]] = {
    "without its last character": lambda token: token[:-1],
    "in the other case": str.swapcase,
    "with a % after it": lambda token: token + "%",
}


def _resets(desk: Desk, person: Person, token: str) -> bool:
    return _sets(desk, desk.calls.set_password, person, token)


def _lifetime(check: Check, mail: Mail, most: timedelta) -> Result:
    stated = stated_lifetime(mail.text)
    seen = Said("The mail", mail.text[:1000])
    if stated is None:
        return unknown(check, "the mail does not say how long its link works: say so in it", seen)
    wrong = [f"the mail says {in_words(stated)}, and {in_words(most)} is the most"] if stated > most else []
    return held(check, wrong, f"the mail says {in_words(stated)}, of at most {in_words(most)}", seen)


def expired(target: Target) -> Iterator[Result]:
    """Use what should be over by now: what was aged for that, or what the stack has kept."""
    desk = Desk(target)
    if target.ages is not None:
        yield from _aged(desk, target.ages)
        return
    kept = target.settings.readiness.expired
    if kept is None or kept.session is None:
        why = "that takes as long as a session lasts: keep an old one, and name it in launch-ready:readiness.expired"
        yield unknown(checks.EXPIRY_ENFORCED, why)
    else:
        name = target.settings.readiness.session_cookie
        alive = desk.alive(Cookie(name, _kept(target, kept.session), {}))
        wrong = ["a session that should be over is still signed in"] if alive else []
        yield held(checks.EXPIRY_ENFORCED, wrong, "1 of 1 sessions that are over is refused", desk.evidence("It"))
    if kept is None or kept.reset is None:
        why = "that takes as long as a link works: keep an old one, and name it in launch-ready:readiness.expired"
        yield unknown(link_checks.EXPIRED_REFUSED, why)
        return
    reply = desk.ask(desk.calls.set_password, token=_kept(target, kept.reset), password=desk.new_password(), email="")
    wrong = ["a link that should be over sets a password"] if reply.status in GOOD else []
    yield held(link_checks.EXPIRED_REFUSED, wrong, "1 of 1 links that are over is refused", desk.evidence("It"))


def _aged(desk: Desk, age: Callable[[str], None]) -> Iterator[Result]:
    person = desk.target.people.newcomer("aged")
    session, token = desk.signed_in(person), desk.reset_token(person)
    before = desk.alive(session)
    age(person.email)
    wrong = ["a session that is over is still signed in"] if desk.alive(session) else []
    if before:
        summary = "1 of 1 sessions is refused once it is over"
        yield held(checks.EXPIRY_ENFORCED, wrong, summary, desk.evidence("Before and after"))
    wrong = ["a link that is over sets a password"] if _resets(desk, person, token) else []
    summary = "1 of 1 links is refused once it is over"
    yield held(link_checks.EXPIRED_REFUSED, wrong, summary, desk.evidence("The requests"))


def _kept(target: Target, name: str) -> str:
    value = target.secret(name).reveal()
    target.redactor.learn(value)
    return value
