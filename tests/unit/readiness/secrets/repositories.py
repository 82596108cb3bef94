"""Small repositories with something wrong in them, and the target that looks at them."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from adapters.betterleaks import Betterleaks
from adapters.clock import SystemClock
from adapters.git_repository import GitRepository
from core.secret import Secret
from readiness.check import Result
from readiness.redact import Redactor
from readiness.rows.secrets.repository import repository
from readiness.target import Target

# In pieces, so that the check finds none of them in this file.
GITHUB = "ghp_" + "x7Kq2LmZp9RtVw3YbNc8" + "Ds5FgHj1Qa4UeXo6"
CLOUDFLARE = "_" + "Ab3dEf6hIj9LmN0pQrS2tUv4WxY5zAb7CdE8fGh1" + "deadbeef"
_WHO = {f"GIT_{who}_{what}": "x@y.test" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}


@dataclass(frozen=True)
class Repo:
    """A repository in a folder."""

    folder: Path

    def git(self, *words: str, stdin: str = "") -> str:
        """Run Git as its owner would."""
        environment = {**os.environ, **_WHO, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
        command = ["git", "-C", str(self.folder), "-c", "protocol.file.allow=always", *words]
        done = subprocess.run(command, input=stdin, capture_output=True, text=True, check=True, env=environment)
        return done.stdout.strip()

    def write(self, name: str, content: str | bytes) -> Path:
        """A file of the working tree."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def commit(self, name: str, content: str | bytes | None, message: str = "change") -> str:
        """Write a file, or remove it, and commit; the commit's id."""
        if content is None:
            self.git("rm", "-q", name)
        else:
            self.write(name, content)
            self.git("add", name)
        self.git("commit", "-q", "-m", message)
        return self.git("rev-parse", "HEAD")


def made(folder: Path) -> Repo:
    """A repository with one honest commit."""
    folder.mkdir(parents=True, exist_ok=True)
    repo = Repo(folder)
    repo.git("init", "-q", "-b", "main")
    repo.commit("README.md", "A platform.\n")
    return repo


def looked(
    folder: Path, scratch: Path, values: Mapping[str, str] | None = None, seconds: float = 60
) -> dict[str, Result]:
    """What the probe says of the repository at ``folder``, by check."""
    own = {name: Secret(value) for name, value in (values or {"session-key": "nobody-has-this-value-4711"}).items()}
    target: Any = SimpleNamespace(
        root=folder,
        repository=GitRepository(folder, seconds),
        scanner=Betterleaks(scratch, seconds=120),
        own_secrets=lambda: own,
        clock=SystemClock(),
        redactor=Redactor(),
    )
    return {result.check.id: result for result in repository(cast("Target", target))}
