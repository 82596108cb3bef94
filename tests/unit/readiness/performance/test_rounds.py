"""What is over its limit is measured again, and what this machine's own work may have done is told."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from core.site import Reply
from readiness.check import Outcome
from readiness.rows.performance import busy, checks
from readiness.rows.performance.arrivals import Arrived
from readiness.rows.performance.loading import Loaded
from readiness.target import Target

# The package has functions of these names.
flows = import_module("readiness.rows.performance.flows")
pages = import_module("readiness.rows.performance.pages")
FAST, SLOW, SLOWER = 0.1, 0.7, 0.9


@pytest.fixture(autouse=True)
def idle(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    file = tmp_path / "cpu"
    file.write_text("some avg10=3.10 avg60=2.00 avg300=1.00 total=1\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=0\n")
    monkeypatch.setattr(busy, "_PRESSURE", file)
    return file


def measured(first: float, second: float, status: int = 200) -> tuple[Outcome, str]:
    flow = flows.Flow(checks.READ, "read", lambda _visitor, _number: Reply(200), arrived=[round_of(first)] * 60)
    flows._take_better(flow, [round_of(second)] * 59 + [round_of(second, status)])
    result = flows._judged(flow, 500, ())
    return result.outcome, result.summary


def round_of(seconds: float, status: int = 200) -> Arrived:
    return Arrived(Reply(status), seconds, 0.0)


@pytest.mark.parametrize(
    ("rounds", "outcome", "told"),
    [
        ((SLOW, FAST), Outcome.PASS, "; in the other of two rounds p95 was 700 ms"),
        ((SLOW, SLOWER), Outcome.FAIL, "; in the other of two rounds p95 was 900 ms"),
        ((SLOWER, SLOW), Outcome.FAIL, "; in the other of two rounds p95 was 900 ms"),
    ],
)
def test_of_two_rounds_the_better_counts_and_the_other_is_told(
    rounds: tuple[float, float], outcome: Outcome, told: str
) -> None:
    found, said = measured(*rounds)
    assert found == outcome
    assert said.endswith(f"began 0 ms late{told}")


def test_a_round_that_met_a_limit_makes_nothing_better() -> None:
    found, said = measured(SLOW, FAST, 429)
    assert found is Outcome.FAIL
    assert "p95 700" in said


def test_a_machine_that_is_busy_itself_says_so(idle: Path) -> None:
    idle.write_text("some avg10=95.00 avg60=91.40 avg300=9.00 total=1\n")
    assert "this machine was busy itself, 91 % of the last minute" in measured(SLOW, SLOW)[1]
    idle.unlink()
    assert busy.busy() == ""


@pytest.mark.parametrize(
    ("times", "lcp"),
    [
        ((100, 100, 100), 100),
        ((900, 900, 900, 300, 300, 300), 300),
        ((900, 900, 900, 950, 950, 950), 900),
        ((100, 0, 100, 110, 110, 110), 110),
        ((900, 900, 900, 0, 100, 100), 900),
    ],
)
def test_a_page_that_is_late_or_shows_nothing_is_loaded_in_another_round(times: Sequence[int], lcp: int) -> None:
    left = list(times)
    loader = SimpleNamespace(load=lambda _url, filmed: SimpleNamespace(lcp=left.pop(0), trouble="", status=200))
    target = SimpleNamespace(url=str, settings=SimpleNamespace(readiness=SimpleNamespace(lcp_ms=500)))
    loads = pages._loads(cast("Any", loader), cast("Target", target), "/")
    assert ([each.lcp for each in cast("list[Loaded]", loads)], left) == ([lcp] * 3, [])
