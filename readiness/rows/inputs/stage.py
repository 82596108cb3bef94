"""Where hostile input is tried: an account, an organisation and a space of the row's own, and hands to ask with."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from core.errors import CheckError
from core.settings.calls import Call
from core.site import Reply, Visitor
from readiness import calls
from readiness.people import Person
from readiness.target import Target

_AT_ONE_ADDRESS = 40
_PLACE = re.compile(r"\{([a-z_]+)\}")
_TAKEN = (200, 201, 202, 204)


@dataclass
class Stage:
    """``ids`` are what the account owns, by the names of the platform's calls (``org_id``, ``space_id`` …)."""

    target: Target
    person: Person
    ids: dict[str, str] = field(default_factory=dict)
    _visitor: Visitor | None = field(default=None, repr=False)
    _asked: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def ask(
        self,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes | Iterable[bytes] = b"",
        json: Any = None,
        timeout: float = 10.0,
    ) -> Reply:
        """One request as the account, from an address that has not asked too much yet.

        What the edge blocks says nothing of the platform: it is asked again past the edge, where there is a way.
        """
        url = self.target.url(path)
        reply = self._hand().ask(method, url, headers=headers, body=body, json=json, timeout=timeout)
        if reply.status == 429:
            # At another address where there is one; what the platform itself refuses is waited out.
            other = self._signed_in(self.target.visitor())
            with self._lock:
                self._visitor = other
            reply = other.ask(
                method, url, headers=headers, body=body, json=json, timeout=timeout, patient=_short(reply)
            )
        if reply.status == 403 and not reply.header("X-Release") and self.target.behind_edge is not None:
            past = self._signed_in(self.target.behind_edge())
            return past.ask(method, url, headers=headers, body=body, json=json, patient=True)
        return reply

    def make(self, call: Call, **values: str) -> Reply:
        """One of the platform's calls."""
        known = {"email": self.person.email, "password": self.person.password, "name": self.person.name}
        given = {**known, **self.ids, **values}
        sent = {key: _filled(text, given) for key, text in call.body.items()} if call.body else None
        return self.ask(call.method, _path(call.path, given), headers=call.headers, json=sent)

    def raw(self, call: Call, body: bytes, kind: str = "application/json") -> Reply:
        """The call's request with this body, whatever it is; no Content-Type where ``kind`` is empty."""
        headers = {"Content-Type": kind} if kind else {}
        return self.ask(call.method, _path(call.path, self.ids), headers=headers, body=body)

    def filled(self, path: str, **values: str) -> str:
        """``path`` with what the account owns."""
        return _path(path, {**self.ids, **values})

    def _hand(self) -> Visitor:
        with self._lock:
            self._asked += 1
            if self._visitor is None or self._asked % _AT_ONE_ADDRESS == 0:
                self._visitor = self._signed_in(self.target.visitor())
            return self._visitor

    def _signed_in(self, visitor: Visitor) -> Visitor:
        for name, value in self.person.visitor.cookies.items():
            visitor.set_cookie(name, value, self.target.origin.removeprefix("https://"))
        return visitor


def stage(target: Target, tag: str, name: str = "") -> Stage:
    """A new account called ``name``, with an organisation and a space. Raises :class:`CheckError`."""
    people, known = target.people, target.settings.readiness.calls
    person = people.stranger(tag)
    person.name = name or person.name
    people.sign_up(person)
    people.verify(person)
    people.log_in(person)
    made = Stage(target, person)
    made.ids["user_id"] = person.id
    made.ids["org_id"] = id_of(known.create_org, made.make(known.create_org, name=f"Check {tag}"))
    made.ids["space_id"] = id_of(known.create_space, made.make(known.create_space, name=f"Check {tag}"))
    return made


def id_of(call: Call, reply: Reply) -> str:
    """What the call gives. Raises :class:`CheckError`."""
    found = calls.found(call, reply) if reply.status in _TAKEN else ""
    if not found:
        raise CheckError(f"{call.method} {call.path} is answered with {reply.status}: see launch-ready:readiness.calls")
    return found


def _short(reply: Reply) -> bool:
    """Whether to wait is worth it: :meth:`core.site.Visitor.ask` waits 15 s at most."""
    text = reply.header("Retry-After")
    return text.isdecimal() and float(text[:9]) <= 15


def _path(path: str, values: Mapping[str, str]) -> str:
    return _PLACE.sub(lambda found: quote(values.get(found[1], "x"), safe=""), path)


def _filled(text: str, values: Mapping[str, str]) -> str:
    return _PLACE.sub(lambda found: values.get(found[1], ""), text)
