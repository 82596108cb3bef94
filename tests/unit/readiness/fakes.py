"""A target that is all in memory: visitors, an inbox and the platform of ``platform.py``."""

from __future__ import annotations

import functools
import json as json_module
from collections.abc import Callable, Iterable, Mapping, Sequence
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml

from adapters.clock import SystemClock
from core.errors import CheckError
from core.secret import Secret
from core.settings.base import config_of
from core.settings.stack import Stack, stack_of
from core.settings.yaml_tree import parse_tree
from core.site import Found, Mail, Reply
from readiness.check import Result
from readiness.probe import Probe
from readiness.redact import Redactor
from readiness.run import Limits, run
from readiness.target import Target
from tests.unit.readiness.platform import ZONE, Platform

ROOT = Path(__file__).resolve().parents[3]


class FakeVisitor:
    """Fulfils :class:`core.site.Visitor`: keeps cookies as a browser does, sends Secure ones by https alone."""

    def __init__(self, platform: Platform, address: str = "") -> None:
        self._platform = platform
        self._cookies: dict[str, tuple[str, bool]] = {}
        self.address = address

    @property
    def cookies(self) -> dict[str, str]:
        """By name."""
        return {name: value for name, (value, _) in self._cookies.items()}

    def set_cookie(self, name: str, value: str, host: str) -> None:
        """Have one."""
        self._cookies[name] = (value, True)

    def forget_cookies(self) -> None:
        """Have none."""
        self._cookies.clear()

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
        content = json_module.dumps(json).encode() if json is not None else body
        raw = content if isinstance(content, bytes) else b"".join(content)
        safe = urlsplit(url).scheme == "https"
        sent = {name: value for name, (value, secure) in self._cookies.items() if safe or not secure}
        reply = self._platform.answer(method, url, raw, headers or {}, sent)
        for line in reply.all("Set-Cookie"):
            self._keep(line)
        return reply

    def _keep(self, line: str) -> None:
        for name, morsel in SimpleCookie(line).items():
            if morsel["max-age"] == "0":
                self._cookies.pop(name, None)
            else:
                self._cookies[name] = (morsel.value, bool(morsel["secure"]))


class FakeMailbox:
    """Fulfils :class:`core.site.Mailbox`; nobody waits."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform

    def address(self, tag: str) -> str:
        """One of the zone."""
        return f"check-{tag}@{ZONE}"

    def wait(self, address: str, *, seen: Sequence[str] = (), seconds: float = 10.0) -> list[Mail]:
        """What is there."""
        return [mail for mail in self._platform.mail if address in mail.to and mail.id not in seen]


class NoNames:
    """Fulfils :class:`core.site.Resolver`: knows no name."""

    def find(self, name: str, type_: str) -> Found:
        """Nothing."""
        return Found(name, type_, "NXDOMAIN")


@functools.cache
def lab_stack() -> Stack:
    """The lab's stack file, without a lab: its host is a made-up one."""
    document = yaml.safe_load((ROOT / "stacks" / "Pulumi.lab.yaml").read_text())
    document["config"]["launch-ready:hosts"] = {"app": [{"name": "app-1", "address": "203.0.113.11"}]}
    tree = parse_tree(json_module.dumps(document, indent=1), "Pulumi.lab.yaml")
    return stack_of(config_of(tree), tree, ROOT)


def make_target(
    platform: Platform,
    folder: Path = Path("/nonexistent"),
    settings: Callable[[Stack], Stack] = lambda same: same,
    **means: Any,
) -> Target:
    """A target whose visitors ask ``platform``; ``means`` are fields of :class:`Target` to have otherwise."""

    def no_secret(name: str) -> Secret:
        raise CheckError(f"there is no secret {name}")

    given: dict[str, Any] = {
        "stack": "lab",
        "settings": settings(lab_stack()),
        "root": ROOT,
        "folder": folder,
        "clock": SystemClock(),
        "visitor": lambda from_address="": FakeVisitor(platform, from_address),
        "secret": no_secret,
        "resolver": NoNames(),
        "local": None,
        "redactor": Redactor(),
        "mailbox": FakeMailbox(platform),
        **means,
    }
    return Target(**given)


def results_of(probe: Probe, target: Target) -> dict[str, Result]:
    """What one probe says, by the check's id: run as a scorecard runs it."""
    return {result.check.id: result for result in run([probe], target, Limits(), lambda _result, _at: None).results}
