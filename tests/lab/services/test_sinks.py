"""The mail and HTTP sinks as real processes."""

from __future__ import annotations

import base64
import smtplib
import subprocess
import sys
import time
from collections.abc import Iterator
from email import message_from_bytes
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import dkim
import pytest
import requests

from core import mail as texts
from core.settings.base import load_sections
from core.settings.email import Email
from lab.place import here
from lab.services import probes

ROOT = Path(__file__).resolve().parents[3]
ADDRESS = here().address(9, 5)
STACK = ROOT / "stacks" / "Pulumi.lab.yaml"


def _run(module: str, *options: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-m", module, *options], cwd=ROOT)


def _await(probe: probes.Probe) -> None:
    deadline = time.monotonic() + 20
    while not probe():
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.fixture(scope="module")
def mail() -> Iterator[str]:
    server = _run(
        "lab.mail",
        *("--smtp", f"{ADDRESS}:2525", "--http", f"{ADDRESS}:8025"),
        *("--exchanger", f"{ADDRESS}:2526", "--source", here().address(9, 25), "--stack", str(STACK)),
    )
    _await(probes.both(probes.greets(ADDRESS, 2525, b"220 "), probes.http_answers(ADDRESS, 8025, "/messages")))
    yield f"http://{ADDRESS}:8025/messages"
    server.terminate()
    assert server.wait(timeout=2) == 0


@pytest.fixture(scope="module")
def sink() -> Iterator[str]:
    server = _run("lab.sink", "--listen", f"{ADDRESS}:8080")
    _await(probes.http_answers(ADDRESS, 8080, "/received"))
    yield f"http://{ADDRESS}:8080"
    server.terminate()
    assert server.wait(timeout=2) == 0


def test_mail_is_listed_by_recipient_and_forgotten(mail: str) -> None:
    requests.delete(mail, timeout=5)
    with smtplib.SMTP(ADDRESS, 2525, timeout=5) as client:
        for who in ("ann@example.test", "bob@example.test"):
            client.sendmail("app@community.test", [who], f"Subject: for {who}\r\n\r\nhello {who}\r\n")
    assert [one["subject"] for one in requests.get(mail, timeout=5).json()] == [
        "for ann@example.test",
        "for bob@example.test",
    ]
    [found] = requests.get(mail, params={"to": "ANN@example.test"}, timeout=5).json()
    assert found["text"].strip() == "hello ann@example.test"
    assert requests.delete(mail, timeout=5).status_code == 204
    assert requests.get(mail, timeout=5).json() == []


def test_a_mail_that_is_too_long_is_refused(mail: str) -> None:
    with smtplib.SMTP(ADDRESS, 2525, timeout=5) as client, pytest.raises(smtplib.SMTPException) as caught:
        client.sendmail("a@a.test", ["b@b.test"], "Subject: long\r\n\r\n" + "x" * 2_000_000)
    assert "552" in str(caught.value)


def _post(port: int, sender: str, to: str, author: str = "app@community.test") -> None:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = f"Community <{author}>", to, "Grüße"
    message.set_content("A line.\n.A line with a dot.\nUmlaute: äöü\n")
    with smtplib.SMTP(ADDRESS, port, timeout=5) as client:
        client.sendmail(sender, [to], message.as_bytes())


def _came(mail: str, to: str) -> list[dict[str, Any]]:
    listed: list[dict[str, Any]] = requests.get(mail, params={"to": to}, timeout=5).json()
    return listed


def test_the_relay_signs_for_the_zone_and_says_what_it_stands_for(mail: str) -> None:
    _post(2525, "bounces@community.test", "signed@example.test")
    [found] = _came(mail, "signed@example.test")
    assert (found["peer"], found["helo"], found["mail_from"]) == (
        "192.0.2.25",
        "mail.community.test",
        "bounces@community.test",
    )
    raw = base64.b64decode(found["raw_base64"])
    section = load_sections(STACK, {"email": Email})["email"]
    assert isinstance(section, Email)
    keys = {f"{each.selector}._domainkey.community.test.": texts.dkim(each).encode() for each in section.dkim}
    assert dkim.verify(raw, dnsfunc=lambda name, timeout=5: keys.get(name.decode()))
    assert not dkim.verify(raw.replace(b"A line.", b"a line."), dnsfunc=lambda name, timeout=5: keys.get(name.decode()))


def test_the_relay_signs_for_no_other_domain(mail: str) -> None:
    _post(2525, "bounces@community.test", "other@example.test", author="app@notcommunity.test")
    [found] = _came(mail, "other@example.test")
    assert "dkim-signature" not in found["raw"].lower()


def test_who_goes_round_the_relay_is_known_by_their_own_address(mail: str) -> None:
    _post(2526, "bounces@community.test", "direct@example.test")
    [found] = _came(mail, "direct@example.test")
    assert found["peer"].startswith("127.")
    assert "dkim-signature" not in found["raw"].lower()


def test_mail_that_is_refused_comes_back_to_its_sender_from_nobody(mail: str) -> None:
    requests.delete(mail, timeout=5)
    _post(2525, "bounces@community.test", "nobody@refused.test")
    assert _came(mail, "nobody@refused.test") == []
    [found] = _came(mail, "bounces@community.test")
    assert found["mail_from"] == ""
    report = message_from_bytes(base64.b64decode(found["raw_base64"]))
    assert (report.get_content_type(), report.get_param("report-type")) == ("multipart/report", "delivery-status")
    kinds = {part.get_content_type(): part for part in report.walk()}
    recipient = next(part for part in report.walk() if part["Final-Recipient"])
    assert recipient["Final-Recipient"] == "rfc822; nobody@refused.test"
    assert (recipient["Action"], recipient["Status"]) == ("failed", "5.1.1")
    assert recipient["Diagnostic-Code"].startswith("smtp; 550 5.1.1 ")
    assert "To: nobody@refused.test" in str(kinds["text/rfc822-headers"].get_payload())


def test_a_report_that_is_refused_ends_there(mail: str) -> None:
    requests.delete(mail, timeout=5)
    _post(2525, "nobody@refused.test", "nobody@refused.test")
    assert requests.get(mail, timeout=5).json() == []


def test_any_request_is_recorded(sink: str) -> None:
    requests.delete(f"{sink}/received", timeout=5)
    answer = requests.post(f"{sink}/hooks/T0/B0?a=1", json={"text": "down"}, headers={"X-Signature": "s"}, timeout=5)
    assert (answer.status_code, answer.text) == (200, "ok")
    [found] = requests.get(f"{sink}/received", timeout=5).json()
    assert (found["method"], found["path"], found["query"]) == ("POST", "/hooks/T0/B0", "a=1")
    assert found["body"] == '{"text": "down"}'
    assert found["headers"]["x-signature"] == "s"


def test_a_request_that_is_too_long_is_refused_and_not_recorded(sink: str) -> None:
    requests.delete(f"{sink}/received", timeout=5)
    assert requests.post(f"{sink}/long", data=b"x" * (2**20 + 1), timeout=5).status_code == 413
    assert requests.get(f"{sink}/received", timeout=5).json() == []


@pytest.mark.parametrize("module", ["lab.mail", "lab.sink", "lab.dns"])
def test_no_service_listens_outside_of_loopback(module: str) -> None:
    option = {"lab.mail": "--smtp"}.get(module, "--listen")
    refused = subprocess.run(
        [sys.executable, "-m", module, option, "0.0.0.0:9999"], cwd=ROOT, capture_output=True, text=True
    )
    assert refused.returncode == 2
    assert "127.0.0.0/8" in refused.stderr
    assert "Traceback" not in refused.stderr
