"""The mail and HTTP sinks as real processes."""

from __future__ import annotations

import smtplib
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from lab.place import here
from lab.services import probes

ROOT = Path(__file__).resolve().parents[3]
ADDRESS = here().address(9, 5)


def _run(module: str, *options: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-m", module, *options], cwd=ROOT)


def _await(probe: probes.Probe) -> None:
    deadline = time.monotonic() + 20
    while not probe():
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.fixture(scope="module")
def mail() -> Iterator[str]:
    server = _run("lab.mail", "--smtp", f"{ADDRESS}:2525", "--http", f"{ADDRESS}:8025")
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
