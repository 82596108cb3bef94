"""Where Access has people log in: the team's own pages, with a code that is sent by mail ("One-time PIN login").

Source: https://developers.cloudflare.com/cloudflare-one/identity/one-time-pin/.
"""

from __future__ import annotations

import asyncio
import hmac
import logging
import re
import secrets
import smtplib
import time
from dataclasses import dataclass
from email.message import EmailMessage
from http import HTTPStatus
from typing import Final
from urllib.parse import urlencode

from aiohttp import web

from edge.request import normalise_path
from lab.edge import answers, pages
from lab.edge.access import Access, Application, Outcome, Who
from lab.edge.gate import LOGIN, cookie
from lab.edge.headers import Pairs
from lab.edge.tokens import Tokens

AUTHORIZED: Final = "/cdn-cgi/access/authorized"
CODE_SECONDS: Final = 600
_TRIES: Final = 3
_MOST_PENDING: Final = 1000
# From one page to the next.
_ORG_SECONDS: Final = 60
_SECONDS: Final = 5.0
_FROM: Final = "noreply@notify.cloudflare.com"
_PATH: Final = re.compile(r"/[!-~]*")
_MAILBOX: Final = re.compile(r"[^@\s<>]{1,64}@[A-Za-z0-9.-]{1,189}")

_log = logging.getLogger("lab.edge")


@dataclass
class _Pending:
    """A login that waits for its code; nobody has the code of who is not let in."""

    email: str
    app: Application
    code: str
    ends: float
    tries: int = _TRIES


class Team:
    """The team's pages. ``smtp`` is where codes are sent; without it nobody can log in."""

    def __init__(self, tokens: Tokens, smtp: tuple[str, int] | None) -> None:
        self._tokens, self._smtp = tokens, smtp
        self._pending: dict[str, _Pending] = {}

    async def log_in(self, request: web.BaseRequest, access: Access, added: Pairs) -> web.Response:
        """A page of the login of an application: the form for an address, then that for the code."""
        host, path = request.path.removeprefix(f"{LOGIN}/"), request.query.get("redirect_url", "/")
        app = _asked_for(access, host, path)
        if app is None or app.aud != request.query.get("kid") or not request.path.startswith(f"{LOGIN}/"):
            return answers.html(HTTPStatus.NOT_FOUND, pages.login("There is no such application.", ""), added)
        if request.method != "POST":
            return answers.html(HTTPStatus.OK, pages.login(f"Log in to {host}", pages.EMAIL_FORM), added)
        given = await request.post()
        if "code" not in given:
            nonce = await self._begin(app, str(given.get("email", "")).strip(), request.remote or "")
            return answers.html(HTTPStatus.OK, pages.login("A code has been sent.", pages.code_form(nonce)), added)
        email = self._proven(app, str(given.get("nonce", "")), str(given["code"]))
        if not email:
            return answers.html(HTTPStatus.FORBIDDEN, pages.login("That is not the code.", pages.EMAIL_FORM), added)
        token = self._tokens.issue(app.aud, {"email": email, "type": "org"}, _ORG_SECONDS)
        there = f"https://{host}{AUTHORIZED}?{urlencode({'token': token, 'redirect_url': path})}"
        return answers.text(HTTPStatus.SEE_OTHER, "", [*added, ("Location", there)])

    def authorize(self, request: web.BaseRequest, host: str, access: Access, added: Pairs) -> web.Response:
        """At the application's own name: the token of who has logged in becomes its cookie."""
        path = request.query.get("redirect_url", "/")
        app = _asked_for(access, host, path)
        claims = self._tokens.claims(request.query.get("token", ""), app.aud, "org") if app else None
        if app is None or claims is None:
            return answers.html(HTTPStatus.FORBIDDEN, pages.login("This login has ended.", ""), added)
        token = self._tokens.issue(app.aud, {"email": claims["email"], "sub": claims["email"]}, app.seconds)
        found = [("Set-Cookie", cookie(app, token)), ("Location", f"https://{host}{path}")]
        return answers.text(HTTPStatus.FOUND, "", [*added, *found])

    async def _begin(self, app: Application, email: str, address: str) -> str:
        """The name of a new login. Whether a code was sent is not told: it would tell who is let in."""
        nonce, now = secrets.token_urlsafe(24), time.time()
        self._pending = {name: each for name, each in self._pending.items() if each.ends > now}
        while len(self._pending) >= _MOST_PENDING:
            del self._pending[next(iter(self._pending))]
        let_in = _MAILBOX.fullmatch(email) and app.outcome(Who(address, email)) is Outcome.IN
        code = f"{secrets.randbelow(10**6):06}" if let_in and self._smtp else ""
        self._pending[nonce] = _Pending(email, app, code, now + CODE_SECONDS)
        if code and self._smtp:
            await asyncio.to_thread(_send, self._smtp, email, app, code)
        return nonce

    def _proven(self, app: Application, nonce: str, code: str) -> str:
        """The address of the login whose code this is; "" for none."""
        pending = self._pending.get(nonce)
        if pending is None or pending.app.aud != app.aud or pending.ends < time.time() or not pending.code:
            return ""
        pending.tries -= 1
        right = hmac.compare_digest(pending.code.encode(), code.strip().encode())
        if right or pending.tries <= 0:
            del self._pending[nonce]
        return pending.email if right else ""


def _asked_for(access: Access, host: str, path: str) -> Application | None:
    """The application at a path that somebody is to be led back to."""
    if not _PATH.fullmatch(path):
        return None
    return access.application(host, normalise_path(path.partition("?")[0].encode()).decode())


def _send(server: tuple[str, int], to: str, app: Application, code: str) -> None:
    message = EmailMessage()
    message["From"], message["To"] = _FROM, to
    message["Subject"] = f"Your code for {app.domain}"
    message.set_content(f"Your code is {code}. It holds for {CODE_SECONDS // 60} minutes.\n")
    try:
        with smtplib.SMTP(*server, timeout=_SECONDS) as session:
            session.send_message(message)
    except (OSError, smtplib.SMTPException) as error:
        _log.warning("a code for %s was not sent: %s", app.domain, error)
