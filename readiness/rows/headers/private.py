"""What is one user's alone: the session's cookie, and that no cache keeps pages and answers made for somebody."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from core.site import Reply, Visitor
from readiness.check import Result, Table, beside_the_point, held, unknown
from readiness.exchange import exchange
from readiness.people import Person
from readiness.rows.headers import checks
from readiness.rows.headers.fields import cookie_of
from readiness.target import Target

_TOLD = ("Cache-Control", "CF-Cache-Status", "Age", "Vary", "Content-Type")
_KEPT = ("HIT", "STALE", "REVALIDATED", "UPDATING")
# Paths after a private page's that caches by extension take for a file's (web cache deception).
_SUFFIXES = ("/a.css", "/..%2fstatic%2fa.css", ";a.css", "%00.css", "%0a.css", "%23a.css", "?a.css")
_UPWARDS = ("", "..%2f", "..%2F..%2f", "%2e%2e/", "..%5c")
_HOST = "__Host-"


def private(target: Target) -> Iterator[Result]:
    """A new account: the cookies of its login, and its pages asked for twice."""
    person = target.people.newcomer("headers")
    login = target.people.log_in(person)
    yield _cookies(target, login)
    paths = _private_paths(target)
    yield _uncached(target, person, paths)
    yield _undeceived(target, person, paths)


def _cookies(target: Target, login: Reply) -> Result:
    lines = login.all("Set-Cookie")
    if not lines:
        return unknown(checks.COOKIES, "logging in sets no cookie: name the call in launch-ready:readiness.calls.login")
    session = target.settings.readiness.session_cookie
    wrong = [f"{cookie_of(line)[0]}: {why}" for line in lines if (why := ", ".join(_lacks(line, session)))]
    if session not in [cookie_of(line)[0] for line in lines]:
        wrong.append(f"there is no {session} (launch-ready:readiness.session_cookie)")
    evidence = exchange("POST login", login, told=("Set-Cookie",), body=False)
    return held(checks.COOKIES, wrong, f"{len(lines)} cookies of a login have all that they should", evidence)


def _lacks(line: str, session: str) -> Iterator[str]:
    name, has = cookie_of(line)
    if "secure" not in has:
        yield "not Secure"
    if has.get("samesite") not in ("lax", "strict"):
        yield f"SameSite is {has.get('samesite') or 'missing'}"
    if name != session:
        return
    if "httponly" not in has:
        yield "not HttpOnly"
    if not name.startswith(_HOST):
        yield f"no prefix {_HOST}"
    if "domain" in has or has.get("path", "") != "/":
        yield "it has a Domain, or a Path that is not /"


def _private_paths(target: Target) -> list[str]:
    platform = [path for path in target.settings.platform.private if "*" not in path]
    return list(dict.fromkeys([target.settings.readiness.calls.me.path, "/", *platform]))


def _uncached(target: Target, person: Person, paths: Sequence[str]) -> Result:
    asked = [(path, _twice(person.visitor, target.url(path))) for path in paths]
    found = [(path, reply) for path, reply in asked if 200 <= reply.status < 300]
    wrong = [f"{path}: {why}" for path, reply in found if (why := _keepable(reply))]
    rows = tuple((path, str(reply.status), *(reply.header(name) for name in _TOLD[:2])) for path, reply in asked)
    table = Table("Asked for twice, signed in", ("Path", "Status", *_TOLD[:2]), rows)
    if not found:
        return unknown(checks.PRIVATE, f"none of {len(paths)} private paths answers 200 to a new account", table)
    return held(checks.PRIVATE, wrong, f"{len(found)} private answers say no-store and came from no cache", table)


def _keepable(reply: Reply) -> str:
    said = {word.partition("=")[0].strip().lower() for word in reply.header("Cache-Control").split(",")}
    wrong = [] if "no-store" in said else [f"Cache-Control is {reply.header('Cache-Control') or 'missing'}"]
    if reply.header("CF-Cache-Status").upper() in _KEPT or reply.header("Age"):
        wrong.append(f"it came from a cache ({reply.header('CF-Cache-Status') or 'Age'})")
    return ", ".join(wrong)


def _undeceived(target: Target, person: Person, paths: Sequence[str]) -> Result:
    marks = [mark for mark in (person.email, person.id, person.name) if mark]
    shows = [path for path in paths if _has(_ask(person.visitor, target.url(path)), marks)]
    if not shows:
        return beside_the_point(checks.DECEPTION, f"none of {len(paths)} private pages shows anything of its user")
    stranger, wrong, evidence, count = target.visitor(), [], [], 0
    for url in _disguised(target, shows):
        count += 1
        mine = _twice(person.visitor, url)
        if not _has(mine, marks):
            continue
        theirs = _ask(stranger, url)
        if _has(theirs, marks) or mine.header("CF-Cache-Status").upper() in _KEPT:
            wrong.append(f"{url} is kept, with a user's data in it")
            evidence.append(exchange(f"GET {url} (by somebody else)", theirs, told=_TOLD))
    return held(checks.DECEPTION, wrong, f"{count} disguised addresses of {len(shows)} private pages", *evidence[:2])


def _disguised(target: Target, paths: Sequence[str]) -> Iterator[str]:
    """Addresses that the app may take for ``paths``, and the edge for files: by their end, or by where they begin."""
    files = [pattern.removesuffix("*") for pattern in target.settings.platform.static if pattern.endswith("/*")]
    for path in paths:
        yield from (target.url(path + suffix) for suffix in _SUFFIXES)
        yield from (target.url(f"{folder}{up}{path[1:]}") for folder in files for up in _UPWARDS)


def _has(reply: Reply, marks: Sequence[str]) -> bool:
    return reply.status == 200 and any(mark in reply.text for mark in marks)


def _twice(visitor: Visitor, url: str) -> Reply:
    visitor.ask("GET", url)
    return visitor.ask("GET", url)


def _ask(visitor: Visitor, url: str) -> Reply:
    return visitor.ask("GET", url)
