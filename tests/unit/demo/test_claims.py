"""What the demo claims must be able to fail."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from lab.bench import floor
from lab.demo import declared, report
from lab.demo.report import Released
from lab.demo.stage import Ran, Stage
from lab.place import Place

STRICT = "v=DMARC1; p=reject; adkim=s; aspf=s"
OUTPUT = (
    "✓ health         0.06 s  4 hosts warm\n✓ switch         0.09 s  4 hosts verified\n✗ switch back    0.28 s  a, b\n"
)


@pytest.mark.parametrize(
    ("text", "held"),
    [
        (STRICT, True),
        (STRICT.replace("reject", "quarantine"), True),
        (STRICT.replace("reject", "none"), False),
        (STRICT.replace("aspf=s", "aspf=r"), False),
        (STRICT + "; t=y", False),
        ("v=spf1 -all", False),
    ],
)
def test_a_weak_dmarc_record_does_not_pass(text: str, held: bool) -> None:
    assert declared._is_strict_dmarc(text) is held


@pytest.mark.parametrize(
    ("text", "held"),
    [
        ("v=spf1 mx ip4:198.51.100.0/28 -all", True),
        ("v=spf1 mx ip4:198.51.100.0/28 ~all", False),
        ("v=spf1 mx -all", False),
        ("spf1 ip4:198.51.100.0/28 -all", False),
    ],
)
def test_an_spf_record_names_every_network_and_fails_all_others(text: str, held: bool) -> None:
    assert declared._is_spf(["198.51.100.0/28"], text) is held


def test_phases_are_read_from_what_the_command_printed() -> None:
    one = Released("deploy", "live", 0.0, Ran(0, 1.0, OUTPUT))
    assert (one.phase_seconds("switch"), one.phase_seconds("switch back"), one.phase_seconds("watch")) == (
        0.09,
        0.28,
        None,
    )
    assert report.switch_seconds(one) == 0.28


def entry(run: str, step: str, second: int, action: str = "deploy") -> dict[str, Any]:
    at = f"2026-01-01T00:00:{second:02}.000Z"
    return {"run": run, "step": step, "at": at, "action": action, "version": run}


def test_a_reverted_release_switched_once_and_what_came_before_the_load_is_left_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    journal = [
        entry("1", "switch", 1),
        entry("4", "begin", 10),
        entry("4", "switch", 11),
        entry("4", "switch", 13),
        entry("4", "reverted", 14),
        entry("5", "switch", 20, "rollback"),
    ]
    monkeypatch.setattr(Stage, "ask", lambda *_arguments: {"hosts": [{"journal": journal}, {"journal": journal}]})
    began = report._moved(entry("", "switch", 5))
    assert began is not None
    stage = Stage(Place(Path("/nowhere")))
    found = report.events(stage, [Released("deploy 4", "taken back", began.at, Ran(5, 1.0, ""))])
    told = sorted((round(event.at - began.at), event.kind) for event in found)
    assert told == [(0, "started"), (6, "switched"), (9, "reverted"), (15, "rolled-back")]


def test_a_claim_that_fails_is_the_end_of_holding(capsys: pytest.CaptureFixture[str]) -> None:
    stage = Stage(Place(Path("/nowhere")))
    stage.claim("two and two are four", held=True)
    assert stage.held
    stage.claim("[bold]five[/]", held=False, seen="four")
    assert not stage.held
    assert "✗ [bold]five[/] (four)" in capsys.readouterr().out


def test_the_floor_checks_host_keys_and_asks_nobody_anything() -> None:
    host = {"address": "127.0.0.9", "ssh_port": 22, "user": "deploy", "identity_file": "/k", "known_hosts": "/h"}
    command = floor.ssh(host, "true")
    assert command[-2:] == ["deploy@127.0.0.9", "true"]
    assert {"StrictHostKeyChecking=yes", "BatchMode=yes", "UserKnownHostsFile=/h"} < set(command)
