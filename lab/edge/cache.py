"""The edge's cache: what may be kept, for how long, and what a purge drops. In memory, bounded, no I/O.

As at Cloudflare ("Default cache behavior", "Cache Rules settings"), but for two things that are safer here: an answer
that sets a cookie is never kept, nor is one that varies by another header than Accept-Encoding (Cloudflare passes over
the others).
"""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

from multidict import CIMultiDict, CIMultiDictProxy

from edge.effects import mapping
from lab.cloudflare.snapshot import Purge

MAX_ENTRIES: Final = 2_000
MAX_BYTES: Final = 32 * 1024 * 1024
MAX_BODY: Final = 2 * 1024 * 1024
# "Default cache behavior" lists what is kept by its extension when no rule says otherwise.
_EXTENSION_NAMES: Final = """
    7z apk avi avif bin bmp bz2 class css csv dmg doc docx ejs eot eps exe flac gif gz ico iso jar jpeg jpg js mid midi
    mkv mp3 mp4 ogg otf pdf pict pls png ppt pptx ps rar svg svgz swf tar tif tiff ttf webm webp woff woff2 xls xlsx
    zip zst
"""
_EXTENSIONS: Final = frozenset(_EXTENSION_NAMES.split())
# Seconds, for an answer that says nothing of its own age.
_DEFAULT_TTL: Final = {200: 7200, 206: 7200, 301: 7200, 302: 1200, 303: 1200, 404: 180, 410: 180}
_DIRECTIVE: Final = re.compile(r'([A-Za-z-]+)(?:\s*=\s*(?:"([^"]*)"|([^\s,;"]+)))?')


@dataclass(frozen=True)
class Key:
    """What an answer is kept under. ``encoding`` is the Accept-Encoding, where the answer varies by it."""

    url: str
    encoding: str = ""


@dataclass
class Entry:
    """An answer that is kept. ``until`` and ``since`` are on the clock."""

    status: int
    headers: CIMultiDict[str]
    body: bytes
    since: float
    until: float
    url: str
    tags: frozenset[str]


@dataclass(frozen=True)
class Rules:
    """What cache rules say of a request: None leaves it to its extension."""

    eligible: bool | None
    edge_ttl: Mapping[str, Any]
    browser_ttl: Mapping[str, Any]
    without_query: bool
    understood: bool

    @classmethod
    def of(cls, settings: Mapping[str, Any]) -> Rules:
        """From the ``action_parameters`` of ``set_cache_settings``."""
        custom = mapping(mapping(settings.get("cache_key")).get("custom_key"))
        query = mapping(custom.get("query_string"))
        all_left_out = query.get("exclude") in ("*", {"all": True}, ["*"])
        understood = not (set(custom) - {"query_string"}) and (not query or all_left_out)
        return cls(
            settings.get("cache"),
            mapping(settings.get("edge_ttl")),
            mapping(settings.get("browser_ttl")),
            all_left_out,
            understood,
        )

    def status_without_looking(self, method: str, target: str, headers: CIMultiDictProxy[str]) -> str | None:
        """``CF-Cache-Status`` of a request that the cache has no part in, None for one that it has."""
        if self.eligible is False:
            return "BYPASS"
        path = urlsplit(target).path
        by_extension = path.rpartition("/")[2].rpartition(".")[2].lower() in _EXTENSIONS and "." in path
        if method not in ("GET", "HEAD") or not (self.eligible or (self.eligible is None and by_extension)):
            return "DYNAMIC"
        if "Range" in headers or "Authorization" in headers or not self.understood:
            return "BYPASS"
        return None

    def seconds_at_edge(self, status: int, headers: CIMultiDictProxy[str]) -> float:
        """For how long an answer may be kept; 0 for not at all."""
        if "Set-Cookie" in headers or _vary(headers) - {"accept-encoding"} or status == 206:
            return 0
        for one in self.edge_ttl.get("status_code_ttl") or ():
            if _covers(one, status):
                return max(0, float(one.get("value") or 0))
        if self.edge_ttl.get("mode") == "override_origin":
            return float(self.edge_ttl.get("default") or 0) if status in _DEFAULT_TTL else 0
        said = directives(headers)
        if {"no-store", "private", "no-cache"} & said.keys():
            return 0
        age = said.get("s-maxage") or said.get("max-age")
        if age is not None:
            return float(age) if age.isdecimal() and status in _DEFAULT_TTL else 0
        return 0 if self.edge_ttl.get("mode") == "bypass_by_default" else _DEFAULT_TTL.get(status, 0)

    def for_browser(self, headers: CIMultiDict[str]) -> None:
        """Rewrite Cache-Control for the client, where a rule says how long it may keep the answer."""
        mode = self.browser_ttl.get("mode")
        if mode == "override_origin":
            headers["Cache-Control"] = f"max-age={int(self.browser_ttl.get('default') or 0)}"
        elif mode in ("bypass", "bypass_by_default") and (mode == "bypass" or "Cache-Control" not in headers):
            headers["Cache-Control"] = "no-store"


class Cache:
    """Answers by key; the one that was longest unused goes first. A purge drops what is on its way in, too."""

    def __init__(self, clock: Callable[[], float], max_entries: int = MAX_ENTRIES, max_bytes: int = MAX_BYTES) -> None:
        self._clock = clock
        self._max_entries, self._max_bytes = max_entries, max_bytes
        self._entries: OrderedDict[Key, Entry] = OrderedDict()
        self._varying: set[str] = set()
        self._bytes = 0
        self.generation = 0

    def __len__(self) -> int:
        return len(self._entries)

    def find(self, url: str, accept_encoding: str) -> tuple[Entry | None, str]:
        """A fresh answer and ``HIT``, or None and why not: ``MISS`` or ``EXPIRED``."""
        key = self._key(url, accept_encoding)
        entry = self._entries.get(key)
        if entry is None:
            return None, "MISS"
        if entry.until <= self._clock():
            self._drop(key)
            return None, "EXPIRED"
        self._entries.move_to_end(key)
        return entry, "HIT"

    def age(self, entry: Entry) -> int:
        """Seconds that an answer has been here."""
        return int(self._clock() - entry.since)

    def keep(self, url: str, accept_encoding: str, entry: Entry, generation: int) -> None:
        """Keep an answer that was asked for at ``generation``, unless a purge came between."""
        if generation != self.generation or len(entry.body) > MAX_BODY:
            return
        if _vary(CIMultiDictProxy(entry.headers)):
            if len(self._varying) >= self._max_entries:
                self._varying.clear()
            self._varying.add(url)
        key = self._key(url, accept_encoding)
        self._drop(key)
        self._entries[key] = entry
        self._bytes += len(entry.body)
        while len(self._entries) > self._max_entries or self._bytes > self._max_bytes:
            self._drop(next(iter(self._entries)))

    def entry(self, status: int, headers: CIMultiDict[str], body: bytes, seconds: float, url: str) -> Entry:
        """An answer to keep from now on."""
        now = self._clock()
        tags = frozenset(tag.strip().lower() for tag in headers.get("Cache-Tag", "").split(",") if tag.strip())
        return Entry(status, headers, body, now, now + seconds, url, tags)

    def purge(self, purge: Purge, zone: str) -> None:
        """Drop what a purge of a zone names."""
        self.generation += 1
        for key, entry in list(self._entries.items()):
            host = urlsplit(entry.url).hostname or ""
            if (host == zone or host.endswith(f".{zone}")) and _named(purge, entry, host):
                self._drop(key)

    def _key(self, url: str, accept_encoding: str) -> Key:
        return Key(url, accept_encoding if url in self._varying else "")

    def _drop(self, key: Key) -> None:
        entry = self._entries.pop(key, None)
        self._bytes -= len(entry.body) if entry else 0


def directives(headers: CIMultiDictProxy[str]) -> dict[str, str]:
    """Cache-Control by directive in lower case (RFC 9111 section 5.2); "" for one without an argument."""
    text = ",".join(headers.getall("Cache-Control", ()))
    return {found[1].lower(): found[2] or found[3] or "" for found in _DIRECTIVE.finditer(text)}


def _vary(headers: CIMultiDictProxy[str]) -> set[str]:
    names = ",".join(headers.getall("Vary", ())).lower().split(",")
    return {name.strip() for name in names if name.strip()}


def _covers(one: Mapping[str, Any], status: int) -> bool:
    """Whether an item of ``status_code_ttl`` is about this status."""
    span = one.get("status_code_range") or {}
    if one.get("status_code") is not None:
        return bool(one["status_code"] == status)
    return bool(span) and (span.get("from") or 100) <= status <= (span.get("to") or 999)


def _named(purge: Purge, entry: Entry, host: str) -> bool:
    place = entry.url.partition("://")[2]
    return (
        purge.everything
        or host in (one.lower() for one in purge.hosts)
        or bool(entry.tags & {tag.lower() for tag in purge.tags})
        or any(_same_url(url, entry.url) for url in purge.files)
        or any(_begins(place, prefix) for prefix in purge.prefixes)
    )


def _same_url(one: str, other: str) -> bool:
    return _canonical(one) == _canonical(other)


def _canonical(url: str) -> Sequence[str]:
    parts = urlsplit(url)
    return parts.scheme.lower(), parts.netloc.lower(), parts.path or "/", parts.query


def _begins(place: str, prefix: str) -> bool:
    """A prefix ends where a part of the path does."""
    rest = place.removeprefix(prefix.rstrip("/"))
    return rest != place and (not rest or rest[0] in "/?" or "/" not in prefix)
