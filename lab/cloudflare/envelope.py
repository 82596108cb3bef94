"""The envelope around every answer, and pages of lists.

Source: https://developers.cloudflare.com/fundamentals/api/how-to/make-api-calls/
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

from aiohttp import web

from lab.cloudflare.errors import ApiError


def success(result: Any, info: Mapping[str, Any] | None = None, messages: Sequence[Any] = ()) -> web.Response:
    """The answer 200 with ``result``; ``info`` is ``result_info`` and is left out when there is none."""
    body: dict[str, Any] = {"result": result, "success": True, "errors": [], "messages": list(messages)}
    if info is not None:
        body["result_info"] = dict(info)
    return _json(200, body)


def failure(error: ApiError) -> web.Response:
    """The answer that says why not."""
    body = {"result": None, "success": False, "errors": error.entries(), "messages": []}
    return _json(error.status, body)


def page(query: Mapping[str, str], items: Sequence[Any], default: int, most: int) -> web.Response:
    """One page of ``items``. ``per_page`` is held between 1 and ``most``; raises :class:`ApiError` for a bad number."""
    per_page = max(1, min(_number(query, "per_page", default), most))
    number = max(1, _number(query, "page", 1))
    start = (number - 1) * per_page
    chosen = list(items[start : start + per_page])
    info = {
        "page": number,
        "per_page": per_page,
        "count": len(chosen),
        "total_count": len(items),
        "total_pages": math.ceil(len(items) / per_page),
    }
    return success(chosen, info)


def _number(query: Mapping[str, str], name: str, default: int) -> int:
    text = query.get(name, str(default))
    if not (text.isascii() and text.isdecimal() and len(text) < 10):
        raise ApiError(400, 1004, f"Invalid {name}: it must be a whole number")
    return int(text)


def _json(status: int, body: Mapping[str, Any]) -> web.Response:
    return web.Response(status=status, text=json.dumps(body), content_type="application/json")
