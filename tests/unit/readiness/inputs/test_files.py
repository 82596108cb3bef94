"""The files are what they are said to be, and small."""

from __future__ import annotations

import io
import zipfile

import pytest
from PIL import Image

from readiness.rows.inputs.files import MARK, bombs, photo, png, samples, tells


def test_a_photo_tells_until_it_is_cleaned() -> None:
    said = tells(photo())
    assert said == ["the mark of the camera", "where it was taken (GPS)", "EXIF"]
    clean = io.BytesIO()
    with Image.open(io.BytesIO(photo())) as picture:
        Image.frombytes(picture.mode, picture.size, picture.tobytes()).save(clean, "JPEG")
    assert tells(clean.getvalue()) == []


def test_a_mark_that_stays_anywhere_is_seen() -> None:
    assert tells(photo() + MARK.encode())[0] == "the mark of the camera"


@pytest.mark.parametrize("data", [b"", b"\xff\xd8\xff", b"<html>", photo()[:200]])
def test_what_is_no_picture_any_more_is_told(data: bytes) -> None:
    assert "nothing: it is no picture any more" in tells(data)


def test_pictures_are_pictures() -> None:
    with Image.open(io.BytesIO(png(8, 8))) as picture:
        picture.load()
        assert picture.size == (8, 8)
    for sample in samples():
        if sample.kind in ("image/gif", "image/png"):
            with Image.open(io.BytesIO(sample.data)) as picture:
                assert picture.format == sample.kind.rpartition("/")[2].upper()


def test_bombs_are_small_and_grow() -> None:
    big, lie, archive = bombs()
    assert len(big.data) < 64 * 1024
    assert len(lie.data) < 64 * 1024
    with zipfile.ZipFile(io.BytesIO(archive.data)) as opened:
        assert opened.infolist()[0].file_size == 64 * 1024 * 1024
    assert len(archive.data) < 128 * 1024
