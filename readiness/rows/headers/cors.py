"""Cross-origin requests and preflights (Fetch standard, "CORS protocol") from origins that are nobody's friends."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from core.site import Reply, Visitor
from readiness.check import Check, Evidence, Result, Table, held, unknown
from readiness.exchange import exchange, kept_out
from readiness.rows.headers import checks
from readiness.target import Target

_TOLD = ("Access-Control-Allow-Origin", "Access-Control-Allow-Credentials", "Access-Control-Allow-Methods", "Vary")
_SENT = "content-type, x-requested-with"


@dataclass(frozen=True)
class Asked:
    """One request of an origin, and the answer."""

    origin: str
    line: str
    reply: Reply

    @property
    def allowed(self) -> str:
        """Whom the answer lets read it."""
        return self.reply.header("Access-Control-Allow-Origin").strip()

    @property
    def opens(self) -> bool:
        """Whether the origin that asked may read it."""
        return self.allowed in (self.origin, "*")

    @property
    def with_credentials(self) -> bool:
        """With the visitor's cookies."""
        said = self.reply.header("Access-Control-Allow-Credentials").strip().lower()
        return self.allowed == self.origin and said == "true"


def hostile_origins(site: str, zone: str) -> tuple[str, ...]:
    """Origins that are others', each of which some way of comparing takes for the platform's ``site``."""
    return (
        "https://evil.example",
        "null",
        f"https://{site}.evil.example",
        f"https://evil.example.{zone}",
        f"https://not{zone}",
        f"https://x{site}",
        f"https://{site.replace('.', 'x', 1)}",
        f"http://{site}",
        f"https://{site}:8443",
        f"https://{site}_.evil.example",
    )


def strangers(target: Target) -> Iterator[Result]:
    """What foreign pages get without anybody's cookies: the API, a page, and two preflights."""
    calls, visitor = target.settings.readiness.calls, target.visitor()
    paths = (calls.me.path, target.settings.readiness.pages[0], target.settings.readiness.openapi)
    yield _judged(checks.CORS_ORIGINS, _read(target, visitor, paths), lambda one: one.opens)
    asked = []
    for origin in _origins(target):
        for method, path in (("POST", calls.create_org.path), ("DELETE", calls.me.path)):
            headers = {"Access-Control-Request-Method": method, "Access-Control-Request-Headers": _SENT}
            reply = visitor.ask("OPTIONS", target.url(path), headers={"Origin": origin, **headers})
            asked.append(Asked(origin, f"OPTIONS {path} (for {method})", reply))
    yield _judged(checks.CORS_PREFLIGHT, asked, lambda one: one.opens)


def signed_in(target: Target) -> Iterator[Result]:
    """What foreign pages get with the cookies of somebody who is signed in."""
    visitor = target.people.cast().here.owner.visitor
    paths = (target.settings.readiness.calls.me.path, target.settings.readiness.pages[0])
    yield _judged(checks.CORS_CREDENTIALS, _read(target, visitor, paths), lambda one: one.with_credentials)


def _read(target: Target, visitor: Visitor, paths: tuple[str, ...]) -> list[Asked]:
    return [
        Asked(origin, f"GET {path}", visitor.ask("GET", target.url(path), headers={"Origin": origin}))
        for origin in _origins(target)
        for path in dict.fromkeys(paths)
    ]


def _origins(target: Target) -> tuple[str, ...]:
    return hostile_origins(target.origin.removeprefix("https://"), target.settings.zone.name)


def _judged(check: Check, asked: list[Asked], wrong: Callable[[Asked], bool]) -> Result:
    evidence = _evidence(asked)
    found = [one for one in asked if wrong(one)]
    first = [exchange(f"{one.line}\nOrigin: {one.origin}", one.reply, told=_TOLD, body=False) for one in found[:2]]
    if not found and (why := kept_out([one.reply for one in asked])):
        return unknown(check, f"{why}: run this again when it answers", evidence)
    said = [f"{one.line} lets {one.origin} in{' with cookies' if one.with_credentials else ''}" for one in found]
    return held(check, said, f"none of {len(asked)} requests from hostile origins was let in", evidence, *first)


def _evidence(asked: list[Asked]) -> Evidence:
    rows = tuple(
        (one.origin, one.line, str(one.reply.status), one.allowed or "none", "yes" if one.with_credentials else "no")
        for one in asked
    )
    return Table("What foreign origins were told", ("Origin", "Request", "Status", "Allowed", "Credentials"), rows)
