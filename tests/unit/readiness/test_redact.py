"""What is secret does not get into evidence, however it is spelt."""

from __future__ import annotations

import base64
import html
import json
import time
from urllib.parse import quote, quote_plus

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


SECRET = "p/ä+ss \"w'ord<1>&"


@pytest.mark.parametrize(
    "spelt",
    [
        quote_plus(SECRET),
        quote(SECRET).lower(),
        quote(quote(SECRET, safe=""), safe=""),
        json.dumps(SECRET),
        json.dumps({"a": SECRET}, ensure_ascii=False),
        html.escape(SECRET),
        SECRET.encode().hex().upper(),
        base64.b64encode(b"user:" + SECRET.encode() + b"!").decode(),
        base64.b64encode(b"ann:" + SECRET.encode()).decode(),
        base64.urlsafe_b64encode(b"ab:" + SECRET.encode()).decode(),
    ],
)
def test_it_is_struck_escaped_and_in_the_middle_of_what_is_encoded(spelt: str) -> None:
    redactor = Redactor()
    redactor.learn(SECRET)
    struck = redactor.strike(f"it said {spelt} to all")
    assert struck.startswith("it said ")
    assert struck.endswith(" to all")
    assert "[redacted]" in struck
    # Of Base64, what the bytes beside it are a part of is left: two characters at either end at most say no more.
    assert len(struck) <= len("it said [redacted] to all") + 12


@pytest.mark.parametrize("cut", range(6, len(SECRET)))
@pytest.mark.parametrize("after", ["", "… (812 bytes)"])
def test_what_is_cut_in_the_middle_of_a_value_does_not_show_how_it_begins(cut: int, after: str) -> None:
    redactor = Redactor()
    redactor.learn(SECRET)
    assert redactor.strike(f"token={SECRET[:cut]}{after}") == f"token=[redacted]{after}"


@pytest.mark.parametrize(
    "text",
    [
        "Set-Cookie: " + "a" * 64_000,
        "eyJ" * 21_000,
        "://" + "a:" * 32_000,
        "Cookie: " + "a=" * 32_000,
        "eyJa." * 12_000,
    ],
    ids=["cookie", "token", "login", "cookies", "tokens"],
)
def test_a_hostile_text_takes_no_time(text: str) -> None:
    redactor = Redactor()
    redactor.learn(SECRET, *(f"secret-number-{number}" for number in range(200)))
    began = time.process_time()
    redactor.strike(text)
    assert time.process_time() - began < 1


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
