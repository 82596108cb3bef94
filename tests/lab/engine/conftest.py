"""The lab's Cloudflare API in a process of its own, and the real program in a folder of its own."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from core.secret import Secret
from lab.engine.project import Project
from lab.place import NO_AWS, here

ROOT = Path(__file__).resolve().parents[3]
HOSTS = {"hosts": [{"name": f"app{number}", "address": f"127.0.1.{number}"} for number in (1, 2)]}
TOKEN = "a-token-of-this-test"


@dataclass
class Chain:
    """A project and the API that it is applied to."""

    project: Project
    api_state: Path

    @property
    def zone(self) -> dict[str, Any]:
        """The platform's own zone, as the API keeps it."""
        return self.zones["community.test"]

    @property
    def zones(self) -> dict[str, dict[str, Any]]:
        """Every zone by its name, as the API keeps it."""
        return {zone["name"]: zone for zone in json.loads(self.api_state.read_text())["zones"]}

    def edit(self, old: str, new: str) -> None:
        """Change the stack's file."""
        path = self.project.root / "stacks" / "Pulumi.lab.yaml"
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new))

    def state(self) -> dict[str, Any]:
        return dict(json.loads(self.project.state.path.read_text()))


@pytest.fixture
def chain(tmp_path: Path) -> Iterator[Chain]:
    """The lab's stack without its secret in AWS, whose provider is a process of its own: see ``with_aws``."""
    with _chain(tmp_path) as made:
        made.edit("        aws_secrets_manager: community/session-key\n", "")
        yield made


@pytest.fixture
def with_aws(tmp_path: Path, aws: str) -> Iterator[Chain]:
    """The lab's stack as it is, and an AWS."""
    with _chain(tmp_path, aws) as made:
        yield made


@contextmanager
def _chain(tmp_path: Path, aws_url: str = NO_AWS) -> Iterator[Chain]:
    root = tmp_path / "project"
    root.mkdir()
    for name in ("Pulumi.yaml", "__main__.py"):
        shutil.copy(ROOT / name, root)
    for name in ("stacks", "core"):
        shutil.copytree(ROOT / name, root / name, ignore=shutil.ignore_patterns("__pycache__"))
    (root / ".lab").mkdir()
    (root / ".lab" / "status.json").write_text(json.dumps(HOSTS))
    with cloudflare(tmp_path) as (base_url, state):
        project = Project(
            root=root,
            stack="lab",
            state_folder=tmp_path / "state",
            base_url=base_url,
            token=Secret(TOKEN),
            passphrase=Secret("launch-ready-lab"),
            aws_url=aws_url,
        )
        yield Chain(project, state)


class cloudflare:
    """``python -m lab.cloudflare`` on a free port of this lab's net."""

    def __init__(self, folder: Path) -> None:
        self._state, self._token = folder / "cloudflare.json", folder / "token"
        self._token.write_text(TOKEN)
        self._address = here().address(0, 200)
        with socket.socket() as probe:
            probe.bind((self._address, 0))
            self._port = probe.getsockname()[1]

    def __enter__(self) -> tuple[str, Path]:
        listen = f"{self._address}:{self._port}"
        options = ["--listen", listen, "--state", str(self._state), "--token-file", str(self._token)]
        self._log = (self._state.parent / "cloudflare.log").open("w")
        self._process = subprocess.Popen(
            [sys.executable, "-m", "lab.cloudflare", *options], cwd=ROOT, env={**os.environ}, stderr=self._log
        )
        until = time.monotonic() + 20
        while time.monotonic() < until:
            with socket.socket() as probe:
                if probe.connect_ex((self._address, self._port)) == 0:
                    return f"http://{listen}/client/v4", self._state
            assert self._process.poll() is None, (self._state.parent / "cloudflare.log").read_text()
            time.sleep(0.05)
        raise AssertionError("the API does not answer")

    def __exit__(self, *_details: object) -> None:
        self._process.terminate()
        self._process.wait(10)
        self._log.close()
