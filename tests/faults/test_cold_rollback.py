"""The way back from a machine that has never released: the files of the project, a key, and the hosts. Nothing else."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from lab.hosts import api
from tests.faults.conftest import NAMES

ROOT = Path(__file__).resolve().parents[2]
PARTS = ("core", "adapters", "cli", "deploy", "rollback", "stacks", "tasks.py")
LIMIT_SECONDS = 60.0

# Pulumi and AWS cannot be had, and nothing that is asked answers but the hosts' sshd.
UNREACHABLE = """\
import importlib.abc, socket, sys
class Refuse(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in ("pulumi", "pulumi_cloudflare", "boto3", "botocore", "lab"):
            raise ImportError(f"{name} cannot be had on this machine")
        return None
sys.meta_path.insert(0, Refuse())
connect = socket.socket.connect
def only_ssh(self, address):
    if isinstance(address, tuple) and address[1] != int(%(port)d):
        raise ConnectionRefusedError(f"{address} is down")
    return connect(self, address)
socket.socket.connect = only_ssh
"""

STACK = """\
config:
  launch-ready:hosts:
    inventory: %s
  launch-ready:release:
    url: https://app.community.test
    verify_seconds: 1
    drain_seconds: 0.2
"""


@pytest.fixture
def new_machine(machines: Any, tmp_path: Path) -> tuple[Path, dict[str, str]]:
    for part in PARTS:
        source = ROOT / part
        ignore = shutil.ignore_patterns("__pycache__")
        shutil.copytree(source, tmp_path / part, ignore=ignore) if source.is_dir() else shutil.copy(source, tmp_path)
    (tmp_path / "stacks" / "Pulumi.cold.yaml").write_text(STACK % (machines.folder / "inventory.json"))
    without = tmp_path / "without"
    without.mkdir()
    port = json.loads((machines.folder / "inventory.json").read_text())["hosts"][0]["ssh_port"]
    (without / "sitecustomize.py").write_text(UNREACHABLE % {"port": port})
    keep = {name: os.environ[name] for name in ("LANG", "USER", "LOGNAME") if name in os.environ}
    return tmp_path, {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "PYTHONPATH": str(without), **keep}


def _invoke(where: tuple[Path, dict[str, str]], *words: str) -> tuple[subprocess.CompletedProcess[str], float]:
    folder, environment = where
    argv = [sys.executable, "-m", "invoke", *words]
    began = time.monotonic()
    done = subprocess.run(argv, cwd=folder, env=environment, capture_output=True, text=True, timeout=120)
    return done, time.monotonic() - began


def test_a_new_machine_takes_cold_hosts_back_within_a_minute(
    machines: Any, live: Any, new_machine: tuple[Path, dict[str, str]]
) -> None:
    live("1.0.0", "2.0.0")
    for name in NAMES:
        api.power_cut(machines.place, name)
        api.start(machines.place, name)
    done, seconds = _invoke(new_machine, "rollback", "--stack", "cold", "--json")
    # Every host is back; that the edge could not be asked is said, and is no success.
    assert done.returncode == 6, done.stderr
    assert "every host serves 1.0.0, and was seen to; through the edge: the edge could not be asked" in done.stderr
    found = json.loads(done.stdout)
    assert found["version"] == "1.0.0"
    assert sorted(found["cold"]) == sorted(NAMES)
    assert machines.serves() == ["200 1.0.0"] * len(NAMES)
    assert seconds < LIMIT_SECONDS
    assert (new_machine[0] / ".launch-ready" / "cold.jsonl").read_text().count('"phase":"switch"') == 2


def test_what_stands_in_for_the_outage_does_refuse(new_machine: tuple[Path, dict[str, str]]) -> None:
    folder, environment = new_machine
    code = "import pulumi"
    done = subprocess.run([sys.executable, "-c", code], cwd=folder, env=environment, capture_output=True, text=True)
    assert "pulumi cannot be had on this machine" in done.stderr
