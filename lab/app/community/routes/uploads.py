"""Files in a space: streamed in, kept in the database so that every host has them, served as attachments."""

from __future__ import annotations

import asyncio
import base64
import hashlib
from collections.abc import AsyncIterator
from tempfile import SpooledTemporaryFile
from typing import Annotated, Any, BinaryIO, cast
from urllib.parse import quote
from uuid import UUID

from fastapi import APIRouter, Query, Request, UploadFile
from fastapi.responses import StreamingResponse
from pydantic import StringConstraints

from .. import access, content
from ..content import UNKNOWN
from ..database import Connection, Pool, PoolOf
from ..document import FILES, binary
from ..problems import not_found
from ..roles import Action, Role
from ..sessions import SignedIn, User
from ..views import UploadView

MOST_BYTES = 16 * 1024 * 1024
PART_BYTES = 256 * 1024
IN_MEMORY = 1024 * 1024

router = APIRouter(prefix="/api/orgs/{org_id}/spaces/{space_id}/uploads", tags=["uploads"])

# It goes into a header, and becomes a file's name somewhere: no control character, no slash, nothing that turns the
# direction of writing round (what reads exe.png would end in gnp.exe), and not dots alone.
_NOT_IN_NAMES = r"\x00-\x1f\x7f/\\\u200e\u200f\u202a-\u202e\u2066-\u2069"
FileName = Annotated[
    str,
    StringConstraints(
        min_length=1, max_length=200, pattern=rf"^[^{_NOT_IN_NAMES}]*[^{_NOT_IN_NAMES}.][^{_NOT_IN_NAMES}]*$"
    ),
]
# Decoding a picture takes memory for each of its pixels.
_ONE_AT_A_TIME = asyncio.Semaphore(1)
_INSERT = (
    "INSERT INTO uploads (space_id, author_id, name, size, sha256, media_type) VALUES ($1, $2, $3, $4, $5, $6)"
    " RETURNING id, space_id, author_id, name, size, encode(sha256, 'hex') AS sha256, media_type, created_at"
)
_LATEST = (
    "SELECT id, space_id, author_id, name, size, encode(sha256, 'hex') AS sha256, media_type, created_at FROM uploads"
    " WHERE space_id = $1 ORDER BY created_at DESC, id DESC LIMIT 1000"
)
_ONE = (
    "SELECT id, space_id, author_id, name, size, encode(sha256, 'hex') AS sha256, media_type, created_at FROM uploads"
    " WHERE id = $1 AND space_id = $2"
)


@router.post(
    "",
    status_code=201,
    max_body_size=MOST_BYTES,
    openapi_extra={"requestBody": {"required": True, "content": binary(UNKNOWN)}},
)
async def upload(
    request: Request, org_id: UUID, space_id: UUID, name: Annotated[FileName, Query()], user: SignedIn, pool: PoolOf
) -> UploadView:
    """Store the request's body as a file, as any member may; the answer carries the SHA-256 of what is stored.

    What it is, its bytes say. A picture loses what a camera wrote into it, and is stored anew.
    """
    await _look(pool, user, org_id, space_id)
    # No connection is held while a slow client sends: the pool is small.
    with SpooledTemporaryFile(max_size=IN_MEMORY) as file:
        spooled = UploadFile(cast("BinaryIO", file))
        async for chunk in request.stream():
            await spooled.write(chunk)
        async with _ONE_AT_A_TIME:
            kind, digest, size, stored = await asyncio.to_thread(_looked_at, cast("BinaryIO", file))
        async with pool.acquire() as connection, connection.transaction():
            row = await connection.fetchrow(_INSERT, space_id, user.id, name, size, digest, kind)
            await _store_parts(connection, row["id"], UploadFile(stored))
    return UploadView(**row)


def _looked_at(file: BinaryIO) -> tuple[str, bytes, int, BinaryIO]:
    """The type, SHA-256 and size of what is to be stored, and that itself."""
    kind, stored = content.clean(file)
    digest = hashlib.sha256()
    while part := stored.read(PART_BYTES):
        digest.update(part)
    size = stored.tell()
    stored.seek(0)
    return kind, digest.digest(), size, stored


async def _store_parts(connection: Connection, upload_id: UUID, spooled: UploadFile) -> None:
    number = 0
    while part := await spooled.read(PART_BYTES):
        await connection.execute("INSERT INTO upload_parts VALUES ($1, $2, $3)", upload_id, number, part)
        number += 1


@router.get("")
async def uploads(org_id: UUID, space_id: UUID, user: SignedIn, pool: PoolOf) -> list[UploadView]:
    """A space's latest thousand files, newest first."""
    await _look(pool, user, org_id, space_id)
    return [UploadView(**row) for row in await pool.fetch(_LATEST, space_id)]


@router.get("/{upload_id}", response_class=StreamingResponse, responses={200: {"content": binary(*FILES)}})
async def download(org_id: UUID, space_id: UUID, upload_id: UUID, user: SignedIn, pool: PoolOf) -> StreamingResponse:
    """The file itself, always as an attachment, of a type that a browser would run nothing of (RFC 6266, RFC 9530)."""
    await _look(pool, user, org_id, space_id)
    row = await _upload(pool, space_id, upload_id)
    headers = {
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(row['name'], safe='')}",
        "Content-Length": str(row["size"]),
        "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; sandbox",
        "Repr-Digest": f"sha-256=:{base64.b64encode(bytes.fromhex(row['sha256'])).decode()}:",
    }
    return StreamingResponse(_parts(pool, upload_id), headers=headers, media_type=row["media_type"])


@router.delete("/{upload_id}", status_code=204)
async def delete(org_id: UUID, space_id: UUID, upload_id: UUID, user: SignedIn, pool: PoolOf) -> None:
    """Delete a file: who sent it may, and those who moderate."""
    role = await _look(pool, user, org_id, space_id)
    row = await _upload(pool, space_id, upload_id)
    if row["author_id"] != user.id:
        access.require(role, Action.MODERATE_POSTS)
    await pool.execute("DELETE FROM uploads WHERE id = $1", upload_id)


async def _look(pool: Pool, user: User, org_id: UUID, space_id: UUID) -> Role:
    """The user's role where the space is. Raises 404."""
    async with pool.acquire() as connection:
        return Role((await access.space(connection, user, org_id, space_id))["role"])


async def _upload(pool: Pool, space_id: UUID, upload_id: UUID) -> Any:
    row = await pool.fetchrow(_ONE, upload_id, space_id)
    if row is None:
        raise not_found()
    return row


async def _parts(pool: Pool, upload_id: UUID) -> AsyncIterator[bytes]:
    number = 0
    query = "SELECT content FROM upload_parts WHERE upload_id = $1 AND number = $2"
    while (part := await pool.fetchval(query, upload_id, number)) is not None:
        yield part
        number += 1
