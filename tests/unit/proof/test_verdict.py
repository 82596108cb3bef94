"""What a proof says: each claim can fail, and says why."""

import json
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import pytest

from core.errors import LabError
from lab.load.records import Stored
from lab.place import Place
from lab.proof.plan import Proof, swarms
from lab.proof.plot import bands, percentiles
from lab.proof.report import document, lines, page
from lab.proof.switches import Switch
from lab.proof.verdict import Outcome, judge, stragglers
from lab.swarm import KINDS, Samples, Streams, Tally
from lab.swarm.plan import read_plan
from lab.swarm.tally import read
from lab.swarm.wire import Answer

PROOF = Proof(clients=2, switches=2, requests=6)
START = 1_000.0
GREEN = {"x-release": "2.0.0", "x-colour": "green"}
BLUE = {"x-release": "1.0.0", "x-colour": "blue"}


def switch(number: int, action: str, version: str, at: float, status: int = 0) -> Switch:
    return Switch(number, action, version, START + at, 1.0, status, "")


SWITCHES = [switch(1, "deploy", "2.0.0", 10), switch(2, "rollback", "1.0.0", 20)]


def sent(tally: Tally, kind: str, at: float, headers: dict[str, str], status: int = 200, took: float = 0.1) -> None:
    tally.counts[kind].sent += 1
    with freeze(START + at + took):
        tally.answer(kind, "app-1", START + at, Answer(status, headers), 200)


def freeze(now: float) -> AbstractContextManager[object]:
    return mock.patch("lab.swarm.tally.time.time", return_value=now)


def good() -> Tally:
    tally = Tally(stored=Stored(3, 0, 0), files=Stored(1, 0, 0), streams=Streams(3, 3, 0, 0), connections=2)
    for at, headers in ((0, BLUE), (5, BLUE), (10.5, BLUE), (12, GREEN), (20.2, GREEN), (30, BLUE)):
        sent(tally, "get", at, headers)
    sent(tally, "websocket", 11.5, BLUE)
    return tally


def judged(tally: Tally, folder: Path, switches: list[Switch] = SWITCHES) -> Outcome:
    tally.save(folder / "swarm.npz")
    whole, samples = read([folder / "swarm.npz"])
    return judge(PROOF, whole, samples, switches)


def test_what_went_well_is_proven(tmp_path: Path) -> None:
    outcome = judged(good(), tmp_path)
    assert outcome.held, [claim for claim in outcome.claims if not claim.held]


def _lose(tally: Tally) -> None:
    tally.counts["get"].sent += 1
    tally.lose("get", "app-2", START + 11, "closed while idle")


def _forget(tally: Tally) -> None:
    tally.counts["post"].sent += 1


def _gateway(tally: Tally) -> None:
    sent(tally, "get", 13, {}, 502)


def _too_few(tally: Tally) -> None:
    tally.counts["get"].sent = tally.counts["get"].answered = 4


@pytest.mark.parametrize(
    ("harm", "claim"),
    [
        (_lose, "not one was lost"),
        (_gateway, "not one was lost"),
        (_forget, "every one is accounted for"),
        (_too_few, "at least 6 requests from 2 keep-alive clients and more"),
        (lambda tally: sent(tally, "get", 13, GREEN, 500), "every answer is the one that was wanted"),
        (lambda tally: sent(tally, "get", 13, BLUE), "once a command had ended, only its release answered"),
        (lambda tally: setattr(tally, "stored", Stored(3, 1, 0)), "every post answered 201 is stored exactly once"),
        (lambda tally: setattr(tally, "stored", Stored(3, 0, 1)), "every post answered 201 is stored exactly once"),
        (lambda tally: setattr(tally, "stored", Stored(0, 0, 0)), "every post answered 201 is stored exactly once"),
        (
            lambda tally: setattr(tally, "files", Stored(1, 1, 0)),
            "every slow upload is stored exactly once, and came back as it went",
        ),
        (
            lambda tally: setattr(tally, "streams", Streams(3, 2, 1, 0)),
            "every post was pushed once to each stream that was open on its space",
        ),
        (
            lambda tally: setattr(tally, "streams", Streams(3, 4, 0, 1)),
            "every post was pushed once to each stream that was open on its space",
        ),
    ],
)
def test_each_claim_can_fail_and_alone(harm: Callable[[Tally], None], claim: str, tmp_path: Path) -> None:
    tally = good()
    harm(tally)
    outcome = judged(tally, tmp_path)
    assert [each.text for each in outcome.claims if not each.held] == [claim]


@pytest.mark.parametrize(
    "switches", [SWITCHES[:1], [SWITCHES[0], replace(SWITCHES[1], status=5)]], ids=["too few", "one failed"]
)
def test_every_command_must_have_ended_well(switches: list[Switch], tmp_path: Path) -> None:
    failed = [claim.text for claim in judged(good(), tmp_path, switches).claims if not claim.held]
    assert "2 deploys and rollbacks in turn, each verified" in failed


def test_a_cut_stream_is_settled_and_no_loss(tmp_path: Path) -> None:
    tally = good()
    tally.counts["websocket"].sent += 1
    tally.counts["websocket"].cut += 1
    outcome = judged(tally, tmp_path)
    assert outcome.held
    assert document(outcome)["kinds"]["websocket"]["cut"] == 1


def test_only_requests_between_commands_can_be_stragglers(tmp_path: Path) -> None:
    outcome = judged(good(), tmp_path)
    late = [switch(1, "deploy", "1.0.0", 10), switch(2, "rollback", "1.0.0", 20)]
    assert stragglers(outcome.samples, late) == 1


def test_what_waits_until_the_next_command_has_begun_is_no_straggler(tmp_path: Path) -> None:
    tally = good()
    sent(tally, "get", 19.9, BLUE, took=1.5)
    assert judged(tally, tmp_path).stragglers == 0


def test_a_process_that_left_no_whole_count_is_no_proof(tmp_path: Path) -> None:
    good().save(tmp_path / "one.npz")
    (tmp_path / "half.npz").write_bytes((tmp_path / "one.npz").read_bytes()[:300])
    for paths in ([], [tmp_path / "one.npz", tmp_path / "gone.npz"], [tmp_path / "half.npz"]):
        with pytest.raises(LabError, match=r"no whole count|nothing to count"):
            read(paths)


def test_processes_add_up(tmp_path: Path) -> None:
    for name in ("one", "two"):
        good().save(tmp_path / f"{name}.npz")
    whole, samples = read([tmp_path / "one.npz", tmp_path / "two.npz"])
    assert (whole.sent, whole.stored.accepted, whole.connections, len(samples.at)) == (14, 6, 4, 14)
    assert list(samples.at) == sorted(samples.at)
    assert {samples.names[index][0] for index in samples.who} == {"1.0.0", "2.0.0"}


def test_the_page_and_the_json_hold_the_counters_and_obey_no_host(tmp_path: Path) -> None:
    tally = good()
    _lose(tally)
    hostile = {"x-release": "<script>alert(1)</script>\x1b[2J", "x-colour": "mauve"}
    sent(tally, "get", 31, hostile)
    outcome = judged(tally, tmp_path)
    html = page(outcome)
    assert "Not proven" in html
    assert "<script>" not in html
    assert "closed while idle" in html
    found = json.loads(json.dumps(document(outcome)))
    assert (found["held"], found["requests"], found["lost"]) == (False, 9, 1)
    assert found["losses"]["reasons"] == {"get: closed while idle": 1}
    assert "\x1b" not in "\n".join(lines(outcome))


def test_rates_are_requests_a_second_by_release() -> None:
    samples = Samples(
        np.array([0.0, 0.5, 1.5, 1.6, 1.7]),
        np.array([1, 1, 2, 2, 2], np.float32),
        np.array([0, 0, 0, 1, KINDS.index("events")], np.uint8),
        np.array([0, 1, 2, 2, 2], np.uint16),
        [("1", "blue", "app-1"), ("1", "blue", "app-2"), ("2", "green", "app-1")],
    )
    found = bands(samples, 0.0, np.array([0.0, 1.0, 2.0]))
    assert [(band.release, list(band.rates)) for band in found] == [("1", [2.0, 0.0]), ("2", [0.0, 2.0])]
    at, rows = percentiles(samples, 0.0, (0.5, 0.99))
    assert list(at) == [2.5]
    assert rows[0][0] == pytest.approx(1.5)


STATUS: dict[str, Any] = {
    "edge": {"address": "127.86.0.3", "https_port": 443, "ca_file": "/ca.pem"},
    "mail": {"messages_url": "http://127.86.0.5:8025/messages"},
    "hosts": [{"name": "app-1", "address": "127.86.1.1"}, {"name": "app-2", "address": "127.86.1.2"}],
}


def test_clients_are_shared_out_and_no_two_have_one_address(tmp_path: Path) -> None:
    plans = swarms(Proof(clients=65, processes=2, uploads=3), Place(tmp_path, 86), STATUS)
    assert [plan.members for plan in plans] == [33, 32]
    assert sum(plan.uploads for plan in plans) == 3
    addresses = [plan.source(plan.first + one) for plan in plans for one in range(plan.clients)]
    assert len(set(addresses)) == len(addresses)
    assert [read_plan(plan.text()) for plan in plans] == plans


@pytest.mark.parametrize(
    "harm", [{"doors": []}, {"members": 0}, {"members": 260}, {"rate": 0}, {"longest": 61}, {"surprise": 1}]
)
def test_a_swarm_is_bounded(harm: dict[str, Any], tmp_path: Path) -> None:
    plan = json.loads(swarms(PROOF, Place(tmp_path, 86), STATUS)[0].text())
    with pytest.raises(LabError, match="swarm"):
        read_plan(json.dumps({**plan, **harm}))


def test_nothing_but_loopback_is_ever_loaded(tmp_path: Path) -> None:
    plan = json.loads(swarms(PROOF, Place(tmp_path, 86), STATUS)[0].text())
    plan["doors"][0]["address"] = "203.0.113.7"
    with pytest.raises(LabError, match=r"addresses of 127\.0\.0\.0/8 only"):
        read_plan(json.dumps(plan))


@pytest.mark.parametrize("changed", [{"clients": 0}, {"clients": 161}, {"switches": 0}, {"minutes": 61}])
def test_a_proof_is_bounded(changed: dict[str, Any]) -> None:
    with pytest.raises(LabError, match="must be above 0, at most"):
        replace(PROOF, **changed).check()
