"""The bench makes a lab of its own, and touches nobody else's."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from lab import api
from lab.bench import __main__ as bench
from lab.place import Place


def test_a_lab_that_is_up_is_refused_and_left_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / ".lab").mkdir()
    taken_down: list[Place] = []
    monkeypatch.setattr(bench, "here", lambda: Place(tmp_path))
    monkeypatch.setattr(api, "down", lambda place, _say: taken_down.append(place))
    monkeypatch.setattr(sys, "argv", ["bench"])
    assert bench.main() == 1
    assert taken_down == []
    assert "take yours down first with `invoke lab.down`" in capsys.readouterr().err
