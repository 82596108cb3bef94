"""The pace: so many a second, for each name by itself, and more where several hosts share it."""

from __future__ import annotations

import pytest

from readiness.halt import Halt
from readiness.pace import Pace


@pytest.mark.parametrize(("behind", "seconds"), [({}, 0.4), ({"a.test": 2}, 0.2), ({"b.test": 2}, 0.4)])
def test_requests_to_one_name_are_spaced_out_by_the_hosts_behind_it(
    monkeypatch: pytest.MonkeyPatch, behind: dict[str, int], seconds: float
) -> None:
    slept: list[float] = []
    monkeypatch.setattr("readiness.pace.time.monotonic", lambda: 100.0)
    monkeypatch.setattr(Halt, "wait", lambda _halt, seconds=0.0: slept.append(seconds))
    turns = Pace(10, behind)
    for _ in range(5):
        turns.wait("a.test")
    turns.wait("c.test")
    assert slept[-2] == pytest.approx(seconds)
    assert turns.counts == {"a.test": 5, "c.test": 1}
