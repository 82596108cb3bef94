"""Ctrl-C in a real process: once, and everything is put in order; twice, and it is over at once and can be mended."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from deploy.api import deploy
from deploy.artifact import Artifact
from rollback.unfinished import abort

Builder = Callable[..., Artifact]
ROOT = Path(__file__).resolve().parents[3]

# Releases to the folders of the test that started it; says each phase that is over, and each script that matters.
CONTROLLER = """
import os, sys, time
from pathlib import Path
sys.path.insert(0, {root!r})
from core.signals import stopping
from deploy import commands
from deploy.api import deploy
from deploy.artifact import open_artifact
from tests.lab.release.conftest import Edge, Fleet, FolderHost

folder, artifact, seconds = Path(sys.argv[1]), Path(sys.argv[2]), float(sys.argv[3])
hosts = {{name: FolderHost(name, folder / name) for name in "abc"}}
fleet = Fleet(hosts, folder, Edge(hosts["a"]))

def wait(script):
    if "echo withdrawn" in script:
        os.write(1, b"slow\\n")
        time.sleep(seconds)
    return False

for host in hosts.values():
    host.fail = wait

def over(phase):
    print(phase, flush=True)
    # Until the test ends it. Not in one call that waits: a signal just before that would not be heard.
    while phase == "health":
        time.sleep(0.02)

fleet.told.at = over
try:
    with stopping("ONCE", "TWICE: invoke deploy.resume"):
        deploy(fleet.world, open_artifact(artifact))
except KeyboardInterrupt:
    print(*fleet.told.notes, sep="\\n", flush=True)
    sys.exit(130)
"""


@pytest.fixture
def releasing(fleet: Any, builder: Builder) -> Iterator[Callable[[float], subprocess.Popen[str]]]:
    """A process that deploys 2.0.0 over 1.0.0, stands still once it is healthy, and takes its time to stop it."""
    deploy(fleet.world, builder("1.0.0"))
    artifact = builder("2.0.0")
    started: list[subprocess.Popen[str]] = []

    def start(seconds: float) -> subprocess.Popen[str]:
        arguments = [str(fleet.folder), str(artifact.path), str(seconds)]
        process = subprocess.Popen(
            [sys.executable, "-c", CONTROLLER.format(root=str(ROOT)), *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=ROOT,
        )
        started.append(process)
        until(process, "health")
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def until(process: subprocess.Popen[str], wanted: str) -> None:
    assert process.stdout is not None
    said = []
    for line in process.stdout:
        said.append(line)
        if line.strip() == wanted:
            return
    assert process.stderr is not None
    raise AssertionError(f"{wanted} never came: {said} {process.stderr.read()}")


@pytest.mark.parametrize("others", [(), (signal.SIGTERM, signal.SIGHUP)])
def test_once_puts_everything_in_order_and_says_what_is_left(
    fleet: Any, releasing: Any, others: tuple[signal.Signals, ...]
) -> None:
    process = releasing(1)
    process.send_signal(signal.SIGINT)
    until(process, "slow")
    for number in others:
        # as CI does a moment later: what is being put in order goes on
        process.send_signal(number)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (130, "\nONCE\n")
    assert "before any traffic moved: every host serves what it served before" in out
    assert fleet.serves() == dict.fromkeys("abc", "200 1.0.0")
    assert fleet.unlocked()


def test_twice_ends_at_once_and_what_is_left_can_be_mended(fleet: Any, releasing: Any) -> None:
    process = releasing(30)
    process.send_signal(signal.SIGINT)
    until(process, "slow")
    began = time.monotonic()
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=20)
    assert time.monotonic() - began < 10
    assert (process.returncode, err) == (130, "\nONCE\n\nTWICE: invoke deploy.resume\n")
    assert fleet.unlocked()
    undone = abort(fleet.world)
    assert undone is not None
    assert fleet.serves() == dict.fromkeys("abc", "200 1.0.0")
    assert fleet.unlocked()


def test_a_real_command_hears_it_at_the_command_line(tmp_path: Path) -> None:
    """`invoke rollback` of a stack whose host does not answer: the first Ctrl-C ends it, with its sentence."""
    import socket

    with socket.create_server(("127.0.0.1", 0)) as mute:
        (tmp_path / "stacks").mkdir()
        host = f"{{name: a, address: 127.0.0.1, ssh_port: {mute.getsockname()[1]}, known_hosts: {tmp_path}/known}}"
        (tmp_path / "known").touch()
        (tmp_path / "stacks/Pulumi.it.yaml").write_text(f"config:\n  launch-ready:hosts:\n    app: [{host}]\n")
        code = (
            f"import sys; sys.path.insert(0, {str(ROOT)!r}); sys.argv = ['invoke', 'rollback', '--stack', 'it'];"
            f"import pathlib, cli.guard, cli.world; cli.world.ROOT = pathlib.Path({str(tmp_path)!r});"
            "import invoke.main; invoke.main.program.run()"
        )
        process = subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.PIPE, text=True, cwd=ROOT)
        connection, _ = mute.accept()
        time.sleep(0.5)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=20)
        connection.close()
    assert process.returncode == 130, err
    assert "what was begun is being put in order; Ctrl-C once more ends at once" in err
    assert err.rstrip().endswith("error: interrupted")
