"""The hosts behind the edge: what serves and what refuses, certificates, and DNS that tells."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from core.ports import Ran
from core.site import Found, Reply
from lab.pki import Pki
from readiness.check import Outcome
from readiness.rows.headers.origin import closed, is_open, shown, strict
from tests.unit.readiness.scripted import Scripted, reply, target_of

HTTPS, HTTP = "https://app.community.test/", "http://app.community.test/"
ADDRESS = "203.0.113.11"


@pytest.mark.parametrize(
    ("answer", "url", "is_"),
    [
        (reply(200), HTTPS, True),
        (reply(404), HTTPS, True),
        (reply(400), HTTPS, True),
        (reply(403), HTTPS, False),
        (reply(400, "No required SSL certificate was sent"), HTTPS, False),
        (Reply(0, reason="the connection was refused"), HTTPS, False),
        (reply(301, Location="https://x/"), HTTP, False),
        (reply(301, Location="https://x/"), HTTPS, True),
        (reply(200), HTTP, True),
    ],
)
def test_what_serves_is_open(answer: Reply, url: str, is_: bool) -> None:
    assert is_open(answer, url) is is_


class Names:
    def __init__(self, **records: tuple[str, ...]) -> None:
        self._records = records

    def find(self, name: str, type_: str) -> Found:
        return Found(name, type_, "NOERROR", self._records.get(name.partition(".")[0], ()) if type_ != "AAAA" else ())


class Api:
    def __init__(self, mode: str = "strict", records: tuple[dict[str, Any], ...] = ()) -> None:
        self._mode, self._found = mode, records

    def items(self, path: str, query: Mapping[str, str] | None = None) -> list[Mapping[str, Any]]:
        return list(self._found) if path.endswith("dns_records") else [{"id": "z", "name": (query or {})["name"]}]

    def get(self, path: str) -> Mapping[str, Any]:
        return {"id": "ssl", "value": self._mode}


RECORD = {"name": "app.community.test", "type": "AAAA", "content": "100::", "proxied": True}


def test_names_and_records_that_are_not_answered_tell_nothing() -> None:
    class Mute(Names):
        def find(self, name: str, type_: str) -> Found:
            return Found(name, type_, "TIMEOUT")

    direct = lambda _address: Scripted(lambda *_: reply(403))  # noqa: E731
    for resolver, api in ((Mute(), Api(records=(RECORD,))), (Names(), None)):
        found = list(closed(target_of(lambda *_: reply(200), direct=direct, resolver=resolver, live_api=api)))
        assert [result.outcome for result in found] == [Outcome.PASS, Outcome.CANNOT_TELL]


def test_a_host_that_refuses_and_names_that_lead_to_the_edge_are_well() -> None:
    direct = lambda _address: Scripted(lambda *_: reply(403))  # noqa: E731
    found = list(
        closed(target_of(lambda *_: reply(200), direct=direct, resolver=Names(), live_api=Api(records=(RECORD,))))
    )
    assert [result.outcome for result in found] == [Outcome.PASS, Outcome.PASS]


def test_a_host_that_serves_and_a_name_that_tells_are_found() -> None:
    direct = lambda _address: Scripted(lambda *_: reply(200))  # noqa: E731
    resolver = Names(direct=(ADDRESS,), community=(f"v=spf1 ip4:{ADDRESS} -all",))
    found = list(closed(target_of(lambda *_: reply(200), direct=direct, resolver=resolver, live_api=Api())))
    assert [result.outcome for result in found] == [Outcome.FAIL, Outcome.FAIL]
    assert "direct.community.test A tells 203.0.113.11" in found[1].summary
    assert "community.test TXT tells 203.0.113.11" in found[1].summary


def test_an_address_behind_a_proxied_record_is_asked_too() -> None:
    record = {"name": "app.community.test", "type": "A", "content": "203.0.113.99", "proxied": True}
    asked: list[str] = []

    def direct(address: str) -> Scripted:
        asked.append(address)
        return Scripted(lambda *_: reply(200 if address == "203.0.113.99" else 403))

    api = Api(records=(record, {**record, "content": "100::", "type": "AAAA"}))
    found = list(closed(target_of(lambda *_: reply(200), direct=direct, resolver=Names(), live_api=api)))
    assert set(asked) == {ADDRESS, "203.0.113.99"}
    assert found[0].outcome is Outcome.FAIL


def test_an_address_is_not_found_in_a_longer_one() -> None:
    resolver = Names(direct=("203.0.113.110",))
    direct = lambda _address: Scripted(lambda *_: reply(403))  # noqa: E731
    found = list(
        closed(target_of(lambda *_: reply(200), direct=direct, resolver=resolver, live_api=Api(records=(RECORD,))))
    )
    assert found[1].outcome is Outcome.PASS


class Host:
    name = "app-1"

    def __init__(self, pem: str) -> None:
        self._pem = pem

    def run(self, script: str, *, timeout: float, stdin: Any = None) -> Ran:
        return Ran(0, f"CONNECTED\n{self._pem}\nDONE\n", "")


def _pem(folder: Path, *names: str, days: float = 30) -> str:
    from cryptography.hazmat.primitives.serialization import Encoding

    now = datetime.now(UTC)
    certificate, _ = Pki(folder).authority("origin").issue(names, now - timedelta(days=1), now + timedelta(days=days))
    return certificate.public_bytes(Encoding.PEM).decode()


@pytest.mark.parametrize(
    ("status", "mode", "names", "days", "outcomes"),
    [
        (200, "strict", ("community.test", "*.community.test"), 30, (Outcome.PASS, Outcome.PASS)),
        (200, "full", ("community.test", "*.community.test"), 30, (Outcome.FAIL, Outcome.PASS)),
        (526, "strict", ("community.test", "*.community.test"), 30, (Outcome.FAIL, Outcome.PASS)),
        (200, "strict", ("community.test",), 30, (Outcome.PASS, Outcome.FAIL)),
        (200, "strict", ("community.test", "*.community.test"), 3, (Outcome.PASS, Outcome.FAIL)),
    ],
)
def test_full_strict_is_a_live_setting_an_answer_and_a_certificate(
    tmp_path: Path, status: int, mode: str, names: tuple[str, ...], days: float, outcomes: tuple[Outcome, Outcome]
) -> None:
    shells = {"app-1": Host(_pem(tmp_path, *names, days=days))}
    target = target_of(lambda *_: reply(status), live_api=Api(mode), shells=shells)
    assert tuple(result.outcome for result in strict(target)) == outcomes


def test_without_a_token_or_ssh_nothing_is_claimed() -> None:
    found = list(strict(target_of(lambda *_: reply(200))))
    assert [result.outcome for result in found] == [Outcome.CANNOT_TELL, Outcome.CANNOT_TELL]


def test_a_star_is_one_label(tmp_path: Path) -> None:
    found = shown(_pem(tmp_path, "community.test", "*.community.test"), datetime.now(UTC))
    assert found.covers("app.community.test")
    assert not found.covers("a.b.community.test")
    with pytest.raises(ValueError, match=r".*"):
        shown("-----BEGIN CERTIFICATE-----\nnonsense\n-----END CERTIFICATE-----", datetime.now(UTC))
