"""What the sinks keep, and what they show of it."""

from __future__ import annotations

import json
from email.message import EmailMessage

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.mail.message import describe
from lab.sink.shelf import Shelf


def test_a_shelf_numbers_what_it_is_given_and_never_reuses_a_number() -> None:
    shelf = Shelf()
    shelf.put({"a": 1})
    shelf.clear()
    shelf.put({"a": 2})
    assert [(item["id"], item["a"]) for item in shelf.items()] == [(2, 2)]


def test_a_shelf_keeps_the_newest_by_count() -> None:
    shelf = Shelf(count=2)
    for number in range(5):
        shelf.put({"number": number})
    assert [item["number"] for item in shelf.items()] == [3, 4]


@given(st.lists(st.text(max_size=200), max_size=20))
def test_a_shelf_never_holds_more_bytes_than_it_may(texts: list[str]) -> None:
    shelf = Shelf(size=500)
    for text in texts:
        shelf.put({"text": text})
    kept = shelf.items()
    assert sum(len(json.dumps(item)) for item in kept) <= 500
    newest_first = [item["text"] for item in reversed(kept)]
    assert newest_first == texts[::-1][: len(kept)]


def test_a_mail_shows_its_envelope_subject_and_plain_text() -> None:
    message = EmailMessage()
    message["Subject"] = "Grüße aus der Gemeinschaft"
    message["From"] = "app@community.test"
    message.set_content("Your code is 1234.\n")
    message.add_alternative("<p>Your code is 1234.</p>", subtype="html")
    shown = describe("bounce@community.test", ["ann@example.test"], message.as_bytes())
    assert shown["mail_from"] == "bounce@community.test"
    assert shown["rcpt_tos"] == ["ann@example.test"]
    assert shown["subject"] == "Grüße aus der Gemeinschaft"
    assert shown["text"] == "Your code is 1234.\n"
    assert ["From", "app@community.test"] in shown["headers"]


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (b"Content-Type: text/html; charset=utf-8\r\n\r\n<p>h\xc3\xa9</p>", "<p>hé</p>"),
        (b"Content-Type: text/plain; charset=no-such\r\n\r\nh\xc3\xa9", "hé"),
        (b"Content-Type: text/plain; charset=utf-8\r\n\r\n\xff", "\\xff"),
        (b"Content-Type: application/pdf\r\n\r\nx", ""),
    ],
)
def test_a_mails_text_is_found_whatever_its_charset(content: bytes, text: str) -> None:
    assert describe("a@a.test", ["b@b.test"], content)["text"] == text


HEADER = st.sampled_from([b"Subject: ", b"Content-Type: ", b"Content-Transfer-Encoding: ", b"From: ", b""])


@given(st.lists(st.tuples(HEADER, st.binary(max_size=80))), st.binary(max_size=300))
def test_no_mail_is_too_broken_to_be_listed(headers: list[tuple[bytes, bytes]], body: bytes) -> None:
    content = b"\r\n".join(name + value for name, value in headers) + b"\r\n\r\n" + body
    json.dumps(describe("a@a.test", ["b@b.test"], content)).encode()
