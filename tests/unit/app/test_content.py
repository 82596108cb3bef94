"""What a file is by its bytes, and what is left in a picture."""

from __future__ import annotations

import io
import struct
import zlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, PngImagePlugin

from lab.app.community.content import TEXT, UNKNOWN, clean
from lab.app.community.problems import Problem

CANARY = b"GPS-canary-52.5200"


def _drawn(format_: str, **more: Any) -> bytes:
    out = io.BytesIO()
    picture = Image.new("RGB", (40, 20), "navy")
    picture.putpixel((0, 0), (255, 255, 255))
    picture.save(out, format_, **more)
    return out.getvalue()


def _exif(turn: int = 1) -> Image.Exif:
    exif = Image.Exif()
    exif[0x0112] = turn
    exif[0x010E] = CANARY.decode()
    return exif


def _told() -> PngImagePlugin.PngInfo:
    told = PngImagePlugin.PngInfo()
    told.add_text("Comment", CANARY.decode())
    return told


def _stored(data: bytes) -> tuple[str, bytes]:
    kind, file = clean(io.BytesIO(data))
    return kind, file.read()


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        ("image/jpeg", _drawn("JPEG", exif=_exif(), comment=CANARY, xmp=CANARY)),
        ("image/png", _drawn("PNG", exif=_exif(), pnginfo=_told())),
        ("image/webp", _drawn("WEBP", exif=_exif(), xmp=CANARY)),
        ("image/gif", _drawn("GIF", comment=CANARY)),
    ],
)
def test_a_picture_loses_what_was_written_into_it_and_behind_it(kind: str, data: bytes) -> None:
    assert CANARY in data
    found, stored = _stored(data + b"<script>" + CANARY)
    assert (found, CANARY in stored, b"<script>" in stored) == (kind, False, False)
    with Image.open(io.BytesIO(stored)) as picture:
        assert picture.size == (40, 20)
        assert not picture.getexif()
        red, green, blue = picture.convert("RGB").getpixel((20, 10))  # type: ignore[misc]
        assert red < 20
        assert green < 20
        assert abs(blue - 128) < 20


def test_a_turned_picture_stays_turned_without_its_exif() -> None:
    _, stored = _stored(_drawn("JPEG", exif=_exif(turn=6)))
    with Image.open(io.BytesIO(stored)) as picture:
        assert picture.size == (20, 40)


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"", TEXT),
        (b"a,b\n1,2\n", TEXT),
        ("Grüße".encode(), TEXT),
        (b"x" * 70_000 + b"<ScRiPt>", UNKNOWN),
        (b"y" * 65_530 + b"<script>", UNKNOWN),
        (b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", UNKNOWN),
        (b"\xef\xbb\xbf<!DOCTYPE html>", UNKNOWN),
        (b"GIF89a/*<script>*/=alert(1)", UNKNOWN),
        (b"\xff\xd8\xff<html>", UNKNOWN),
        (b"\x89PNG\r\n\x1a\n" + b"\0" * 40, UNKNOWN),
        (b"RIFF\xff\xff\xff\xffWEBPVP8X", UNKNOWN),
        (b"%PDF-1.7\n", "application/pdf"),
        (b"PK\x03\x04rest", "application/zip"),
        (b"MZ\x90\0", UNKNOWN),
        (b"text\0", UNKNOWN),
        (b"caf\xe9", UNKNOWN),
    ],
)
def test_a_file_is_what_its_bytes_are(data: bytes, kind: str) -> None:
    assert _stored(data) == (kind, data)


@given(
    st.binary(max_size=400), st.sampled_from([b"", b"GIF89a", b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"RIFF1234WEBP"])
)
def test_whatever_comes_is_stored_or_refused(data: bytes, head: bytes) -> None:
    kind, stored = _stored(head + data)
    assert kind.startswith("image/") or stored == head + data


def test_a_picture_of_too_many_pixels_is_refused_before_it_is_decoded() -> None:
    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    for side in (8_000, 20_000):
        header = chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0))
        bomb = b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(b"\0" * 1000)) + chunk(b"IEND", b"")
        with pytest.raises(Problem, match="50 megapixels"):
            clean(io.BytesIO(bomb))
