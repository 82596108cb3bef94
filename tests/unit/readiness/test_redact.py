"""What is secret does not get into evidence, however it is spelt."""

from __future__ import annotations

import base64
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from readiness.redact import Redactor


@given(st.text(min_size=6, max_size=40).filter(lambda text: text.strip() == text and len(text.encode()) > 6))
def test_a_known_value_is_struck_in_every_spelling(value: str) -> None:
    redactor = Redactor()
    redactor.learn(value)
    raw = value.encode()
    spellings = [value, quote(value, safe=""), base64.b64encode(raw).decode(), raw.hex()]
    struck = redactor.strike("\n".join(f"<{each}>" for each in spellings))
    assert struck.splitlines() == ["<[redacted]>"] * 4 or value not in struck


@pytest.mark.parametrize(
    ("text", "struck"),
    [
        ("Set-Cookie: __Host-session=abcdef; Path=/; Max-Age=9; Secure; HttpOnly", None),
        ("Authorization: Bearer abc.def", "Authorization: [redacted]"),
        ("authorization: Basic dXNlcjpwYXNz", "authorization: [redacted]"),
        ("postgresql://app:s3cret@10.0.0.1/app", "postgresql://[redacted]@10.0.0.1/app"),
        ("token eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl end", "token [redacted] end"),
        ("-----BEGIN EC PRIVATE KEY-----\nMHc\n-----END EC PRIVATE KEY-----", "[redacted]"),
        ("nothing to hide: id=42", "nothing to hide: id=42"),
    ],
)
def test_what_looks_like_a_secret_is_struck_whoever_s_it_is(text: str, struck: str | None) -> None:
    expected = struck or "Set-Cookie: __Host-session=[redacted]; Path=/; Max-Age=9; Secure; HttpOnly"
    assert Redactor().strike(text) == expected


def test_short_values_are_left_alone() -> None:
    redactor = Redactor()
    redactor.learn("", "a", "12345")
    assert redactor.strike("a 12345") == "a 12345"
