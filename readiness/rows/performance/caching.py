"""What the edge keeps and what is compressed, beside what is declared."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import urljoin, urlsplit

from core.site import Reply, Visitor
from readiness.check import Result, Table, beside_the_point, held, unknown
from readiness.exchange import exchange
from readiness.rows.headers.page import read
from readiness.rows.performance import checks
from readiness.target import Target

_TAKES = {"Accept-Encoding": "gzip, br"}
_KEPT = ("HIT", "STALE", "REVALIDATED", "UPDATING")
_TEXT = re.compile(r"(?i)text/|javascript|json|xml|svg")
_WORTH = 1400
"""Bytes: what is shorter fits one packet, compressed or not."""
_MOST_ASSETS = 12
_HASHED = re.compile(r"[.-][0-9a-f]{8,}\.")
_TOLD = ("Cache-Control", "CF-Cache-Status", "Content-Encoding", "Content-Type", "ETag", "Age")


@dataclass(frozen=True)
class Asked:
    """The second answer to the same request."""

    path: str
    reply: Reply

    @property
    def kept(self) -> bool:
        """Whether it came from the edge's cache."""
        return self.reply.header("CF-Cache-Status").upper() in _KEPT

    @property
    def long(self) -> bool:
        """Whether a browser may keep it for a year, or for good."""
        said = self.reply.header("Cache-Control").lower()
        return "immutable" in said or "max-age=31536000" in said


def caching(target: Target) -> Iterator[Result]:
    """Each main page and what it loads, the API's open answers, and the private pages."""
    visitor, settings = target.visitor(), target.settings.readiness
    pages = [_twice(target, visitor, path) for path in settings.pages]
    paths = dict.fromkeys(path for page in pages for path in _assets(target, page.reply))
    assets = [_twice(target, visitor, path) for path in list(paths)[:_MOST_ASSETS]]
    private = [path for path in target.settings.platform.private if "*" not in path]
    others = [_twice(target, visitor, path) for path in dict.fromkeys([settings.calls.me.path, *private])]
    if closed := [f"{one.path} answers {one.reply.status or one.reply.reason}" for one in pages if not _is_page(one)]:
        why = f"{'; '.join(closed[:3])}: see launch-ready:readiness.pages"
        yield from (unknown(check, why) for check in (checks.CACHING, checks.COMPRESSION))
        return
    yield _kept(target, assets, others)
    yield _compressed([*pages, *assets])


def _assets(target: Target, reply: Reply) -> Iterator[str]:
    """The paths of what a page loads from its own origin."""
    for asset in read(reply.text).assets:
        try:
            parts = urlsplit(urljoin(target.url("/"), asset))
        except ValueError:
            continue
        if f"{parts.scheme}://{parts.netloc}" == target.origin:
            yield parts.path + (f"?{parts.query}" if parts.query else "")


def _is_page(one: Asked) -> bool:
    return 200 <= one.reply.status < 300 or one.reply.status == 304


def _twice(target: Target, visitor: Visitor, path: str) -> Asked:
    visitor.ask("GET", target.url(path), headers=_TAKES)
    return Asked(path, visitor.ask("GET", target.url(path), headers=_TAKES))


def _kept(target: Target, assets: Sequence[Asked], others: Sequence[Asked]) -> Result:
    wrong = [f"{one.path} came from the cache, and is no static file" for one in others if one.kept]
    static = target.settings.cache.static
    if not assets and not wrong:
        return beside_the_point(
            checks.CACHING, "no main page loads a file of the platform's, and nothing private is kept"
        )
    if not any(one.reply.header("CF-Cache-Status") for one in (*assets, *others)):
        return unknown(checks.CACHING, "no answer has CF-Cache-Status: whether the edge keeps it cannot be seen")
    least = static.browser_seconds if static else 0
    wrong += [f"{one.path} {why}" for one in assets if (why := _not_as_declared(one, least))]
    rows = tuple(
        (one.path, one.reply.header("CF-Cache-Status"), one.reply.header("Cache-Control"), _name_kind(one))
        for one in (*assets, *others)
    )
    table = Table("The second answer", ("Path", "Edge", "Cache-Control", "Name"), rows)
    summary = f"{len(assets)} static files came from the edge the second time, {len(others)} private answers did not"
    shown = [exchange(f"GET {one.path}", one.reply, told=_TOLD, body=False) for one in assets[:1]]
    return held(checks.CACHING, wrong, summary, table, *shown)


def _not_as_declared(one: Asked, least: int) -> str:
    if one.reply.status != 200:
        return f"answers {one.reply.status or one.reply.reason}"
    if not one.kept:
        return f"did not come from the edge's cache ({one.reply.header('CF-Cache-Status') or 'no CF-Cache-Status'})"
    found = re.search(r"max-age=(\d{1,9})", one.reply.header("Cache-Control"))
    if not found or int(found[1]) < least:
        return f"may be kept by browsers for {found[1] if found else 0} s, and {least} are declared"
    if one.long and not _HASHED.search(one.path) and "?" not in one.path:
        return "may be kept by browsers for a year, and its name does not change with its content"
    return ""


def _name_kind(one: Asked) -> str:
    return "by content" if _HASHED.search(one.path) else "fixed"


def _compressed(asked: Sequence[Asked]) -> Result:
    text = [one for one in asked if _TEXT.search(one.reply.header("Content-Type")) and len(one.reply.body) > _WORTH]
    small = len(asked) - len(text)
    if not text:
        why = f"none of {len(asked)} pages and files is text of more than {_WORTH} bytes"
        return beside_the_point(checks.COMPRESSION, why)
    coded = {one.path: one.reply.header("Content-Encoding") for one in text}
    wrong = [f"{one.path} ({len(one.reply.body)} bytes) is not" for one in text if not coded[one.path]]
    rows = tuple((one.path, str(len(one.reply.body)), coded[one.path] or "none") for one in text)
    table = Table("Text of more than a packet", ("Path", "Bytes", "Content-Encoding"), rows)
    summary = f"{len(text)} pages and files come compressed; {small} are too small or no text"
    return held(checks.COMPRESSION, wrong, summary, table)
