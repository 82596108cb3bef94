"""A rotation by the command itself, on a lab of its own: killed three times, and the value looked for everywhere."""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from lab.place import here

ROOT = Path(__file__).resolve().parents[3]
CODE = ("adapters", "cli", "core", "custody", "deploy", "edge", "lab", "rollback", "scripts", "stacks")
CANARY = "canary/value of+this rotation 0123456789abcdef"
NAME = "community/session-key"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(420),
    pytest.mark.skipif(os.geteuid() != 0, reason="hosts need root"),
]


def forms(value: str) -> list[bytes]:
    """What a value looks like when somebody has tried to hide it."""
    raw = value.encode()
    return [
        raw,
        # Whatever stands before it: base64 has three alignments.
        *(base64.b64encode(b" " * shift + raw)[4:-4] for shift in range(3)),
        raw.hex().encode(),
        quote(value, safe="").encode(),
        json.dumps(value).encode()[1:-1],
    ]


@dataclass
class Checkout:
    """A copy of this project with a lab of its own, so that its stack's file can be changed."""

    root: Path
    net: int
    said: list[bytes] = field(default_factory=list)
    seen: set[bytes] = field(default_factory=set)

    @property
    def environment(self) -> dict[str, str]:
        outside = {key: value for key, value in os.environ.items() if not key.startswith(("AWS_", "PULUMI_"))}
        return {**outside, "LAUNCH_READY_NET": str(self.net)}

    def start(self, *words: str, stdin: bytes = b"") -> subprocess.Popen[bytes]:
        process = subprocess.Popen(
            [sys.executable, "-m", "invoke", *words],
            cwd=self.root,
            env=self.environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        assert process.stdin is not None
        process.stdin.write(stdin)
        process.stdin.close()
        process.stdin = None
        return process

    def run(self, *words: str, stdin: bytes = b"", status: int = 0) -> str:
        process = self.start(*words, stdin=stdin)
        said = process.communicate()[0]
        self.said.append(said)
        assert process.returncode == status, said.decode()
        return said.decode()

    def kill(self, when: Callable[[], bool], *words: str, stdin: bytes = b"") -> None:
        """Run a command and kill it as soon as ``when`` says so."""
        process = self.start(*words, stdin=stdin)
        deadline = time.monotonic() + 60
        while not when() and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.002)
        process.kill()
        self.said.append(process.communicate()[0])
        assert process.returncode == -9, self.said[-1].decode()

    def progress(self) -> list[str]:
        path = self.root / ".launch-ready" / "lab.secrets.jsonl"
        return [json.loads(line)["step"] for line in path.read_text().splitlines()] if path.exists() else []

    def phases(self) -> int:
        """How often a command on this machine has noted that it begins to switch."""
        return (self.root / ".launch-ready" / "lab.jsonl").read_text().count('"phase":"switch","hosts":null')

    def watch(self, over: threading.Event) -> None:
        """Look at the arguments and the environment of every process there is, again and again."""
        while not over.is_set():
            for entry in Path("/proc").iterdir():
                for name in ("cmdline", "environ"):
                    try:
                        found = (entry / name).read_bytes() if entry.name.isdecimal() else b""
                    except OSError:
                        continue
                    self.seen.update(form for form in forms(CANARY) if form in found)
            over.wait(0.02)


@pytest.fixture
def checkout(tmp_path: Path) -> Iterator[Checkout]:
    root = tmp_path / "checkout"
    root.mkdir()
    for name in CODE:
        shutil.copytree(ROOT / name, root / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("__main__.py", "Pulumi.yaml", "tasks.py"):
        shutil.copy(ROOT / name, root)
    for extra in ("review", "drift"):
        if (ROOT / extra).is_dir():
            shutil.copytree(ROOT / extra, root / extra, ignore=shutil.ignore_patterns("__pycache__"))
    (root / ".cache").symlink_to(here().cache.resolve())
    made = Checkout(root, (here().net + 60) % 254 + 1)
    try:
        yield made
    finally:
        made.run("lab.down")


def manager(checkout: Checkout) -> Any:
    import boto3

    status = json.loads((checkout.root / ".lab" / "status.json").read_text())
    session = boto3.session.Session("lab", "lab", region_name="eu-west-1")
    return session.client("secretsmanager", endpoint_url=status["aws"]["endpoint_url"])


def test_killed_three_times_it_comes_to_its_end_and_the_value_is_nowhere_to_be_seen(checkout: Checkout) -> None:
    artifact = built()
    checkout.run("lab.up", "--hosts", "1")
    checkout.run("up", "--stack", "lab")
    checkout.run("deploy", "--stack", "lab", "--artifact", artifact, "--watch", "0")
    aws = manager(checkout)
    before = aws.get_secret_value(SecretId=NAME)["SecretString"]
    words = ("secrets.rotate", "--name", "SESSION_KEY", "--stack", "lab")
    over = threading.Event()
    watcher = threading.Thread(target=checkout.watch, args=(over,))
    watcher.start()
    try:
        checkout.kill(lambda: "stored" in checkout.progress(), *words, "--stdin", stdin=f"{CANARY}\n".encode())
        assert "host.stale" in checkout.run("secrets.audit", "--stack", "lab", status=2)
        switches = checkout.phases()
        checkout.kill(lambda: checkout.phases() > switches, *words)
        assert "deployed" not in checkout.progress()
        checkout.kill(lambda: "proved" in checkout.progress(), *words)
        assert "made earlier, and kept sealed" in checkout.run(*words)
    finally:
        over.set()
        watcher.join()
    assert checkout.progress()[-1] == "done"
    assert aws.get_secret_value(SecretId=NAME)["SecretString"] == CANARY != before
    stages = aws.describe_secret(SecretId=NAME)["VersionIdsToStages"]
    assert [labels for labels in stages.values() if labels] == [["AWSCURRENT"]]
    assert "nothing was found, of 2 secrets and 1 hosts" in checkout.run("secrets.audit", "--stack", "lab")

    # Pulumi takes over what is there: no version more.
    checkout.run("preview", "--stack", "lab", "--json")
    checkout.run("up", "--stack", "lab")
    assert aws.describe_secret(SecretId=NAME)["VersionIdsToStages"] == stages
    checkout.run("secrets.list", "--stack", "lab", "--json")
    checkout.run("logs", "--stack", "lab")
    assert checkout.seen == set()
    assert shown_in(checkout) == []


def shown_in(checkout: Checkout) -> list[str]:
    """Where any form of the value stands: in what was said, and in any file of the checkout but the hosts' disks."""
    found = [f"said: {said[:80]!r}" for said in checkout.said if any(form in said for form in forms(CANARY))]
    for folder in (".launch-ready", "stacks", ".lab"):
        for path in (checkout.root / folder).rglob("*"):
            if "hosts" in path.parts or path.is_symlink() or not path.is_file():
                continue
            data = path.read_bytes()
            found += [str(path.relative_to(checkout.root)) for form in forms(CANARY) if form in data]
    journal = checkout.root / ".lab" / "hosts" / "app-1"
    for path in [*journal.rglob("journal.jsonl"), *journal.rglob("*.journal"), *journal.rglob("release.log")]:
        if any(form in path.read_bytes() for form in forms(CANARY)):
            found.append(str(path))
    return found


def built() -> str:
    """The lab's first release, from the cache of artefacts or made now."""
    done = subprocess.run(
        [sys.executable, "-m", "lab.artifacts"], cwd=ROOT, capture_output=True, text=True, check=True, timeout=200
    )
    return next(line.split(" ", 1)[1] for line in done.stdout.splitlines() if line.startswith("v1 "))
