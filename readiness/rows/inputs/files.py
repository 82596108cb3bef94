"""Files that are not what they seem, made here byte by byte or by Pillow. Pure."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from dataclasses import dataclass, field

MARK = "lr-camera-7316"
_GIF = b"GIF89a\x01\x00\x01\x00\x80\x00\x00\xff\xff\xff\x00\x00\x00!\xf9\x04\x00\x00\x00\x00\x00,\x00\x00\x00\x00\x01"
_GIF += b"\x00\x01\x00\x00\x02\x02D\x01\x00;"
_PAGE = b"<!DOCTYPE html><html><body><img src=x data-lr=upload onerror=alert(1)><script>alert(1)</script></body></html>"


@dataclass(frozen=True)
class Sample:
    """A file: ``kind`` is what its content is, ``name`` and ``says`` what the sender calls it. ``active``: a browser
    that opened it in the platform's pages would run it.
    """

    what: str
    name: str
    says: str
    kind: str
    data: bytes = field(repr=False)
    active: bool = True


def samples() -> list[Sample]:
    """What is uploaded to see how it comes back."""
    svg = b'<svg xmlns="http://www.w3.org/2000/svg" data-lr="upload" onload="alert(1)"><script>alert(1)</script></svg>'
    return [
        Sample("an SVG with script", "logo.svg", "image/svg+xml", "image/svg+xml", svg),
        Sample("an SVG called a PNG", "logo.png", "image/png", "image/svg+xml", svg),
        Sample("a page", "page.html", "text/html", "text/html", _PAGE),
        Sample("a page called a PNG", "photo.png", "image/png", "text/html", _PAGE),
        Sample("a picture called a page", "photo.html", "text/html", "image/gif", _GIF, active=False),
        Sample(
            "a GIF that is JavaScript", "poly.gif", "image/gif", "image/gif", b"GIF89a/*" + _GIF[8:] + b"*/=1;alert(1)"
        ),
        Sample("a PNG that is a page", "poly.png", "image/png", "image/png", png(1, 1) + _PAGE),
        Sample("a PDF with script", "paper.pdf", "application/pdf", "application/pdf", _pdf()),
        Sample("JavaScript", "code.js", "text/javascript", "text/javascript", b"alert(document.domain)"),
        Sample("XML with a stylesheet", "feed.xml", "text/xml", "text/xml", b'<?xml version="1.0"?>' + svg),
    ]


def bombs() -> list[Sample]:
    """Small files that grow: pictures of 256 megapixels and more, and an archive of 64 MiB with a path in it."""
    return [
        Sample("a PNG of 16000 by 16000", "big.png", "image/png", "image/png", png(16_000, 16_000), active=False),
        Sample("a PNG that says 65000 by 65000", "lie.png", "image/png", "image/png", png(65_000, 65_000, rows=1)),
        Sample("a zip that unpacks to 64 MiB", "bomb.zip", "application/zip", "application/zip", _zip(), active=False),
    ]


def png(width: int, height: int, rows: int | None = None) -> bytes:
    """A black picture of one bit a pixel; with only so many ``rows`` of what it says that it has."""
    line = b"\x00" * (1 + (width + 7) // 8)
    packer = zlib.compressobj(9)
    data = b"".join([*(packer.compress(line) for _ in range(height if rows is None else rows)), packer.flush()])
    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    chunks = (_chunk(b"IHDR", header), _chunk(b"IDAT", data), _chunk(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def photo() -> bytes:
    """A JPEG of 64 by 64 that says where, when and with what it was taken (EXIF 2.32), by :data:`MARK`."""
    from PIL import Image

    exif = Image.Exif()
    exif[0x010E] = f"{MARK} description"
    exif[0x0110] = MARK
    exif[0x8769] = {0x9003: "2026:11:30 12:00:00", 0xA431: f"{MARK} serial"}
    exif[0x8825] = {1: "N", 2: (52.0, 22.0, 12.0), 3: "E", 4: (4.0, 53.0, 42.0)}
    out = io.BytesIO()
    Image.new("RGB", (64, 64), (200, 80, 40)).save(out, "JPEG", exif=exif, comment=f"{MARK} comment".encode())
    return out.getvalue()


def tells(data: bytes) -> list[str]:
    """What a picture still says that it should not: of :func:`photo`'s marks, its GPS block, any EXIF at all."""
    from PIL import Image, UnidentifiedImageError

    said = ["the mark of the camera"] if MARK.encode() in data else []
    try:
        with Image.open(io.BytesIO(data)) as picture:
            exif = picture.getexif()
            said += ["where it was taken (GPS)"] if exif.get_ifd(0x8825) else []
            said += ["EXIF"] if len(exif) else []
            picture.load()
    except (UnidentifiedImageError, OSError, ValueError):
        said.append("nothing: it is no picture any more")
    return said


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _zip() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        with archive.open("zeros", "w") as entry:
            for _ in range(64):
                entry.write(b"\x00" * 1024 * 1024)
        archive.writestr("../../../../etc/cron.d/lr", "")
    return out.getvalue()


def _pdf() -> bytes:
    script = b"<< /Type /Catalog /OpenAction << /S /JavaScript /JS (app.alert(1)) >> >>"
    return b"%PDF-1.4\n1 0 obj\n" + script + b"\nendobj\ntrailer << /Root 1 0 R >>\n%%EOF\n"
