"""An inbox over IMAP: what arrives, and servers that refuse, lie, dribble or never end."""

from __future__ import annotations

import socket
import ssl
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.imap import Account, ImapInbox
from adapters.mail_headers import mail_of
from core.errors import CheckError
from core.secret import Secret
from core.site import Mail
from tests.unit.adapters.imap_server import HOST, Box, Say, serving

TO = "ann+check-1@example.test"
MESSAGE = b"""Return-Path: <no-reply@community.test>
Delivered-To: ann+Check-1@example.test
Received: from store (store [10.1.2.3]) by inbox.example.test with LMTP; Mon, 30 Nov 2026 20:00:00 +0000
Received: from mail.community.test (mail.community.test [192.0.2.25])
 by mx.example.test with ESMTPS; Mon, 30 Nov 2026 20:00:00 +0000
Received: from app (forged [198.18.0.1]) by mail.community.test
From: Community <no-reply@community.test>
To: ann+check-1@example.test
Subject: Prove your address
Date: Mon, 30 Nov 2026 20:00:00 +0000

Go to https://app.community.test/verify?token=abc
""".replace(b"\n", b"\r\n")
OTHER = MESSAGE.replace(b"heck-1@", b"heck-2@")


def look(
    box: Box, folder: Path, password: str = "right", seen: tuple[str, ...] = (), seconds: float = 5.0
) -> list[Mail]:
    with serving(box, folder) as (port, context):
        account = Account(HOST, "ann", Secret(password), "ann@example.test", port)
        return ImapInbox(account, context, seconds).wait(TO, seen=seen, seconds=0)


def test_what_came_to_the_address_is_there_with_how_it_came(tmp_path: Path) -> None:
    box = Box({7: OTHER, 9: MESSAGE})
    [mail] = look(box, tmp_path)
    assert (mail.id, mail.subject, mail.mail_from) == ("9", "Prove your address", "no-reply@community.test")
    assert (mail.peer, mail.helo) == ("192.0.2.25", "mail.community.test")
    assert mail.to == (TO,)
    assert mail.text == "Go to https://app.community.test/verify?token=abc\r\n"
    assert mail.raw == MESSAGE
    changing = ("STORE", "EXPUNGE", "APPEND", "COPY", "MOVE", "SELECT", "CLOSE")
    assert not [words for words in box.commands if words.removeprefix("UID ").startswith(changing)]
    assert all("PEEK" in words for words in box.commands if "BODY" in words)


def test_what_was_seen_is_not_read_again(tmp_path: Path) -> None:
    box = Box({7: OTHER, 9: MESSAGE})
    assert look(box, tmp_path, seen=("7", "9")) == []
    assert not [words for words in box.commands if "FETCH" in words]


def test_a_message_that_is_too_long_is_left_there(tmp_path: Path) -> None:
    box = Box({1: b"To: ann+check-1@example.test\r\n\r\n" + b"x" * 2_000_000, 2: MESSAGE})
    assert [mail.id for mail in look(box, tmp_path)] == ["2"]


def test_only_the_newest_are_read(tmp_path: Path) -> None:
    box = Box(dict.fromkeys(range(1, 400), OTHER) | {400: MESSAGE})
    assert [mail.id for mail in look(box, tmp_path)] == ["400"]
    assert len([words for words in box.commands if "BODY" in words]) == 50


def test_an_address_has_its_tag() -> None:
    inbox = ImapInbox(Account(HOST, "ann", Secret("x"), "ann@example.test"))
    assert inbox.address("check-1") == TO


def _line(text: bytes) -> Say:
    return lambda tag, _words: text + f"{tag} OK done\r\n".encode()


def _dribbled(_tag: str, _words: str) -> bytes:
    time.sleep(0.4)
    return b"* "


WRONG: list[tuple[str, Box]] = [
    ("it does not let the user in", Box(password="another")),
    ("it does not open INBOX", Box(instead={"EXAMINE": lambda tag, _words: f"{tag} NO none\r\n".encode()})),
    ("it does not search", Box(instead={"SEARCH": lambda tag, _words: f"{tag} NO not now\r\n".encode()})),
    ("UID command error", Box(instead={"SEARCH": lambda tag, _words: f"{tag} BAD no\r\n".encode()})),
    ("it sends 10000000000 bytes at once", Box({1: b""}, instead={"FETCH": _line(b"* 1 FETCH (X {10000000000}\r\n")})),
    ("it sends", Box(instead={"SEARCH": _line(b"* SEARCH " + b"1 " * 20_000_000 + b"\r\n")})),
    ("it sends without end", Box(instead={"SEARCH": _line(b"* OK x\r\n" * 4_000_000)})),
    ("no answer in time", Box(instead={"SEARCH": lambda _tag, _words: b""})),
    ("no answer in time", Box(greeting=b"")),
    ("\\x1b", Box(greeting=b"\x1b[2Jboo\r\n")),
]  # fmt: skip


@pytest.mark.parametrize(("why", "box"), WRONG, ids=range(len(WRONG)))
def test_a_server_that_cannot_be_used_is_told_in_a_sentence(why: str, box: Box, tmp_path: Path) -> None:
    began = time.monotonic()
    with pytest.raises(CheckError) as caught:
        look(box, tmp_path, seconds=1.0)
    assert why in str(caught.value)
    assert "launch-ready:readiness.mailbox" in str(caught.value)
    assert "right" not in str(caught.value)
    assert "\x1b" not in str(caught.value)
    assert time.monotonic() - began < 4


def test_a_certificate_that_nobody_vouches_for_is_refused_before_the_password_goes(tmp_path: Path) -> None:
    box = Box({1: MESSAGE})
    with serving(box, tmp_path) as (port, _context):
        inbox = ImapInbox(Account(HOST, "ann", Secret("right"), "ann@example.test", port), ssl.create_default_context())
        with pytest.raises(CheckError, match="its certificate does not hold"):
            inbox.wait(TO, seconds=0)
    assert box.commands == []


def test_nobody_there_is_told() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        inbox = ImapInbox(Account(HOST, "ann", Secret("x"), "ann@example.test", taken.getsockname()[1]))
        with pytest.raises(CheckError, match="Connection refused"):
            inbox.wait(TO, seconds=0)


@given(st.binary(max_size=300))
def test_no_message_is_too_odd_to_be_read(raw: bytes) -> None:
    assert mail_of("1", b"Received: " + raw).raw.endswith(raw)


@pytest.mark.parametrize(
    ("received", "peer"),
    [
        ("from a (b [2001:db8::25]) by c", "2001:db8::25"),
        ("from a (b [IPv6:2001:db8::25]) by c", "2001:db8::25"),
        ("from a (b [999.0.0.1]) by c", ""),
        ("by c with SMTP", ""),
        ("from a (b [127.0.0.1]) by c", ""),
        ("", ""),
    ],
)
def test_who_delivered_is_read_from_what_the_server_wrote(received: str, peer: str) -> None:
    assert mail_of("1", f"Received: {received}\r\n\r\nx".encode()).peer == peer
