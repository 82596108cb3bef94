"""The Pulumi CLI: its command lines as values, and the one place that runs them.

Secrets go by the environment and never into an argv, which every user of a machine can read.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from types import FrameType

from core.errors import EngineError
from core.signals import handled

PROGRAM = "pulumi"


def up(stack: str, *, yes: bool = False) -> list[str]:
    """``pulumi up``; without ``yes`` it shows its preview and asks."""
    return [PROGRAM, "up", "--stack", stack, *_yes(yes)]


def preview(stack: str, *, as_json: bool = False, whole: bool = False) -> list[str]:
    """``pulumi preview``; with ``as_json`` its document goes to standard output.

    With ``whole`` the document also has what does not change, and the halves of replacements in their order.
    """
    more = ["--show-sames", "--show-replacement-steps"] if whole else []
    return [PROGRAM, "preview", "--stack", stack, *(["--json"] if as_json else ["--diff"]), *more]


def destroy(stack: str, *, yes: bool = False) -> list[str]:
    """``pulumi destroy``."""
    return [PROGRAM, "destroy", "--stack", stack, *_yes(yes)]


def refresh(stack: str, *, yes: bool = False) -> list[str]:
    """``pulumi refresh``: state only."""
    return [PROGRAM, "refresh", "--stack", stack, *_yes(yes)]


def outputs(stack: str, *, as_json: bool = False, show_secrets: bool = False) -> list[str]:
    """``pulumi stack output``."""
    options = [*(["--json"] if as_json else []), *(["--show-secrets"] if show_secrets else [])]
    return [PROGRAM, "stack", "output", "--stack", stack, *options]


def installed() -> bool:
    """Whether the CLI is on the PATH."""
    return shutil.which(PROGRAM) is not None


def require() -> None:
    """Raise :class:`EngineError` if the CLI is not on the PATH."""
    if not installed():
        raise EngineError(
            "the Pulumi CLI is not on the PATH: run scripts/setup, which installs it where the network allows"
        )


def run(argv: Sequence[str], folder: Path, environment: Mapping[str, str]) -> None:
    """Run a command line on this terminal, with ``environment`` on top of this process's own.

    Raises :class:`EngineError` if it fails; its own words have said why. An interrupt is the CLI's to deal with: it
    finishes the step that it is at and writes its state.
    """
    process = subprocess.Popen(argv, cwd=folder, env={**os.environ, **environment})
    with _left_to(process):
        status = process.wait()
    if status:
        raise EngineError(f"`{' '.join(argv[:2])}` ended with status {status}: what it printed says why")


def run_into(file: Path, argv: Sequence[str], folder: Path, environment: Mapping[str, str]) -> int:
    """As :func:`run`, with standard output written to ``file``. Returns the exit status, for the file may say why."""
    with file.open("wb") as out:
        process = subprocess.Popen(argv, cwd=folder, env={**os.environ, **environment}, stdout=out)
        with _left_to(process):
            return process.wait()


def _left_to(process: subprocess.Popen[bytes]) -> AbstractContextManager[None]:
    def nothing(_number: int, _frame: FrameType | None) -> None:
        """Ctrl-C reaches the CLI by itself, and a second one would make it give up half-way."""

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        process.send_signal(signal.SIGINT)

    return handled({signal.SIGINT: nothing, signal.SIGTERM: interrupt, signal.SIGHUP: interrupt})


def _yes(yes: bool) -> list[str]:
    return ["--yes"] if yes else []
