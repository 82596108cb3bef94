"""One request's part in the cache: whether its answer is there, and whether the origin's answer goes in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from aiohttp import web
from multidict import CIMultiDict, CIMultiDictProxy

from edge.request import Request
from lab.edge.cache import MAX_BODY, Cache, Entry, Rules

# What is about one exchange alone, or about this client.
_NOT_KEPT: Final = ("Age", "Connection", "Date", "Keep-Alive", "Transfer-Encoding")


class Kept:
    """Made for a request before its origin is asked: ``entry`` is the answer if it is here."""

    def __init__(
        self,
        cache: Cache,
        method: str,
        seen: Request,
        headers: CIMultiDictProxy[str],
        settings: Mapping[str, Any],
    ) -> None:
        self._cache, self._method, self._headers = cache, method, headers
        self._rules = Rules.of(settings)
        target = seen.uri.decode("utf-8", "surrogateescape")
        self._url = f"{seen.scheme}://{seen.host}{target.partition('?')[0] if self._rules.without_query else target}"
        self._encoding = headers.get("Accept-Encoding", "")
        self._generation = cache.generation
        self.entry: Entry | None = None
        status = self._rules.status_without_looking(method, target, headers)
        self._has_part = status is None
        if status is None:
            self.entry, status = cache.find(self._url, self._encoding)
        self._status = status

    def headers(self, found: CIMultiDictProxy[str] | CIMultiDict[str]) -> CIMultiDict[str]:
        """An answer's header fields with what the cache has to say."""
        made = CIMultiDict(found)
        made["CF-Cache-Status"] = self._status
        if self.entry is not None:
            made["Age"] = str(self._cache.age(self.entry))
        if self._has_part:
            self._rules.for_browser(made)
        return made

    async def send(self, request: web.BaseRequest, entry: Entry, headers: CIMultiDict[str]) -> web.StreamResponse:
        """Answer from the cache (RFC 9110 section 13.1.2 for a client that has it already)."""
        tag = entry.headers.get("ETag")
        if tag and tag in [one.strip() for one in self._headers.get("If-None-Match", "").split(",")]:
            headers.popall("Content-Length", None)
            return web.Response(status=304, headers=headers)
        headers["Content-Length"] = str(len(entry.body))
        response = web.StreamResponse(status=entry.status, headers=headers)
        await response.prepare(request)
        if self._method != "HEAD":
            await response.write(entry.body)
        await response.write_eof()
        return response

    def begin(self, status: int, headers: CIMultiDictProxy[str]) -> Keeping:
        """Begin to keep the origin's answer, if it may be kept."""
        seconds = self._rules.seconds_at_edge(status, headers) if self._has_part and self._method == "GET" else 0
        keeping = Keeping(seconds > 0)
        if seconds > 0:
            kept = CIMultiDict((name, value) for name, value in headers.items() if name.title() not in _NOT_KEPT)
            keeping.then = lambda body: self._cache.keep(
                self._url,
                self._encoding,
                self._cache.entry(status, kept, body, seconds, self._url),
                self._generation,
            )
        return keeping


class Keeping:
    """An answer on its way through, put together if it is to be kept and not too long."""

    def __init__(self, wanted: bool) -> None:
        self._wanted = wanted
        self._chunks: list[bytes] = []
        self._size = 0
        self.then: Any = None

    def add(self, chunk: bytes) -> None:
        """The next piece."""
        self._size += len(chunk)
        if self._wanted and self._size <= MAX_BODY:
            self._chunks.append(chunk)
        else:
            self._wanted = False
            self._chunks.clear()

    def end(self) -> None:
        """It is whole."""
        if self._wanted and self.then:
            self.then(b"".join(self._chunks))
