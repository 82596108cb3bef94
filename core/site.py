"""What the checks need of the world, as protocols: adapters fulfil them, tests fake them."""

from __future__ import annotations

import json as json_module
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any, Protocol
from urllib.parse import urlsplit


@dataclass(frozen=True)
class Reply:
    """What came back for one request; ``status`` 0 and a ``reason`` where nothing did, or it was cut for its length.

    ``headers`` in order, as they came, repeated ones too. ``seconds`` from sending to the last byte read.
    """

    status: int
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = field(default=b"", repr=False)
    seconds: float = 0.0
    reason: str = ""
    cut: bool = False
    """The body was longer than was read, or did not end in time."""

    def header(self, name: str) -> str:
        """The first header of that name, whatever its case; "" without one."""
        return next(iter(self.all(name)), "")

    def all(self, name: str) -> list[str]:
        """Every header of that name, in order."""
        return [value for key, value in self.headers if key.lower() == name.lower()]

    @property
    def at_access(self) -> bool:
        """Whether this is Cloudflare Access, which sends whoever asks to log in: nothing has reached the platform.

        No platform has a path below ``/cdn-cgi/`` of its own behind Cloudflare.
        """
        try:
            there = urlsplit(self.header("Location"))
        except ValueError:
            return False
        return self.status == 302 and bool(there.netloc) and there.path.startswith("/cdn-cgi/access/login/")

    @property
    def text(self) -> str:
        """The body as text, whatever its bytes."""
        return self.body.decode("utf-8", "replace")

    @property
    def json(self) -> Any:
        """The body as JSON; None where it is none."""
        try:
            return json_module.loads(self.body)
        except (ValueError, RecursionError):
            return None


class Visitor(Protocol):
    """Somebody who asks the platform by HTTP, with cookies of their own, from one address.

    Paced with all others against the same host, bounded in time, bytes and redirects; host names are looked up as the
    stack has them (in the lab: its edge). Nothing is raised for what a site does.
    """

    @property
    def cookies(self) -> dict[str, str]:
        """The cookies it has now, by name."""
        ...

    def ask(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes | Iterable[bytes] = b"",
        json: Any = None,
        patient: bool = False,
        timeout: float = 10.0,
    ) -> Reply:
        """One request; no redirect is followed. ``json`` is sent as application/json. ``patient``: an answer 429 is
        waited out (Retry-After, at most 15 s) and asked once more.
        """
        ...

    def set_cookie(self, name: str, value: str, host: str) -> None:
        """Have a cookie that the site did not set."""
        ...

    def forget_cookies(self) -> None:
        """Have none."""
        ...


@dataclass(frozen=True)
class Found:
    """What DNS says of one name and type.

    ``records`` as text in presentation form (TXT: its strings joined, without quotes); ``status`` is ``NOERROR``,
    ``NXDOMAIN``, ``SERVFAIL``, ``TIMEOUT`` or the like; ``chain`` are the CNAMEs that were followed.
    """

    name: str
    type: str
    status: str
    records: tuple[str, ...] = ()
    ttl: int = 0
    chain: tuple[str, ...] = ()


class Resolver(Protocol):
    """DNS, as the stack's visitors see it."""

    def find(self, name: str, type_: str) -> Found:
        """Ask; bounded in time (5 s in all) and in CNAMEs (8). Raises nothing."""
        ...


@dataclass(frozen=True)
class Mail:
    """A message that arrived. ``raw`` is all of it; ``text`` its first text part; ``to`` the envelope's recipients.

    ``mail_from`` is the envelope's sender, "" for the null one. ``peer`` and ``helo`` are the address that it was
    delivered from and what was said there, as its receiver has it; "" where that is not known.
    """

    id: str
    mail_from: str
    to: tuple[str, ...]
    subject: str
    text: str
    headers: tuple[tuple[str, str], ...]
    raw: bytes = field(repr=False)
    received: str = ""
    peer: str = ""
    helo: str = ""


class Mailbox(Protocol):
    """An inbox whose mail can be read."""

    def address(self, tag: str) -> str:
        """An address whose mail arrives here; ``tag`` is letters, digits and hyphens."""
        ...

    def wait(self, address: str, *, seen: Sequence[str] = (), seconds: float = 10.0) -> list[Mail]:
        """The messages to ``address`` but those whose ids are ``seen``, oldest first, as soon as there is one; none
        after ``seconds``.
        """
        ...


@dataclass(frozen=True)
class Arrival:
    """What a webhook's receiver was sent: an alert, an error event. ``at`` is RFC 3339, UTC."""

    id: str
    at: str
    path: str
    headers: Mapping[str, str]
    body: str = field(repr=False)


class Arrivals(Protocol):
    """What alert routes and the error tracker were sent."""

    def wait(self, path: str, *, seen: Sequence[str] = (), contains: str = "", seconds: float = 20.0) -> list[Arrival]:
        """What came to paths that begin with ``path`` and has the text ``contains``, but what was ``seen``; as soon as
        there is one, none after ``seconds``.
        """
        ...


class Browser(Protocol):
    """Chromium, driven by Playwright; names are looked up as the stack has them."""

    def page(self, *, mobile: bool = False) -> AbstractContextManager[Any]:
        """A page (``playwright.sync_api.Page``) in a context of its own, with nothing kept; closed at the end.

        It belongs to the thread that opened it. Raises :class:`core.errors.CheckError` where there is no browser.
        """
        ...
