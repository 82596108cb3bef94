"""Cookies and mails, read as they come, hostile ones too."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.site import Reply
from readiness.rows.auth.reading import belongs, cookies_of, in_words, link_in, session_of, stated_lifetime

NOW = datetime(2026, 11, 30, 20, 0, tzinfo=UTC)


def _set(*lines: str) -> Reply:
    return Reply(200, tuple(("set-cookie", line) for line in lines))


def test_attributes_are_found_whatever_their_case() -> None:
    (cookie,) = cookies_of(_set("__Host-session=abc; PATH=/;secure ; HttpOnly; SameSite=Lax"))
    assert (cookie.name, cookie.value) == ("__Host-session", "abc")
    assert cookie.attributes == {"path": "/", "secure": "", "httponly": "", "samesite": "Lax"}


@pytest.mark.parametrize(
    ("line", "lasts"),
    [
        ("a=b", None),
        ("a=b; Max-Age=60", timedelta(minutes=1)),
        ("a=b; Max-Age=-5", timedelta(0)),
        ("a=b; Max-Age=soon", None),
        ("a=b; Max-Age=60; Expires=Wed, 30 Dec 2026 20:00:00 GMT", timedelta(minutes=1)),
        ("a=b; Expires=Wed, 30 Dec 2026 20:00:00 GMT", timedelta(days=30)),
        ("a=b; Expires=Thu, 01 Jan 1970 00:00:00 GMT", timedelta(0)),
        ("a=b; Expires=never", None),
    ],
)
def test_how_long_a_cookie_lasts(line: str, lasts: timedelta | None) -> None:
    assert cookies_of(_set(line))[0].lasts(NOW) == lasts


@given(st.lists(st.text(max_size=80), max_size=5))
def test_any_cookie_is_read(lines: list[str]) -> None:
    for cookie in cookies_of(_set(*lines)):
        assert cookie.name
        cookie.lasts(NOW)


@given(st.integers(0, 10**40))
def test_any_age_is_read(age: int) -> None:
    assert cookies_of(_set(f"a=b; Max-Age={age}"))[0].lasts(NOW) is not None


@pytest.mark.parametrize(
    ("lines", "name"),
    [
        (["theme=dark", "__Host-session=x"], "__Host-session"),
        (["theme=dark", "sid=x"], "sid"),
        (["theme=dark"], "theme"),
        (["__Host-session=; Max-Age=0", "auth=x"], "auth"),
    ],
)
def test_the_session_is_the_cookie_that_is_called_so_or_the_most_likely_one(lines: list[str], name: str) -> None:
    cookie = session_of(cookies_of(_set(*lines)), "__Host-session")
    assert cookie is not None
    assert cookie.name == name


def test_without_a_cookie_there_is_no_session() -> None:
    assert session_of(cookies_of(_set("sid=; Max-Age=0")), "sid") is None


@pytest.mark.parametrize(
    ("text", "lasts"),
    [
        ("The link works for 30 minutes.", timedelta(minutes=30)),
        ("It expires in 24 hours, and 2 days later all is gone.", timedelta(hours=24)),
        ("Valid for one hour.", timedelta(hours=1)),
        ("within a day", timedelta(days=1)),
        ("valid 24h", timedelta(days=1)),
        ("Use it soon.", None),
        ("https://app.community.test/reset?token=30-minutes", None),
        ("30 minutemen", None),
        ("99999999999999 minutes", None),
    ],
)
def test_what_a_mail_says_of_its_link(text: str, lasts: timedelta | None) -> None:
    assert stated_lifetime(text) == lasts


@given(st.text())
def test_any_mail_is_read(text: str) -> None:
    stated_lifetime(text)
    assert link_in(text, "no such token in any text") == ""


def test_the_link_with_the_token_is_the_one() -> None:
    text = "See https://community.test/help or go to https://app.community.test/reset?token=abc. Bye"
    assert link_in(text, "abc") == "https://app.community.test/reset?token=abc"


@pytest.mark.parametrize(
    ("link", "own"),
    [
        ("https://app.community.test/reset", True),
        ("https://community.test/reset", True),
        ("http://app.community.test/reset", False),
        ("https://app.community.test.evil.test/reset", False),
        ("https://evilcommunity.test/", False),
        ("https://", False),
    ],
)
def test_a_link_belongs_to_the_zone(link: str, own: bool) -> None:
    assert belongs(link, "community.test") is own


@pytest.mark.parametrize(
    ("span", "words"),
    [
        (timedelta(days=14), "14 days"),
        (timedelta(days=1), "1 day"),
        (timedelta(hours=36), "36 hours"),
        (timedelta(minutes=30), "30 minutes"),
        (timedelta(seconds=90), "90 s"),
    ],
)
def test_spans_in_words(span: timedelta, words: str) -> None:
    assert in_words(span) == words
