"""Whatever a file holds, opening it ends, stays within its bounds, and says what it left out."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import random
import tarfile
import time
import zipfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.leaks import Piece
from core.unpacked import MOST_ALL, MOST_MEMBER, Unpacked


def _opened(data: bytes) -> tuple[list[Piece], list[str]]:
    left_out: list[str] = []
    return list(Unpacked(left_out).inside(Piece("tree", "a.data", data, 1))), left_out


def _zip(files: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", method) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
        archive.comment = b"of the archive"
    return held.getvalue()


def _tar(files: dict[str, bytes]) -> bytes:
    held = io.BytesIO()
    with tarfile.open(fileobj=held, mode="w") as archive:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return held.getvalue()


_FILES = {"a/b.txt": b"one\n", "c.txt": b"two" * 1000}


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_every_file_of_a_zip_comes_with_its_name(method: int) -> None:
    found, left_out = _opened(_zip(_FILES, method))
    assert {piece.path.removeprefix("a.data!"): piece.data for piece in found} == {
        **_FILES,
        "comment": b"of the archive",
    }
    assert not left_out


def test_every_file_of_a_tar_comes_with_its_name() -> None:
    long = {"d/" * 60 + "long.txt": b"x", **_FILES}
    found, left_out = _opened(_tar(long))
    assert [piece.data for piece in found] == list(long.values())
    assert [piece.path for piece in found][1:] == ["a.data!a/b.txt", "a.data!c.txt"]
    assert not left_out


def test_plain_text_has_nothing_inside() -> None:
    assert _opened(b"print('PK')\n" * 1000) == ([], [])


@pytest.mark.parametrize("text", ["token = 'x'\nlast\n", "ключ: 12345678\n"])
@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be"])
def test_the_ascii_of_a_wide_text_keeps_its_lines(text: str, encoding: str) -> None:
    ascii_only = "".join(character for character in text if character.isascii()).strip()
    found, _ = _opened(text.encode(encoding))
    assert any(ascii_only.encode() in piece.data and piece.line == 1 for piece in found)


BOMBS = {
    "one long file": lambda: gzip.compress(bytes(MOST_MEMBER * 3)),
    "many long files": lambda: _zip({str(number): bytes(MOST_MEMBER - 1) for number in range(9)}),
    "very many files": lambda: _zip(dict.fromkeys(map(str, range(25_000)), b"")),
    "many streams": lambda: gzip.compress(b"") * 100_000,
    "bzip2 of bzip2": lambda: bz2.compress(bz2.compress(bytes(MOST_MEMBER * 3))),
    "xz": lambda: lzma.compress(bytes(MOST_MEMBER * 3)),
}


@pytest.mark.parametrize("kind", BOMBS)
def test_a_bomb_is_told_and_does_not_go_off(kind: str) -> None:
    data = BOMBS[kind]()
    began = time.process_time()
    found, left_out = _opened(data)
    assert left_out
    assert sum(len(piece.data) for piece in found) <= MOST_ALL + MOST_MEMBER
    assert time.process_time() - began < 20


def test_a_file_that_says_less_of_its_size_than_it_has_is_bounded() -> None:
    data = bytearray(_zip({"a": bytes(MOST_MEMBER * 2)}))
    at = data.index(b"PK\x01\x02") + 24
    data[at : at + 4] = (10).to_bytes(4, "little")
    found, left_out = _opened(bytes(data))
    assert all(len(piece.data) <= MOST_MEMBER for piece in found)
    assert left_out


_WHOLE = (_zip(_FILES), _tar(_FILES), gzip.compress(_tar(_FILES)), bz2.compress(b"x" * 99), lzma.compress(b"x" * 99))


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(_WHOLE), st.randoms(use_true_random=False), st.integers(0, 12))
def test_no_damage_raises_anything(data: bytes, chance: random.Random, times: int) -> None:
    damaged = bytearray(data)
    for _ in range(times):
        damaged[chance.randrange(len(damaged))] = chance.randrange(256)
    _opened(bytes(damaged[: chance.randint(0, len(damaged))]) if times % 2 else bytes(damaged))


@settings(max_examples=200, deadline=None)
@given(
    st.sampled_from([b"PK\x03\x04", b"\x1f\x8b\x08", b"BZh9", b"\xfd7zXZ\0", b"", b"\0" * 257 + b"ustar"]), st.binary()
)
def test_no_bytes_raise_anything(start: bytes, rest: bytes) -> None:
    _opened(start + rest)
