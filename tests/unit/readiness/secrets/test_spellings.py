"""A value is found however it is spelt, and nothing is found that is not there."""

from __future__ import annotations

import base64
import json
import time
from urllib.parse import quote, quote_plus

from hypothesis import given, settings
from hypothesis import strategies as st

from core.leaks import Piece
from core.secret import Secret
from readiness.rows.secrets.spellings import Spotter

_PRINTABLE = st.text(
    st.characters(min_codepoint=33, max_codepoint=0x2FF, exclude_categories=("Cs", "Cc", "Zs")), min_size=16
)
_BYTES = st.binary(max_size=40)


def _spots(value: str, data: bytes) -> list[str]:
    spotter = Spotter({"key": Secret(value)})
    spotter.look(Piece("here", "file", data))
    return [spot.spelling for spot in spotter.spots]


@given(_PRINTABLE, _BYTES, _BYTES, st.sampled_from(["std", "url", "lines"]))
def test_base64_is_found_at_every_offset_and_broken_over_lines(
    value: str, before: bytes, after: bytes, how: str
) -> None:
    raw = before + value.encode() + after
    encode = {"std": base64.b64encode, "url": base64.urlsafe_b64encode, "lines": base64.encodebytes}[how]
    assert _spots(value, b"x = '" + encode(raw) + b"'\n")


@given(_PRINTABLE, st.sampled_from([quote, quote_plus, json.dumps, lambda value: value[::-1], str]))
def test_text_encodings_are_found(value: str, encode: object) -> None:
    bare = value.translate(str.maketrans("", "", " \t\r\n\"'\\+"))
    if len(bare.encode()) >= 8:
        assert _spots(value, f"a {encode(value)} b".encode())  # type: ignore[operator]


@given(_PRINTABLE)
def test_hex_is_found(value: str) -> None:
    assert _spots(value, b"0x" + value.encode().hex().encode())
    assert _spots(value, value.encode().hex().upper().encode())


@settings(max_examples=50)
@given(st.binary(max_size=2000))
def test_nothing_is_found_in_other_bytes(data: bytes) -> None:
    assert _spots("k3Rf9-pQx_7Lm2Vb8w-Zt04", data) == []


def test_a_private_key_is_found_by_its_body_however_it_is_wrapped() -> None:
    body = base64.b64encode(bytes(range(256)) * 3).decode()
    lines = [body[at : at + 64] for at in range(0, len(body), 64)]
    begin, end = (f"-----{word} PRIVATE KEY-----" for word in ("BEGIN", "END"))
    key = "\n".join([begin, *lines, end, ""])
    assert _spots(key, key.replace("\n", "\\n").encode())
    assert _spots(key, key.replace("\n", "\r\n    ").encode())
    assert not _spots(key, f"{begin}\nMIIB\n{end}\n".encode())


def test_what_is_too_short_is_named_and_not_looked_for() -> None:
    spotter = Spotter({"pin": Secret("1234"), "key": Secret("long-enough-value")})
    spotter.look(Piece("here", "file", b"1234"))
    assert (spotter.short, spotter.names, spotter.spots) == (["pin"], ["key"], [])


def test_a_file_full_of_half_values_takes_no_time() -> None:
    value = "abcdefghij" * 6
    spotter = Spotter({"key": Secret(value + "END-of-the-value-0123456789")})
    began = time.monotonic()
    spotter.look(Piece("here", "file", b"abcdefghij" * 400_000))
    assert time.monotonic() - began < 5
    assert not spotter.spots
