"""The task: its exit status, and one document on standard output."""

from __future__ import annotations

import json

import pytest
from invoke.context import Context
from invoke.exceptions import Exit

from cli import live_state
from drift.compare import Compared
from drift.differences import Difference

DRIFTED = Compared([Difference("changed", "ZoneSetting", "ssl", "value", "strict", "flexible")], looked_at=3)


def see(monkeypatch: pytest.MonkeyPatch, found: Compared) -> None:
    monkeypatch.setattr(live_state, "api_of", lambda _stack: None)
    monkeypatch.setattr(live_state, "compared", lambda _stack, _api: found)


def test_without_a_difference_it_ends_well(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    see(monkeypatch, Compared(looked_at=3))
    live_state.drift(Context(), stack="lab")
    assert capsys.readouterr().out == "no difference, in 3 objects that are there\n"


def test_with_one_the_status_is_two_and_json_is_all_there_is(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    see(monkeypatch, DRIFTED)
    with pytest.raises(Exit) as caught:
        live_state.drift(Context(), stack="lab", json=True)
    assert caught.value.code == 2
    said = json.loads(capsys.readouterr().out)
    assert (said["stack"], said["drift"], said["differences"][0]["live"]) == ("lab", True, "flexible")


def test_a_stack_that_is_not_there_is_told_before_anything_is_asked() -> None:
    with pytest.raises(Exit, match="there is no stack"):
        live_state.drift(Context(), stack="nope")
