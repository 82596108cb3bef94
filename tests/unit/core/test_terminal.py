"""Text from elsewhere is shown on a terminal, never obeyed."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.terminal import clean


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain Text 1.0", "plain Text 1.0"),
        ("größer 日本 🎉", "größer 日本 🎉"),
        ("\x1b[2J\x1b]0;title\x07", "\\x1b[2J\\x1b]0;title\\x07"),
        ("two\nlines\r\tand a tab", "two\\x0alines\\x0d\\x09and a tab"),
        ("\x9b31m", "\\x9b31m"),
        ("\u202eevil\u2066", "\\u202eevil\\u2066"),
        ("\ud800", "\\ud800"),
        ("\U000e0001", "\\U000e0001"),
        ("line\u2028separator", "line\\u2028separator"),
        ("", ""),
    ],
)
def test_what_a_terminal_would_obey_is_written_out(text: str, shown: str) -> None:
    assert clean(text) == shown


@given(st.text(st.characters()))
def test_nothing_unseen_is_left(text: str) -> None:
    cleaned = clean(text)
    assert {unicodedata.category(character) for character in cleaned}.isdisjoint(
        {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
    )
    assert clean(cleaned) == cleaned
    assert len(cleaned.splitlines()) <= 1
