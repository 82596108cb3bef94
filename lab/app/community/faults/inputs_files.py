"""Faults of uploads: what is taken, what is left in it, and as what it comes back."""

from __future__ import annotations

import io
import mimetypes
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any, BinaryIO
from urllib.parse import parse_qs, quote, unquote, urlencode

from starlette.datastructures import MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .. import content
from ..routes import uploads
from .seeding import Fault, around, instead

ROW = "inputs"
FAULTS = (
    Fault("exif-kept", "inputs.upload-metadata", ROW, "a photo keeps where it was taken"),
    Fault("svg-inline", "inputs.upload-served", ROW, "an SVG opens in the site's own pages"),
    Fault("upload-type-by-name", "inputs.upload-type", ROW, "a file comes back with the type that its name says"),
    Fault(
        "upload-name-as-path", "inputs.upload-name", ROW, "a file's name is kept encoded, and decoded when it is had"
    ),
    Fault("bomb-breaks", "inputs.upload-bomb", ROW, "nobody expects Pillow's alarm at a picture of too many pixels"),
)


@instead("svg-inline", uploads.download)
async def _inline(honest: Callable[..., Awaitable[Response]], **given: Any) -> Response:
    response = await honest(**given)
    if _name_of(response).endswith(".svg"):
        response.headers["content-disposition"] = "inline"
        del response.headers["content-security-policy"]
        response.headers["content-type"] = "image/svg+xml"
    return response


@instead("exif-kept", content._rewritten)
def _as_it_came(_honest: Callable[..., BinaryIO], _kind: str, _picture: Any, file: BinaryIO) -> BinaryIO:
    file.seek(0)
    return io.BytesIO(file.read())


@instead("upload-type-by-name", uploads.download)
async def _by_name(honest: Callable[..., Awaitable[Response]], **given: Any) -> Response:
    response = await honest(**given)
    response.headers["content-type"] = mimetypes.guess_type(_name_of(response))[0] or "application/octet-stream"
    return response


def _name_of(response: Response) -> str:
    return unquote(response.headers["content-disposition"].rpartition("''")[2])


@instead("bomb-breaks", content._picture)
def _opened(honest: Callable[..., tuple[str, BinaryIO]], kind: str, file: BinaryIO) -> tuple[str, BinaryIO]:
    from PIL import Image, UnidentifiedImageError

    with suppress(UnidentifiedImageError):
        Image.open(file)
    file.seek(0)
    return honest(kind, file)


@around("upload-name-as-path")
async def _decoded(app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] != "http" or "/uploads" not in scope["path"]:
        await app(scope, receive, send)
        return
    names = parse_qs(scope["query_string"].decode()).get("name")
    query = urlencode({"name": quote(names[0], safe=" ")}).encode() if names else scope["query_string"]

    async def saved(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            if said := headers.get("content-disposition"):
                headers["content-disposition"] = said.replace("%25", "%")
        await send(message)

    await app({**scope, "query_string": query}, receive, saved)
