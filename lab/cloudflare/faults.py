"""Faults on demand, for tests: the next requests of a kind are refused, hang, are cut short or lose their answer.

Only an API that is started with ``--faults`` has them. A test says what shall go wrong, over HTTP with the API's own
token (``PUT`` replaces all that was planned; ``GET`` shows what is left, with how often each has struck)::

    PUT /lab/faults
    [{"kind": "status", "method": "GET", "path": "/zones/*/dns_records", "status": 429, "retry_after": 1, "times": 2},
     {"kind": "lost", "method": "POST", "path": "/zones"}]

or, where the application is made in the test's own process, ``make_app(store, token, Faults([Fault(kind="lost")]))``.

The kinds:

- ``status``: nothing is done, and the answer is ``status``, with ``Retry-After: <retry_after>`` if that is given. 429
  comes as Cloudflare's API says it, in the envelope; from 500 on it is a page of HTML, as its front gives them.
- ``hang``: nothing is done and nothing is answered for ``seconds``; then the connection closes.
- ``cut``: the request is done, and its answer ends in the middle of the body.
- ``lost``: the request is done, and the connection closes before a byte of the answer.

``path`` is a pattern (:mod:`fnmatch`) for the path below ``/client/v4``, in which ``*`` takes slashes too; ``method``
is one method, or ``*``. The first ``after`` requests that fit pass, the next ``times`` are hit, and then none.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from fnmatch import fnmatchcase
from typing import Annotated, Literal

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from lab.cloudflare.envelope import failure, success
from lab.cloudflare.errors import ApiError, bad_body

PATH = "/lab/faults"
_PAGE = "<html><head><title>{status} error</title></head><body><center>cloudflare</center></body></html>"

Answer = Callable[[], Awaitable[web.StreamResponse]]


class Fault(BaseModel):
    """One fault: see above. ``struck`` counts how often it has hit."""

    model_config = ConfigDict(extra="forbid")

    kind: Literal["status", "hang", "cut", "lost"]
    method: str = "*"
    path: str = "*"
    after: Annotated[int, Field(ge=0)] = 0
    times: Annotated[int, Field(ge=1)] = 1
    status: Annotated[int, Field(ge=400, le=599)] = 500
    retry_after: Annotated[int, Field(ge=0)] | None = None
    seconds: Annotated[float, Field(gt=0, le=60)] = 5
    struck: int = 0

    def fits(self, method: str, path: str) -> bool:
        """Whether it is about a request like this one."""
        return self.method in ("*", method) and fnmatchcase(path, self.path)


_LIST = TypeAdapter(list[Fault])


class Faults:
    """What is planned, in order: of those that fit a request, the first that is not used up strikes."""

    def __init__(self, planned: Sequence[Fault] = ()) -> None:
        """Plan these; :meth:`plan` replaces them."""
        self.planned = list(planned)

    def plan(self, planned: Sequence[Fault]) -> None:
        """Replace what was planned."""
        self.planned = list(planned)

    def take(self, method: str, path: str) -> Fault | None:
        """What strikes this request, if anything does; ``path`` is below ``/client/v4``."""
        for fault in self.planned:
            if not fault.fits(method, path) or fault.struck == fault.times:
                continue
            if fault.after:
                fault.after -= 1
                continue
            fault.struck += 1
            return fault
        return None

    async def control(self, request: web.Request) -> web.Response:
        """Answer ``GET`` and ``PUT`` of :data:`PATH`. Raises :class:`ApiError` for a body that is no list of faults."""
        if request.method == "PUT":
            try:
                self.plan(_LIST.validate_json(await request.read()))
            except ValidationError as error:
                first = error.errors(include_url=False, include_context=False)[0]
                raise bad_body(f"Request body is invalid: {first['loc']}: {first['msg']}") from None
        return success([fault.model_dump() for fault in self.planned])


async def strike(fault: Fault, request: web.Request, answer: Answer) -> web.StreamResponse:
    """What the request gets in place of its answer; ``answer`` does what was asked."""
    if fault.kind == "status":
        return _refused(fault)
    if fault.kind == "hang":
        await asyncio.sleep(fault.seconds)
        return _closed(request)
    whole = await answer()
    return _closed(request) if fault.kind == "lost" else await _cut(request, whole)


def _refused(fault: Fault) -> web.Response:
    if fault.status >= 500:
        response = web.Response(status=fault.status, text=_PAGE.format(status=fault.status), content_type="text/html")
    elif fault.status == 429:
        message = (
            "More than 1200 requests per 300 seconds reached. Please wait and consider throttling your request speed"
        )
        response = failure(ApiError(429, 971, message))
    else:
        response = failure(ApiError(fault.status, 10000, "a fault that a test asked for"))
    if fault.retry_after is not None:
        response.headers["Retry-After"] = str(fault.retry_after)
    return response


def _closed(request: web.Request) -> web.Response:
    if request.transport is not None:
        request.transport.abort()
    return web.Response(status=500)


async def _cut(request: web.Request, whole: web.StreamResponse) -> web.StreamResponse:
    body = whole.body if isinstance(whole, web.Response) and isinstance(whole.body, bytes) else b""
    half = web.StreamResponse(status=whole.status, headers={"Content-Type": "application/json"})
    half.content_length = max(len(body), 2)
    await half.prepare(request)
    await half.write(body[: len(body) // 2] or b"{")
    half.force_close()
    if request.transport is not None:
        request.transport.close()
    return half
