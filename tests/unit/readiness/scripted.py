"""A visitor whose answers are a function's, and a target that has it: for checks that look at single answers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from core.site import Reply
from readiness.target import Target
from tests.unit.readiness.fakes import make_target
from tests.unit.readiness.platform import Platform

Answer = Callable[[str, str, Mapping[str, str]], Reply]
"""Method, URL and headers → the answer."""


class Scripted:
    """Fulfils :class:`core.site.Visitor`; ``asked`` are the URLs, in order."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        self.asked: list[str] = []
        self.cookies: dict[str, str] = {}

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
        """One request."""
        self.asked.append(url)
        return self._answer(method, url, headers or {})

    def set_cookie(self, name: str, value: str, host: str) -> None:
        """Have one."""
        self.cookies[name] = value

    def forget_cookies(self) -> None:
        """Have none."""
        self.cookies.clear()


def target_of(answer: Answer, **means: Any) -> Target:
    """A target of the lab's stack whose visitors are answered by ``answer``."""
    return make_target(Platform(), visitor=lambda from_address="": Scripted(answer), **means)


def reply(status: int = 200, body: str = "", **headers: str) -> Reply:
    """An answer; ``_`` in a header's name is a hyphen."""
    return Reply(status, tuple((name.replace("_", "-"), value) for name, value in headers.items()), body.encode())
