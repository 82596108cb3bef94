"""What the lab's relay signs, how it reports what was refused, and what it makes of a stack's file."""

from __future__ import annotations

import re
import shutil
import string
from email import message_from_bytes
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.mail.bounce import bounce
from lab.mail.signing import Signer, author_domain, whole_lines

LAB = Path(__file__).resolve().parents[3] / "stacks" / "Pulumi.lab.yaml"
MAIL = b"From: App <app@community.test>\r\nSubject: x\r\n\r\nhello\r\n"


@pytest.mark.parametrize(
    ("head", "domain"),
    [
        (b"From: App <app@Community.TEST>", "community.test"),
        (b'From: "app@community.test" <x@evil.test>', "evil.test"),
        (b"From: a@one.test, b@two.test", "one.test"),
        (b"From: nobody", ""),
        (b"Subject: no author", ""),
        (b"From: \xff\xfe <a@b.test>", "b.test"),
    ],
)
def test_the_author_is_who_from_names(head: bytes, domain: str) -> None:
    assert author_domain(head + b"\r\n\r\nhello") == domain


@given(st.lists(st.sampled_from([b"a", b"\r\n", b"\n", b"."])))
def test_lines_end_as_mail_has_them(pieces: list[bytes]) -> None:
    whole = whole_lines(b"".join(pieces))
    assert whole.endswith(b"\r\n")
    assert whole.replace(b"\r\n", b"\n").count(b"\r") == 0
    assert whole_lines(whole) == whole
    assert b"".join(whole.split()) == b"".join(b"".join(pieces).split())


def test_the_key_follows_the_stacks_file_and_stays_where_that_is_broken(tmp_path: Path) -> None:
    file = Path(shutil.copy(LAB, tmp_path / "Pulumi.lab.yaml"))
    signer = Signer(file)
    key = signer.key()
    assert key is not None
    assert (key.domain, key.selector) == ("community.test", "lab1")
    assert "PRIVATE" not in repr(key)
    file.write_text("config: [")
    assert signer.key() == key
    text = (
        LAB.read_text().replace("        config_secret: dkim-lab1\n", "").replace("  launch-ready:dkim-lab1:", "  x:")
    )
    file.write_text(text)
    assert signer.key() is None
    assert signer.signed(MAIL) == MAIL


def test_without_a_file_nothing_is_signed(tmp_path: Path) -> None:
    assert Signer(tmp_path / "none.yaml").signed(MAIL) == MAIL


ADDRESS = st.text(string.printable + "é\x1b\r\n", min_size=1, max_size=40)


@given(ADDRESS, st.integers(400, 599), st.binary(max_size=80), st.binary(max_size=200))
def test_a_report_can_be_made_of_whatever_was_refused(who: str, code: int, text: bytes, message: bytes) -> None:
    report = message_from_bytes(bounce("bounces@community.test", {who: (code, text)}, message))
    [recipient] = [part for part in report.walk() if part["Final-Recipient"]]
    assert recipient["Action"] == "failed"
    assert re.fullmatch(r"[245]\.\d{1,3}\.\d{1,3}", recipient["Status"])
