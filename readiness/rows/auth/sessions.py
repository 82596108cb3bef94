"""The session: its cookie, its beginning, its end."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from datetime import timedelta

from core.site import Reply
from readiness.check import Result, held, unknown
from readiness.people import Person
from readiness.rows.auth import checks
from readiness.rows.auth.desk import GOOD, Desk, said
from readiness.rows.auth.reading import Cookie, cookies_of, in_words
from readiness.target import Target


def cookie(target: Target) -> Iterator[Result]:
    """What the login's Set-Cookie says, and whether plain HTTP gets one."""
    desk = Desk(target)
    person = target.people.newcomer("cookie")
    reply = desk.log_in(person)
    session = desk.session(reply)
    seen = said(f"{desk.calls.login.method} {desk.calls.login.path}", reply)
    every = [one for one in cookies_of(reply) if one.value]
    open_ones = [f"{one.name} has no Secure" for one in every if "secure" not in one.attributes]
    yield held(checks.COOKIE_SECURE, open_ones, f"{len(every)} of {len(every)} cookies have Secure", seen)
    read = [] if "httponly" in session.attributes else [f"{session.name} has no HttpOnly"]
    yield held(checks.COOKIE_HTTP_ONLY, read, f"{session.name} has HttpOnly", seen)
    site = session.attributes.get("samesite", "none at all")
    lax = [] if site.lower() in ("lax", "strict") else [f"the SameSite of {session.name} is {site}"]
    yield held(checks.COOKIE_SAME_SITE, lax, f"the SameSite of {session.name} is {site}", seen)
    yield held(checks.COOKIE_PREFIX, list(_loose(session)), f"{session.name} has Secure, Path=/ and no Domain", seen)
    yield _lifetime(target, session, reply)
    yield _by_http(desk, person)


def _loose(session: Cookie) -> Iterator[str]:
    """What browsers would not take of a cookie with the prefix, and that it has none."""
    if not session.name.startswith("__Host-"):
        yield f"{session.name} does not begin with __Host-"
    if "secure" not in session.attributes:
        yield "it has no Secure"
    if session.attributes.get("path") != "/":
        yield f"its Path is {session.attributes.get('path') or 'none at all'}"
    if session.attributes.get("domain"):
        yield f"its Domain is {session.attributes['domain']}: every host below has it"


def _lifetime(target: Target, session: Cookie, reply: Reply) -> Result:
    most = timedelta(days=target.settings.readiness.session_days)
    lasts = session.lasts(target.clock.now())
    if lasts is None:
        summary = f"{session.name} goes when the browser is closed"
        return held(checks.SESSION_LIFETIME, [], summary, said("The cookie", reply))
    wrong = [f"{session.name} is kept for {in_words(lasts)}, and {in_words(most)} is the most"] if lasts > most else []
    summary = f"{session.name} is kept for {in_words(lasts)} of at most {in_words(most)}"
    return held(checks.SESSION_LIFETIME, wrong, summary, said("The cookie", reply))


def _by_http(desk: Desk, person: Person) -> Result:
    """Sign in by plain HTTP, with an account of the checks' own."""
    call, url = desk.calls.login, desk.target.origin.replace("https://", "http://", 1)
    body = {"email": person.email, "password": person.password}
    filled = {key: text.format_map(body) for key, text in call.body.items()}
    reply = desk.stranger().ask(call.method, url + call.path, headers=call.headers, json=filled)
    desk.target.redactor.learn(*(one.value for one in cookies_of(reply)))
    where, seen = reply.header("Location"), said(f"{call.method} http://…{call.path}", reply)
    if reply.status >= 500 or reply.status == 429:
        return unknown(checks.HTTP_LOGIN, f"plain HTTP answers {reply.status}: run the check again later", seen)
    kept_out = reply.status in (0, 403, 404, 405, 421, 426) or (300 <= reply.status < 400 and where[:8] == "https://")
    wrong = [] if kept_out else [f"plain HTTP answers a login with {reply.status} {where}".rstrip()]
    wrong += [f"plain HTTP sets the cookie {one.name}" for one in cookies_of(reply) if one.value]
    how = f"redirects to HTTPS ({reply.status})" if where else f"says {reply.status or reply.reason}"
    return held(checks.HTTP_LOGIN, wrong, f"a login by plain HTTP {how}, with no cookie", seen)


def renewed(target: Target) -> Iterator[Result]:
    """Whether a session that was there before a login counts after it."""
    desk = Desk(target)
    person = target.people.newcomer("renewed")
    first = desk.signed_in(person)
    planted = Cookie(first.name, secrets.token_urlsafe(max(16, len(first.value) * 3 // 4)), {})
    target.redactor.learn(planted.value)
    after_plant = desk.session(desk.log_in(person, visitor=desk.holder(planted)))
    again = desk.session(desk.log_in(person, visitor=desk.holder(first)))
    wrong = []
    if after_plant.value == planted.value or desk.alive(planted):
        wrong.append("a cookie that was planted before the login is the session after it")
    if again.value == first.value:
        wrong.append("a second login in the same browser keeps the session's token")
    elif desk.alive(first):
        wrong.append("a second login in the same browser leaves the session before it alive")
    if not desk.alive(again):
        wrong.append("the session of the second login does not work")
    summary = "3 logins of 3 made a new session, none took over a planted one, and the one before was ended"
    yield held(checks.SESSION_RENEWED, wrong, summary, desk.evidence("Logins with and without a cookie"))


def endings(target: Target) -> Iterator[Result]:
    """Log out, by the wrong method and by the right one; then remove the account."""
    desk = Desk(target)
    person = target.people.newcomer("endings")
    session = desk.signed_in(person)
    call = desk.calls.logout
    by_get = [verb for verb in ("GET", "HEAD") if _ends_by(desk, session, verb)]
    wrong = [f"{verb} {call.path} ends the session" for verb in by_get]
    summary = f"2 of 2 safe methods leave the session alone ({call.path})"
    yield held(checks.LOGOUT_NOT_BY_GET, wrong, summary, desk.evidence("The requests"))
    if by_get:
        session = desk.signed_in(person)
    yield _logout(desk, person, session)
    yield _leaving(desk, person)


def _ends_by(desk: Desk, session: Cookie, verb: str) -> bool:
    reply = desk.holder(session).ask(verb, desk.target.url(desk.calls.logout.path))
    desk.notes.append(f"{verb} {desk.calls.logout.path} → {reply.status or reply.reason}")
    return not desk.alive(session)


def _logout(desk: Desk, person: Person, session: Cookie) -> Result:
    other = desk.signed_in(person)
    reply = desk.ask(desk.calls.logout, desk.holder(session))
    seen = said("The answer to logging out", reply)
    if reply.status not in GOOD:
        return unknown(checks.LOGOUT_ENDS, f"logging out answers {reply.status}: see calls.logout", seen)
    wrong = ["the cookie still works after logging out"] if desk.alive(session) else []
    elsewhere = "goes on" if desk.alive(other) else "is ended too"
    summary = f"the cookie is refused after logging out, 1 of 1; another session of the account {elsewhere}"
    return held(checks.LOGOUT_ENDS, wrong, summary, seen, desk.evidence("The requests"))


def _leaving(desk: Desk, person: Person) -> Result:
    check, call = checks.LEAVE_ENDS, desk.calls.leave
    if call is None:
        return unknown(check, "how an account is removed is not known: give launch-ready:readiness.calls.leave")
    one, other = desk.signed_in(person), desk.signed_in(person)
    reply = desk.ask(call, desk.holder(one), email=person.email, password=person.password)
    if reply.status not in GOOD:
        return unknown(check, f"removing an account answers {reply.status}: see calls.leave", said("It", reply))
    wrong = [
        f"{name} still works after the account was removed"
        for name, session in (("the session that removed it", one), ("the account's other session", other))
        if desk.alive(session)
    ]
    if desk.log_in(person).status in GOOD:
        wrong.append("the removed account can log in")
    summary = "2 of 2 sessions are refused after the account was removed, and its password too"
    return held(check, wrong, summary, desk.evidence("The requests"))
