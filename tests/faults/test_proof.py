"""The proof in short, and that it can fail: what a bad host loses is seen."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from lab.hosts import api
from lab.place import here
from lab.proof.plan import Proof
from lab.proof.report import document
from lab.proof.run import prove
from lab.proof.verdict import Outcome
from tests.lab.conftest import lab

__all__ = ["lab"]

SHORT = Proof(switches=6, requests=20_000, minutes=4, longest=3)
SMALL = Proof(clients=16, switches=2, requests=3_000, minutes=3, longest=3, websockets=4, events=2, edge_clients=2)


def _proven(status: dict[str, Any], proof: Proof, disturb: Callable[[int], None] = lambda _: None) -> Outcome:
    return prove(here(), status, proof, print, disturb)


@pytest.mark.timeout(600)
def test_six_switches_lose_nothing_of_twenty_thousand_requests(lab: dict[str, Any]) -> None:
    outcome = _proven(lab, SHORT)
    found = document(outcome)
    assert found["lost"] == 0, found["losses"]
    assert found["stragglers"] == 0
    assert found["requests"] >= 20_000
    assert [one["status"] for one in found["switches"]] == [0] * 6
    assert found["stored"]["posts"] == {"accepted": found["stored"]["posts"]["accepted"], "missing": 0, "doubled": 0}
    assert (found["pushed"]["missing"], found["pushed"]["doubled"]) == (0, 0)
    for kind, counts in found["kinds"].items():
        assert counts["answered"] > 0, kind


@pytest.mark.parametrize(
    ("harm", "reason"),
    [
        # What a release by `nginx -s reload` does to connections that are kept, before nginx 1.27.4.
        (["systemctl", "reload", "nginx.service"], "closed while idle"),
        (["systemctl", "kill", "--signal", "KILL", "app@blue.service", "app@green.service"], "status 502 from a proxy"),
    ],
    ids=["reload", "killed"],
)
def test_what_a_bad_host_loses_is_counted(lab: dict[str, Any], harm: list[str], reason: str) -> None:
    def disturb(number: int) -> None:
        if number == 2:
            assert api.shell(here(), "app-1", harm).returncode == 0

    outcome = _proven(lab, SMALL, disturb)
    assert not outcome.held
    assert outcome.tally.lost > 0
    assert any(reason in each for each in outcome.tally.reasons), outcome.tally.reasons
    assert {loss.door for loss in outcome.tally.losses} <= {"app-1", "edge"}
    assert "not one was lost" in [claim.text for claim in outcome.claims if not claim.held]
