"""What an uploaded file is, by its bytes and never by its name; and pictures without what a camera wrote into them."""

from __future__ import annotations

import codecs
import io
import struct
from typing import TYPE_CHECKING, BinaryIO

from .problems import Problem

if TYPE_CHECKING:
    from PIL.Image import Image

MOST_PIXELS = 50_000_000
UNKNOWN = "application/octet-stream"
TEXT = "text/plain; charset=utf-8"
_HEAD = 16
_PICTURES = {"image/png": "PNG", "image/jpeg": "JPEG", "image/gif": "GIF", "image/webp": "WEBP"}
_SIGNATURES = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"%PDF-", "application/pdf"),
    (b"PK\x03\x04", "application/zip"),
    (b"PK\x05\x06", "application/zip"),
)
# WHATWG MIME Sniffing, section 7.1: what a browser would take for markup, wherever in the file it stands here.
_MARKUP = (
    b"<!doctype",
    b"<html",
    b"<head",
    b"<body",
    b"<script",
    b"<iframe",
    b"<svg",
    b"<?xml",
    b"<a ",
    b"<img",
    b"<!--",
)
_CONTROLS = bytes(set(range(32)) - set(b"\t\n\r\f\x1b")) + b"\x7f"
_BLOCK = 64 * 1024


def clean(file: BinaryIO) -> tuple[str, BinaryIO]:
    """The media type of ``file``, and what is to be stored: ``file`` itself, or for a picture one without metadata.

    What is of no known type, or only begins like one, is :data:`UNKNOWN`. Raises 422 for a picture that is too large.
    """
    file.seek(0)
    kind = _kind(file.read(_HEAD))
    file.seek(0)
    if kind in _PICTURES:
        return _picture(kind, file)
    if kind == UNKNOWN and _is_text(file):
        kind = TEXT
    file.seek(0)
    return kind, file


def _kind(head: bytes) -> str:
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "image/webp"
    return next((kind for signature, kind in _SIGNATURES if head.startswith(signature)), UNKNOWN)


def _is_text(file: BinaryIO) -> bool:
    """Whether it is all UTF-8 without control characters, and nothing in it looks like markup."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    tail = b""
    try:
        while block := file.read(_BLOCK):
            decoder.decode(block)
            seen = (tail + block).lower()
            if any(mark in seen for mark in _MARKUP) or block.translate(None, _CONTROLS) != block:
                return False
            tail = block[-_HEAD:]
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _picture(kind: str, file: BinaryIO) -> tuple[str, BinaryIO]:
    # Loaded with the first picture: the app starts without it.
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(file, formats=[_PICTURES[kind], *(["MPO"] if kind == "image/jpeg" else [])]) as picture:
            if picture.width * picture.height * getattr(picture, "n_frames", 1) > MOST_PIXELS:
                raise Problem(
                    422, f"A picture can have {MOST_PIXELS // 10**6} megapixels at most, all frames together."
                )
            made = _rewritten(kind, picture, file)
    except Image.DecompressionBombError:
        raise Problem(422, f"A picture can have {MOST_PIXELS // 10**6} megapixels at most.") from None
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, EOFError, IndexError, struct.error, KeyError):
        # It begins as a picture does, and is none.
        file.seek(0)
        return UNKNOWN, file
    made.seek(0)
    return kind, made


def _rewritten(kind: str, picture: Image, file: BinaryIO) -> BinaryIO:
    """The picture anew: no EXIF, no XMP, no comment, nothing after its end. It stays turned as its EXIF had it."""
    from PIL import ImageOps

    made = io.BytesIO()
    profile = picture.info.get("icc_profile")
    if kind == "image/webp":
        picture.load()
        file.seek(0)
        made.write(_webp(file.read()))
    elif kind == "image/gif":
        picture.save(made, "GIF", save_all=True, comment=b"")
    elif kind == "image/png":
        picture.save(made, "PNG", save_all=getattr(picture, "n_frames", 1) > 1, icc_profile=profile)
    elif picture.format == "JPEG" and picture.getexif().get(0x0112, 1) == 1:
        picture.save(made, "JPEG", quality="keep", icc_profile=profile, comment=b"")
    else:
        ImageOps.exif_transpose(picture).save(made, "JPEG", quality=92, icc_profile=profile, comment=b"")
    return made


def _webp(data: bytes) -> bytes:
    """Without the chunks of metadata (WebP container specification), pixels as they were."""
    end, at, kept = 8 + int.from_bytes(data[4:8], "little"), 12, []
    while at + 8 <= min(end, len(data)):
        name, size = data[at : at + 4], int.from_bytes(data[at + 4 : at + 8], "little")
        chunk = data[at : at + 8 + size + size % 2]
        if name == b"VP8X":
            chunk = chunk[:8] + bytes([chunk[8] & ~0b1100]) + chunk[9:]
        if name not in (b"EXIF", b"XMP "):
            kept.append(chunk)
        at += 8 + size + size % 2
    body = b"WEBP" + b"".join(kept)
    return b"RIFF" + len(body).to_bytes(4, "little") + body
