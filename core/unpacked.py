"""What stands inside of a file that is no plain text: archives, compressed files, texts in UTF-16 and UTF-32.

All of it is read in memory and within bounds that hold for a whole look; what is beyond them, or of a kind that the
standard library cannot read, is told by name.
"""

from __future__ import annotations

import bz2
import io
import lzma
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from typing import Protocol, TypeAlias

import re2

from core.leaks import Piece

MOST_MEMBER = 16 * 1024 * 1024
"""Bytes of one file in an archive; more is only told of."""
MOST_ALL = 128 * 1024 * 1024
"""Bytes of all that is unpacked in one look."""
_MOST_MEMBERS = 20_000
_DEEPEST = 5
_MOST_STREAMS = 200
_LONGEST_NAME = 200
_BLOCK = 512
_LZMA_MEMORY = 128 * 1024 * 1024
_FEW = 7
# https://en.wikipedia.org/wiki/List_of_file_signatures
_CLOSED = {
    b"7z\xbc\xaf\x27\x1c": "7-Zip",
    b"Rar!\x1a\x07": "RAR",
    b"\x28\xb5\x2f\xfd": "Zstandard",
    b"\x04\x22\x4d\x18": "LZ4",
    b"MSCF\0\0\0\0": "Cabinet",
    b"LZIP\x01": "lzip",
    b"\x1f\x9d": "compress",
    b"!<arch>\ndebian": "a Debian package",
}
_LATIN1 = re2.Options()
_LATIN1.encoding = re2.Options.Encoding.LATIN1
# Eight characters of ASCII with zero bytes between: UTF-16 or UTF-32 of either order, with a mark before it or not.
_WIDE = re2.compile(rb"(?:[ -~]\x00){8}|(?:\x00[ -~]){8}", _LATIN1)
_WIDER = re2.compile(rb"(?:[ -~]\x00\x00\x00){8}|(?:\x00\x00\x00[ -~]){8}", _LATIN1)
_Member: TypeAlias = "tuple[str, bytes | str]"
"""A name, and what it holds or why that is not known."""


class _Stream(Protocol):
    """As :class:`bz2.BZ2Decompressor` and :class:`lzma.LZMADecompressor` have it."""

    @property
    def eof(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, max_length: int) -> bytes: ...


_STREAMS: dict[bytes, tuple[str, Callable[[], _Stream]]] = {
    b"BZh": ("bzip2", bz2.BZ2Decompressor),
    b"\xfd7zXZ\0": ("xz", lambda: lzma.LZMADecompressor(memlimit=_LZMA_MEMORY)),
    b"\x1f\x8b\x08": ("gzip", lambda: zlib.decompressobj(31)),
}
_WRONG = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error, OSError, EOFError, ValueError, RuntimeError)


class _TooMuchError(Exception):
    """A bound is reached; the text says which."""


class Unpacked:
    """Opens what it is given. ``left_out`` gets the name and the reason of what could not be looked at."""

    def __init__(self, left_out: list[str]) -> None:
        self._left_out = left_out
        self._bytes = MOST_ALL
        self._members = _MOST_MEMBERS

    def whole(self, piece: Piece, depth: int = 0) -> Iterator[Piece]:
        """``piece`` itself, and what is :meth:`inside` of it."""
        yield piece
        yield from self.inside(piece, depth)

    def inside(self, piece: Piece, depth: int = 0) -> Iterator[Piece]:
        """All that ``piece`` holds that cannot be read in it as it is; nothing for plain text."""
        yield from _wide(piece)
        members = self._members_of(piece.data)
        if members is None:
            kind = next((kind for start, kind in _CLOSED.items() if piece.data.startswith(start)), "")
            if kind:
                self._tell(piece, f"{kind} cannot be opened here")
        elif depth >= _DEEPEST:
            self._tell(piece, f"an archive in {depth} others")
        else:
            try:
                yield from self._opened(piece, members, depth)
            except _TooMuchError as error:
                self._tell(piece, str(error))
            except _WRONG as error:
                self._tell(piece, f"an archive that cannot be read: {type(error).__name__}")

    def _opened(self, piece: Piece, members: Iterator[_Member], depth: int) -> Iterator[Piece]:
        for name, data in members:
            found = Piece(piece.place, f"{piece.path}!{name[:_LONGEST_NAME]}", data if isinstance(data, bytes) else b"")
            if isinstance(data, str):
                self._tell(found, data)
            else:
                yield from self.whole(found, depth + 1)

    def _tell(self, piece: Piece, why: str) -> None:
        self._left_out.append(f"{piece.path or piece.place} ({why})")

    def _members_of(self, data: bytes) -> Iterator[_Member] | None:
        for start, (kind, opened) in _STREAMS.items():
            if data.startswith(start) and (kind != "bzip2" or data[4:10] == b"1AY&SY"):
                return self._stream(kind, opened, data)
        if data[257:262] == b"ustar":
            return self._tar(data)
        # What stands before it may be a program that unpacks it, or a picture.
        return self._zip(data) if zipfile.is_zipfile(io.BytesIO(data)) else None

    def _stream(self, kind: str, opened: Callable[[], _Stream], data: bytes) -> Iterator[_Member]:
        """Several may follow each other, and are one file (RFC 1952 §2.2)."""
        start, ended = data[:3], True
        parts: list[bytes] = []
        while ended and data.startswith(start) and len(parts) < _MOST_STREAMS:
            stream = opened()
            parts.append(stream.decompress(data, self._room(sum(len(part) for part in parts))))
            data, ended = stream.unused_data.lstrip(b"\0"), stream.eof
        yield kind, self._take(b"".join(parts))
        if not ended:
            yield kind, f"it has more than {MOST_MEMBER} bytes, or is cut off"
        elif data.startswith(start):
            yield kind, f"it has more than {_MOST_STREAMS} parts"
        elif data:
            yield f"after {kind}", data

    def _zip(self, data: bytes) -> Iterator[_Member]:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            if archive.comment:
                yield "comment", archive.comment
            for info in archive.infolist():
                yield info.filename, "encrypted" if info.flag_bits & 1 else self._of_zip(archive, info)

    def _of_zip(self, archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> bytes | str:
        """What it says of its size is not believed."""
        try:
            with archive.open(info) as member:
                return self._take(member.read(self._room(0) + 1))
        except _WRONG as error:
            return f"it cannot be read: {type(error).__name__}"

    def _tar(self, data: bytes) -> Iterator[_Member]:
        """POSIX ustar, by its headers alone: ``tarfile`` runs for ever on some that are made for it (CVE-2025-8194)."""
        at = 0
        while (header := data[at : at + _BLOCK]).strip(b"\0") and len(header) == _BLOCK:
            size = _size(header[124:136])
            start = at + _BLOCK
            if header[156:157] in (b"0", b"\0", b"7"):
                name = header[:100].partition(b"\0")[0].decode("utf-8", "replace")
                yield name, self._take(data[start : start + size])
            at = start + -(-size // _BLOCK) * _BLOCK

    def _room(self, taken: int) -> int:
        """Bytes that may still be unpacked, of a file of which ``taken`` are there."""
        return max(1, min(MOST_MEMBER, self._bytes) - taken)

    def _take(self, data: bytes) -> bytes:
        self._members -= 1
        self._bytes -= len(data)
        if len(data) > MOST_MEMBER:
            raise _TooMuchError(f"a file in it has more than {MOST_MEMBER} bytes")
        if self._bytes < 0 or self._members < 0:
            raise _TooMuchError(f"more than {MOST_ALL} bytes or {_MOST_MEMBERS} files in archives")
        return data


def _size(field: bytes) -> int:
    """Octal digits, or a number of base 256 (GNU). Raises :class:`ValueError`."""
    if field[:1] == b"\x80":
        return int.from_bytes(field[1:], "big")
    return int(field.strip(b"\0 ") or b"0", 8)


def _wide(piece: Piece) -> Iterator[Piece]:
    """The text with its zero bytes gone. It may begin at any byte, so each of the two or four is tried."""
    if b"\0" not in piece.data:
        return
    width = 4 if _WIDER.search(piece.data) else 2 if _WIDE.search(piece.data) else 0
    for start in range(width):
        text = piece.data[start::width].replace(b"\0", b"")
        if len(text) > _FEW:
            yield Piece(piece.place, piece.path, text, piece.line)
