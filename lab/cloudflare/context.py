"""What a handler takes from a request: the store, the zone in its path, the JSON in its body."""

from __future__ import annotations

import json
from contextlib import AbstractContextManager
from typing import Any, NoReturn

from aiohttp import web

from lab.cloudflare.errors import ApiError, bad_body
from lab.cloudflare.monitoring.watch import Watch
from lab.cloudflare.store import Json, Store
from lab.pki import Pki

STORE: web.AppKey[Store] = web.AppKey("store", Store)
WATCH: web.AppKey[Watch] = web.AppKey("watch", Watch)
PKI: web.AppKey[Pki] = web.AppKey("pki", Pki)

ID = "[0-9a-f]{32}"
ZONE = f"/zones/{{zone_id:{ID}}}"
ACCOUNT = f"/accounts/{{account_id:{ID}}}"

MAX_BODY = 2 * 1024 * 1024
MAX_DEPTH = 32


def state_of(request: web.Request) -> Json:
    """The state, to be read."""
    return request.app[STORE].state


def changing(request: web.Request) -> AbstractContextManager[Json]:
    """The state, to be changed: see :meth:`Store.change`."""
    return request.app[STORE].change()


def watch_of(request: web.Request) -> Watch:
    """What probes the health checks, and tells of them."""
    return request.app[WATCH]


def zone_in(state: Json, request: web.Request) -> Json:
    """The zone of the path. Raises :class:`ApiError` if there is none."""
    return found(state["zones"], request.match_info["zone_id"], ApiError(404, 1001, "Invalid zone identifier"))


def check_account(state: Json, account_id: str) -> None:
    """Raise :class:`ApiError` if the account of the path is not the token's: Cloudflare says 403, not 404."""
    found(state["accounts"], account_id, ApiError(403, 10000, "Authentication error"))


def found(items: list[Json], identifier: str, otherwise: ApiError) -> Json:
    """The item with this ``id``; raises ``otherwise`` if there is none."""
    for item in items:
        if item["id"] == identifier:
            return item
    raise otherwise


async def json_object(request: web.Request) -> Json:
    """The body, which must be a JSON object. Raises :class:`ApiError`."""
    body = await json_body(request)
    if not isinstance(body, dict):
        raise bad_body("Request body is invalid: it must be a JSON object.")
    return body


async def json_list(request: web.Request) -> list[Json]:
    """The body, which must be a JSON array of objects. Raises :class:`ApiError`."""
    body = await json_body(request)
    if not isinstance(body, list) or not all(isinstance(item, dict) for item in body):
        raise bad_body("Request body is invalid: it must be a JSON array of objects.")
    return body


async def json_body(request: web.Request) -> Any:
    """The body as JSON. Raises :class:`ApiError` for anything else, and for another content type."""
    if request.content_type != "application/json":
        raise bad_body("Failed to parse request body, content-type must be application/json")
    return parse_json(await request.read())


def parse_json(data: bytes) -> Any:
    """``data`` as JSON (RFC 8259) that every reader of the state file can read. Raises :class:`ApiError`.

    Refused though Python takes it: NaN, a number beyond a float, half of a surrogate pair, a depth over ``MAX_DEPTH``.
    """
    try:
        value = json.loads(data, parse_constant=_refuse)
        json.dumps(value, allow_nan=False, ensure_ascii=False).encode()
        _check_depth(value, MAX_DEPTH)
    except (ValueError, RecursionError):
        raise bad_body("Request body is invalid: it is not JSON.") from None
    return value


def _check_depth(value: Any, left: int) -> None:
    if left == 0:
        raise ValueError("too deep")
    if isinstance(value, (dict, list)):
        for item in value.values() if isinstance(value, dict) else value:
            _check_depth(item, left - 1)


def _refuse(constant: str) -> NoReturn:
    raise ValueError(constant)


def whole(value: Any) -> int | None:
    """``value`` as an integer if it is a whole JSON number (``300`` or ``300.0``), else None."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None
