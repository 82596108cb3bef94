"""A platform in memory that answers as the lab's app does; each of its ``faults`` is one mistake of its own.

Times are made up (:attr:`core.site.Reply.seconds`), the rest happens: accounts, mail, sessions, organisations.
"""

from __future__ import annotations

import itertools
import json
import random
import re
import secrets
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from core.site import Mail, Reply
from tests.unit.readiness.routes import ROUTES, problem

ZONE = "community.test"


@dataclass
class User:
    """An account."""

    id: str
    email: str
    name: str
    password: str
    verified: bool = False
    failures: int = 0


@dataclass(frozen=True)
class Ask:
    """A request, as a route gets it."""

    method: str
    path: str
    given: Mapping[str, Any]
    cookie: str
    user: User | None


@dataclass(frozen=True)
class Link:
    """A token that was sent by mail."""

    email: str
    purpose: str


Answer = tuple[int, Any]
Route = Callable[..., tuple[Any, ...]]


@dataclass
class Platform:
    """The app, its database and its mail. ``random`` gives the noise of its times."""

    faults: set[str] = field(default_factory=set)
    random: random.Random = field(default_factory=lambda: random.Random(7))
    users: dict[str, User] = field(default_factory=dict)
    sessions: dict[str, User] = field(default_factory=dict)
    links: dict[str, Link] = field(default_factory=dict)
    used: set[str] = field(default_factory=set)
    mail: list[Mail] = field(default_factory=list)
    orgs: dict[str, dict[str, str]] = field(default_factory=dict)
    invites: dict[str, str] = field(default_factory=dict)
    log: list[tuple[str, str, int]] = field(default_factory=list)
    number: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def answer(
        self, method: str, url: str, body: bytes, headers: Mapping[str, str], cookies: Mapping[str, str]
    ) -> Reply:
        """What it says to one request."""
        where = urlsplit(url)
        if where.scheme == "http" and "login-over-http" not in self.faults:
            return Reply(301, (("Location", "https" + url[4:]),), seconds=0.001)
        name = "session" if "cookie-no-prefix" in self.faults else "__Host-session"
        token = cookies.get(name, "")
        given = _json(body)
        ask = Ask(method, where.path, given if isinstance(given, dict) else {}, token, self.sessions.get(token))
        seconds = self._seconds(ask)
        status, content, fields = self._routed(ask)
        self.log.append((method, where.path, status))
        raw = b"" if content is None else json.dumps(content).encode()
        kind = "application/problem+json" if status >= 400 else "application/json"
        common = (("Content-Type", kind), ("Date", f"now {next(self.number)}"), ("Cache-Control", "no-store"))
        return Reply(status, (*common, *fields), raw, seconds)

    def _routed(self, ask: Ask) -> tuple[int, Any, tuple[tuple[str, str], ...]]:
        for methods, pattern, route in ROUTES:
            found = re.fullmatch(pattern, ask.path)
            if not found:
                continue
            if ask.method not in methods and not (ask.path.endswith("/logout") and "logout-by-get" in self.faults):
                return 405, {"detail": "Method Not Allowed"}, (("Allow", methods),)
            if not ask.path.startswith("/api/auth/") and (no := self._kept_out(ask)):
                return no[0], no[1], ()
            said = route(self, ask, *found.groups())
            return said[0], said[1], tuple(("Set-Cookie", line) for line in said[2:])
        return 404, problem("Not found."), ()

    def _kept_out(self, ask: Ask) -> Answer | None:
        if ask.user is None:
            return 401, problem("Sign in first.")
        if not ask.user.verified and "unverified-may-act" not in self.faults:
            return 403, problem("Prove your address first.")
        return None

    def _seconds(self, ask: Ask) -> float:
        known = str(ask.given.get("email", "")).lower() in self.users
        slow = f"{ask.path.rpartition('/')[2]}-slow" in self.faults and known
        # Skewed, as real times are: a floor, and now and then a long one.
        if "times-all-over" in self.faults:
            return self.random.expovariate(4)
        noise = self.random.expovariate(200) + (0.2 if self.random.random() < 0.04 else 0.0)
        return 0.05 + noise + (0.03 if slow else 0.0)

    def join(self, email: str, name: str, password: str) -> User:
        """A new account."""
        user = self.users[email] = User(secrets.token_hex(8), email, name, password)
        return user

    def failed(self, user: User) -> User:
        """Count a wrong password."""
        user.failures += 1
        return user

    def token(self) -> str:
        """A new random token."""
        if "token-short" in self.faults:
            return f"{secrets.randbelow(10**6):06d}" + "A" * 16
        if "token-sequential" in self.faults:
            return f"{next(self.number):040d}"
        return secrets.token_urlsafe(32)

    def send(self, user: User, purpose: str, says: str) -> None:
        """A mail with a link; a newer one ends the older."""
        if "older-token-works" not in self.faults:
            self.links = {key: link for key, link in self.links.items() if link != Link(user.email, purpose)}
        token = self.token()
        self.links[token] = Link(user.email, purpose)
        self.post(user.email, f"Go to https://app.{ZONE}/{purpose}?token={token}\n\n{says}\n")

    def post(self, email: str, text: str) -> None:
        """Any mail."""
        id_ = str(len(self.mail) + 1)
        self.mail.append(Mail(id_, f"app@{ZONE}", (email,), "Your account", text, (), text.encode()))

    def use(self, token: str, purpose: str) -> User | None:
        """Whose ``token`` it is; it does no more after that."""
        key = token.lower() if "token-any-case" in self.faults else token
        found = next((k for k in self.links if (k.lower() if "token-any-case" in self.faults else k) == key), "")
        link = self.links.get(found)
        if link is None or (link.purpose != purpose and "token-for-all" not in self.faults):
            return None
        if f"{purpose}-reusable" not in self.faults:
            del self.links[found]
        return self.users.get(link.email)

    def end(self, user: User, but: str = "") -> None:
        """End the sessions of ``user``, all ``but`` one."""
        self.sessions = {key: who for key, who in self.sessions.items() if who is not user or key == but}


def _json(body: bytes) -> Any:
    try:
        return json.loads(body or b"{}")
    except ValueError:
        return {}
