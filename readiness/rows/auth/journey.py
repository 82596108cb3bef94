"""The whole way of a stranger in a real browser: sign up, mail, log in, log out, forgotten password."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from core.errors import CheckError
from core.settings.readiness import Forms
from readiness.check import Check, Evidence, Result, Table, failed, held, passed, unknown
from readiness.people import Person
from readiness.rows.auth import link_checks
from readiness.rows.auth.browsing import LOG_OUT, Walk
from readiness.rows.auth.desk import Desk
from readiness.rows.auth.reading import belongs, link_in
from readiness.target import Target

_ODD_POLICIES = ("unsafe-url", "no-referrer-when-downgrade")


@dataclass
class Seen:
    """What was noticed on the way: sentences of what is wrong, by check, and how much was looked at."""

    wrong: dict[Check, list[str]] = field(default_factory=dict)
    token_pages: int = 0
    stores: int = 0
    fields: int = 0

    def add(self, check: Check, *sentences: str) -> None:
        """Note what is wrong."""
        known = self.wrong.setdefault(check, [])
        known += [sentence for sentence in sentences if sentence not in known]


def way(target: Target) -> Iterator[Result]:
    """Walk it, and look at storage, addresses, requests and the back button meanwhile."""
    if target.browser is None:
        raise CheckError("there is no browser: run scripts/setup")
    forms = target.settings.readiness.forms
    if missing := [name for name in ("signup", "login", "reset") if getattr(forms, name) is None]:
        raise CheckError(f"no page is known to {', '.join(missing)}: give launch-ready:readiness.forms")
    person, seen = target.people.stranger("browser"), Seen()
    with target.browser.page() as page:
        walk = Walk(page, target.settings.zone.name)
        stopped = _walked(target, walk, forms, person, seen)
    evidence: tuple[Evidence, ...] = (Table("Steps", ("step", "what came of it"), tuple(walk.steps)), *walk.pictures)
    yield _journey(walk, stopped, evidence)
    yield from _told(seen, evidence[0], stopped)


def _walked(target: Target, walk: Walk, forms: Forms, person: Person, seen: Seen) -> str:
    """Why the way ended early; "" where it did not."""
    try:
        _join(target, walk, forms, person, seen)
        _log_in(target, walk, forms, person, seen)
        _leave(target, walk, person, seen)
        _forget(target, walk, forms, person, seen)
    except CheckError as error:
        return str(error)
    return ""


def _join(target: Target, walk: Walk, forms: Forms, person: Person, seen: Seen) -> None:
    with walk.step("sign up"):
        walk.open(target.url(str(forms.signup)))
        form = walk.fill(email=person.email, password=person.password, name=person.name)
        walk.picture("Signing up")
        _fields(walk, seen)
        walk.send(form)
        target.people.remember(person)
    link, token = _link(target, walk, person, "after signing up")
    with walk.step("prove the address"), walk.guarded():
        _token_page(walk, link, token, seen)
        walk.send(walk.fill())
        _after_use(walk, person, token, seen)


def _log_in(target: Target, walk: Walk, forms: Forms, person: Person, seen: Seen) -> None:
    with walk.step("log in"):
        walk.open(target.url(str(forms.login)))
        form = walk.fill(email=person.email, password=person.password)
        _fields(walk, seen)
        walk.send(form)
        cookies = [cookie["value"] for cookie in walk.page.context.cookies()]
        target.redactor.learn(*cookies)
        _stored(walk, seen, person.password, *cookies)
        # Its answer is a page that names who is signed in: the last private one before logging out.
        if (status := walk.open(target.url(Desk(target).calls.me.path))) != 200:
            raise CheckError(f"who has logged in is not signed in (status {status})")


def _leave(target: Target, walk: Walk, person: Person, seen: Seen) -> None:
    me = target.url(Desk(target).calls.me.path)
    with walk.step("log out"):
        walk.open(target.origin + "/")
        walk.picture("Signed in")
        walk.press(LOG_OUT)
    with walk.step("go back after logging out"):
        # Before anything else is asked: a refusal would take the place of what the browser has kept.
        seen.add(link_checks.NOT_AFTER_LOGOUT, *walk.seen_going_back(me, [person.email, person.name]))
    with walk.step("be signed out"):
        if walk.reopen(me) == 200:
            raise CheckError("who has logged out is still signed in")


def _forget(target: Target, walk: Walk, forms: Forms, person: Person, seen: Seen) -> None:
    with walk.step("ask for a forgotten password"):
        walk.open(target.url(str(forms.reset)))
        walk.send(walk.fill(email=person.email))
    link, token = _link(target, walk, person, "after asking for a reset")
    password = Desk(target).new_password()
    with walk.step("set a new password"), walk.guarded():
        _token_page(walk, link, token, seen)
        form = walk.fill(password=password)
        walk.picture("A new password")
        _fields(walk, seen)
        walk.send(form)
        person.password = password
        _after_use(walk, person, token, seen)
    _log_in(target, walk, forms, person, seen)


def _link(target: Target, walk: Walk, person: Person, when: str) -> tuple[str, str]:
    """The link of the next mail and its token. Raises :class:`CheckError` unless it leads to the site by HTTPS."""
    with walk.step(f"read the mail {when}"):
        token, mail = Desk(target).mail(person, when)
        link = link_in(mail.text, token)
        if not belongs(link, target.settings.zone.name):
            raise CheckError(f"its link leads to {urlsplit(link).scheme}://{urlsplit(link).hostname}, not to the site")
    return link, token


def _token_page(walk: Walk, link: str, token: str, seen: Seen) -> None:
    """Open the page that a mail's link leads to, twice, since mail scanners do; look at what it tells others."""
    seen.token_pages += 1
    path = urlsplit(link).path
    told = walk.referrer_elsewhere(link)
    if token in told:
        seen.add(link_checks.NO_REFERRER, f"{path} tells other sites its address with the token")
    before = len(walk.foreign)
    answer = walk.page.goto(link, wait_until="load")
    policy = (answer.headers.get("referrer-policy") if answer else "") or ""
    if not policy or policy.split(",")[-1].strip().lower() in _ODD_POLICIES:
        seen.add(link_checks.NO_REFERRER, f"the Referrer-Policy of {path} is {policy or 'none at all'}")
    others = sorted({urlsplit(url).hostname or "" for url in walk.foreign[before:]})
    seen.add(link_checks.NO_THIRD_PARTY, *(f"{path} loads from {host}" for host in others))
    _stored(walk, seen, token)


def _after_use(walk: Walk, person: Person, token: str, seen: Seen) -> None:
    if token in walk.page.url:
        seen.add(link_checks.NOT_LEFT, f"{urlsplit(walk.page.url).path} keeps the used token in its address")
    _stored(walk, seen, token, person.password)


def _stored(walk: Walk, seen: Seen, *secrets: str) -> None:
    for place, text in walk.stored().items():
        seen.stores += 1
        if any(secret in text for secret in secrets if secret):
            page = urlsplit(walk.page.url).path
            seen.add(link_checks.NOT_STORED, f"{place} holds a secret on {page}")


def _fields(walk: Walk, seen: Seen) -> None:
    """Whether the page's password fields help a password manager and take what is pasted."""
    path = urlsplit(walk.page.url).path
    for one in walk.page.locator("input[autocomplete*=password], input[name*=password i], input[type=password]").all():
        seen.fields += 1
        if one.get_attribute("type") != "password":
            seen.add(link_checks.PASSWORD_FIELDS, f"a password field of {path} is not masked")
        if one.get_attribute("autocomplete") == "off":
            seen.add(link_checks.PASSWORD_FIELDS, f"a password field of {path} keeps password managers out")
        if not one.evaluate("e => e.dispatchEvent(new ClipboardEvent('paste', {cancelable: true, bubbles: true}))"):
            seen.add(link_checks.PASSWORD_FIELDS, f"a password field of {path} refuses what is pasted")


def _journey(walk: Walk, stopped: str, evidence: tuple[Evidence, ...]) -> Result:
    if not stopped:
        return passed(link_checks.JOURNEY, f"{len(walk.steps)} of {len(walk.steps)} steps were walked", *evidence)
    blocked = sorted({urlsplit(url).hostname or "" for url in walk.foreign})
    if blocked:
        why = f"{stopped}; what the pages load from other sites is not asked for ({', '.join(blocked)})"
        return unknown(link_checks.JOURNEY, f"{why}: walk it by hand", *evidence)
    return failed(link_checks.JOURNEY, stopped, *evidence)


def _told(seen: Seen, steps: Evidence, stopped: str) -> Iterator[Result]:
    """The other checks: what was wrong is told even where the way ended early, what was not all seen is not passed."""
    pages = f"{seen.token_pages} of {seen.token_pages} pages that mails link to"
    summaries = {
        link_checks.NO_REFERRER: f"{pages} tell other sites nothing of their address",
        link_checks.NO_THIRD_PARTY: f"{pages} load nothing from other sites",
        link_checks.NOT_LEFT: f"the token is gone from the address after use, {seen.token_pages} of {seen.token_pages}",
        link_checks.NOT_STORED: f"no token, password or session in {seen.stores} looks at what scripts can read",
        link_checks.NOT_AFTER_LOGOUT: "the pages of before show neither name nor address, by the back button",
        link_checks.PASSWORD_FIELDS: f"{seen.fields} of {seen.fields} password fields are masked and take a paste",
    }
    for check, summary in summaries.items():
        wrong = seen.wrong.get(check, [])
        if stopped and not wrong:
            yield unknown(check, f"the way in the browser ended early: {stopped}", steps)
        else:
            yield held(check, wrong, summary, steps)
