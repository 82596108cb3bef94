"""Who refused, and what they said of when to come back."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.site import Reply
from readiness.rows.limits.answers import Layer, layer, refused, retry_after

NOW = datetime(2026, 11, 30, 12, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("60", 60.0),
        (" 7 ", 7.0),
        ("Mon, 30 Nov 2026 12:01:00 GMT", 60.0),
        ("", None),
        ("-1", None),
        ("1.5", None),
        ("٣", None),
        ("soon", None),
        ("Mon, 99 Foo", None),
    ],
)
def test_when_to_come_back(text: str, seconds: float | None) -> None:
    assert retry_after(Reply(429, (("retry-after", text),)), NOW) == seconds


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=80))
def test_whatever_it_says_is_read_without_an_error(text: str) -> None:
    retry_after(Reply(429, (("Retry-After", text),)), NOW)


@pytest.mark.parametrize(
    ("reply", "who", "is_refusal"),
    [
        (Reply(429, (("Server", "cloudflare"), ("CF-Ray", "1"))), Layer.EDGE, True),
        (Reply(429, (("CF-Ray", "1"), ("X-Release", "1.0.0"))), Layer.APP, True),
        (Reply(403, (("cf-mitigated", "challenge"),)), Layer.EDGE, True),
        (Reply(403, (("X-Release", "1.0.0"),)), Layer.APP, False),
        (Reply(0, reason="no answer"), Layer.EDGE, False),
    ],
)
def test_who_answered(reply: Reply, who: Layer, is_refusal: bool) -> None:
    assert (layer(reply), refused(reply)) == (who, is_refusal)
