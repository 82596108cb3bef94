"""The CLI's command lines, as values."""

from __future__ import annotations

import os
import signal
import stat
import threading
import time
from pathlib import Path

import pytest

from adapters import pulumi_cli
from core.errors import EngineError


@pytest.mark.parametrize(
    ("argv", "expected"),
    [
        (pulumi_cli.up("s"), "pulumi up --stack s"),
        (pulumi_cli.up("s", yes=True), "pulumi up --stack s --yes"),
        (pulumi_cli.preview("s"), "pulumi preview --stack s --diff"),
        (pulumi_cli.preview("s", as_json=True), "pulumi preview --stack s --json"),
        (pulumi_cli.destroy("s", yes=True), "pulumi destroy --stack s --yes"),
        (pulumi_cli.refresh("s"), "pulumi refresh --stack s"),
        (pulumi_cli.outputs("s"), "pulumi stack output --stack s"),
        (
            pulumi_cli.outputs("s", as_json=True, show_secrets=True),
            "pulumi stack output --stack s --json --show-secrets",
        ),
    ],
)
def test_command_lines(argv: list[str], expected: str) -> None:
    assert argv == expected.split()


@pytest.fixture
def cli(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A stand-in on the PATH; write its script with :func:`script`."""
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    return tmp_path / "pulumi"


def script(cli: Path, text: str) -> None:
    cli.write_text(f"#!/bin/sh\n{text}\n")
    cli.chmod(cli.stat().st_mode | stat.S_IXUSR)


def test_it_runs_in_the_project_with_secrets_in_the_environment_alone(cli: Path, tmp_path: Path) -> None:
    script(cli, 'echo "$PWD $* $TOKEN" > seen')
    pulumi_cli.run(pulumi_cli.up("s"), tmp_path, {"TOKEN": "t"})
    assert (tmp_path / "seen").read_text() == f"{tmp_path} up --stack s t\n"


def test_its_failure_is_one_sentence(cli: Path, tmp_path: Path) -> None:
    script(cli, "exit 255")
    with pytest.raises(EngineError, match="`pulumi up` ended with status 255"):
        pulumi_cli.run(pulumi_cli.up("s"), tmp_path, {})


def test_a_signal_is_its_to_deal_with_and_comes_as_an_interrupt(cli: Path, tmp_path: Path) -> None:
    script(cli, "trap 'echo tidied > seen; exit 0' INT\ntouch ready\nwhile :; do sleep 0.05; done")

    def send() -> None:
        until = time.monotonic() + 10
        while not (tmp_path / "ready").exists() and time.monotonic() < until:
            time.sleep(0.02)
        os.kill(os.getpid(), signal.SIGTERM)

    sender = threading.Thread(target=send)
    sender.start()
    pulumi_cli.run(pulumi_cli.up("s"), tmp_path, {})
    sender.join()
    assert (tmp_path / "seen").read_text() == "tidied\n"


def test_without_it_there_is_a_way_out(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(EngineError, match=r"not on the PATH: run scripts/setup"):
        pulumi_cli.require()
