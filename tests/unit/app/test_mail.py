"""Mail as it is handed over."""

from __future__ import annotations

import smtplib
from typing import Any

import pytest

from lab.app.community import letters, mail
from lab.app.community.mail import Letter, Mailer, compose
from lab.app.community.settings import Relay

LETTER = Letter("ann@example.test", "Subject", "Text\n")


class Smtp:
    """What of smtplib is used; fails as it is told to."""

    failures: list[Exception]
    sent: list[tuple[Any, ...]]

    def __init__(self, *_: object, **__: object) -> None: ...

    def __enter__(self) -> Smtp:
        return self

    def __exit__(self, *_: object) -> None: ...

    def send_message(self, *given: object) -> None:
        if self.failures:
            raise self.failures.pop(0)
        self.sent.append(given)


@pytest.fixture
def smtp(monkeypatch: pytest.MonkeyPatch) -> type[Smtp]:
    monkeypatch.setattr(smtplib, "SMTP", Smtp)
    monkeypatch.setattr(mail, "PAUSES", (0.0, 0.0, 0.0))
    Smtp.failures, Smtp.sent = [], []
    return Smtp


def _mailer() -> Mailer:
    return Mailer(Relay("127.0.0.1", 9, "no-reply@a.test"))


def test_a_message_is_whole_and_says_that_no_person_sent_it() -> None:
    message = compose("no-reply@a.test", letters.proof("https://a.test", "ann@example.test", "t" * 43))
    assert {"From", "To", "Subject", "Date", "Message-ID"} <= set(message.keys())
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Message-ID"].endswith("@a.test>")
    assert f"https://a.test/verify?token={'t' * 43}\n" in message.get_content()


async def test_a_relay_that_is_away_for_a_moment_is_asked_again(smtp: type[Smtp]) -> None:
    smtp.failures = [ConnectionRefusedError(), smtplib.SMTPSenderRefused(451, b"later", "x")]
    await _mailer().send(LETTER)
    assert [given[2] for given in smtp.sent] == [["ann@example.test"]]


@pytest.mark.parametrize(
    ("failures", "left"),
    [
        ([smtplib.SMTPRecipientsRefused({"x": (550, b"no")}), OSError()], 1),
        ([smtplib.SMTPDataError(554, b"no"), OSError()], 1),
        ([OSError("ann@example.test")] * 4, 1),
    ],
)
async def test_what_is_refused_is_logged_without_the_address(
    smtp: type[Smtp], failures: list[Exception], left: int, caplog: pytest.LogCaptureFixture
) -> None:
    smtp.failures = list(failures)
    await _mailer().send(LETTER)
    assert (smtp.sent, len(smtp.failures)) == ([], left)
    assert "did not take a message" in caplog.text
    assert "ann@" not in caplog.text
