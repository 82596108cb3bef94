"""The process: how it starts, stops, dies and comes back; what it says to requests that are no use; what it hides."""

from __future__ import annotations

import json
import stat
import threading
import time
from typing import Any

import httpx
import pytest

from lab.cloudflare.snapshot import Follower
from lab.place import ACCOUNT_ID
from tests.lab.cloudflare.process import Api

ZONES = {"account": {"id": ACCOUNT_ID}, "name": "community.test"}


def make_zone(api: Api) -> str:
    identifier: str = api.http("POST", "/zones", json=ZONES).json()["result"]["id"]
    return identifier


def add_record(api: Api, zone: str, name: str) -> httpx.Response:
    return api.http("POST", f"/zones/{zone}/dns_records", json={"type": "A", "name": name, "content": "127.0.1.1"})


def test_it_stops_when_told_to_and_its_log_has_no_token(own: Api) -> None:
    make_zone(own)
    log = own.stop()
    assert "POST /client/v4/zones" in log
    assert own.token not in log


def test_the_state_is_private_and_there_before_the_first_request(own: Api) -> None:
    assert stat.S_IMODE(own.state.stat().st_mode) == 0o600
    assert stat.S_IMODE(own.state.parent.stat().st_mode) == 0o700
    assert [account.id for account in own.snapshot().accounts] == [ACCOUNT_ID]


def test_a_restart_keeps_everything(own: Api) -> None:
    zone = make_zone(own)
    add_record(own, zone, "app")
    before = own.snapshot()
    own.stop()
    own.start()
    assert own.snapshot() == before
    assert own.http("GET", f"/zones/{zone}/dns_records").json()["result_info"]["count"] == 1


def test_kill_9_keeps_every_record_that_was_answered(own: Api) -> None:
    zone = make_zone(own)
    answered: list[str] = []

    def write() -> None:
        for number in range(10_000):
            try:
                answered.append(add_record(own, zone, f"h{number}").json()["result"]["id"])
            except httpx.TransportError:
                return

    writer = threading.Thread(target=write)
    writer.start()
    while len(answered) < 40:
        time.sleep(0.01)
    own.kill()
    writer.join(10)
    kept = [record.id for record in own.snapshot().zones[0].dns_records]
    # The one in flight may be there as well: it was on disk before its answer was lost.
    assert kept[: len(answered)] == answered
    assert len(kept) <= len(answered) + 1
    own.start()
    assert add_record(own, zone, "after").status_code == 200


def test_a_follower_sees_a_change_at_once(api: Api) -> None:
    zone = make_zone(api)
    follower = Follower(api.state)
    follower.poll()
    assert follower.poll() is None
    add_record(api, zone, "app")
    seen = follower.poll()
    assert seen is not None
    assert [record.name for record in seen.zones[0].dns_records] == ["app.community.test"]


def test_changes_at_the_same_time_are_all_kept(api: Api) -> None:
    zone = make_zone(api)
    before = api.snapshot().revision
    threads = [
        threading.Thread(target=lambda part=part: [add_record(api, zone, f"h{part}-{n}") for n in range(10)])
        for part in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    after = api.snapshot()
    assert len({record.name for record in after.zones[0].dns_records}) == 40
    assert after.revision == before + 40


def test_a_second_process_on_the_same_state_is_refused(api: Api) -> None:
    process = api.launch()
    assert process.wait(timeout=10) == 1
    assert "another process serves this Cloudflare state" in api.log.read_text()


@pytest.mark.parametrize(
    ("header", "path", "status", "code"),
    [
        (None, "/zones", 400, 9106),
        ("Basic abc", "/zones", 400, 6003),
        ("Bearer short", "/zones", 400, 6003),
        ("Bearer wrong-token-of-the-right-form", "/zones", 403, 9109),
        ("Bearer wrong-token-of-the-right-form", "/user/tokens/verify", 401, 1000),
    ],
)
def test_who_may_not_ask(api: Api, header: str | None, path: str, status: int, code: int) -> None:
    answer = api.http("GET", path, headers={"Authorization": header} if header else {})
    body = answer.json()
    assert (answer.status_code, body["success"], body["result"]) == (status, False, None)
    assert body["errors"][0]["code"] == code


@pytest.mark.parametrize(
    ("method", "path", "options", "status", "code"),
    [
        ("GET", "/nothing", {}, 404, 7003),
        ("GET", "/zones/not-an-id", {}, 404, 7003),
        ("GET", f"/zones/{'0' * 32}", {}, 404, 1001),
        ("PUT", "/zones", {}, 405, 10405),
        ("POST", "/zones", {"content": b"{}"}, 400, 9207),
        ("POST", "/zones", {"json": []}, 400, 9207),
        ("POST", "/zones", {"json": {"name": 7}}, 400, 1099),
        ("GET", "/zones?page=x", {}, 400, 1004),
    ],
)
def test_requests_that_are_no_use(
    api: Api, method: str, path: str, options: dict[str, Any], status: int, code: int
) -> None:
    answer = api.http(method, path, **options)
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (status, code)
    assert answer.headers["CF-Ray"]


@pytest.mark.parametrize(
    "body", [b"", b"{", b"NaN", b'{"name": 1e999}', b'{"name": "\\ud800"}', b"[" * 5000, b"\xff", b"9" * 5000]
)
def test_a_body_that_is_not_json_is_refused(api: Api, body: bytes) -> None:
    headers = {"Authorization": f"Bearer {api.token}", "Content-Type": "application/json"}
    answer = api.http("POST", "/zones", content=body, headers=headers)
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (400, 9207)


def test_a_body_that_is_too_large_is_refused(api: Api) -> None:
    headers = {"Authorization": f"Bearer {api.token}", "Content-Type": "application/json"}
    answer = api.http("POST", "/zones", content=json.dumps({"name": "x" * 3_000_000}).encode(), headers=headers)
    assert answer.status_code == 413
    assert "larger than 2097152 bytes" in answer.json()["errors"][0]["message"]
