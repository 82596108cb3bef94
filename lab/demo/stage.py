"""The stage: runs the commands that a user would type, shows them as they run, and keeps what they proved."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from rich.console import Console
from rich.markup import escape

from core.errors import LabError
from lab.place import Place

CLEANING_SECONDS = 60
"""How long an interrupted command may take to clean up after itself."""


@dataclass(frozen=True)
class Ran:
    """A command that ended: its exit status, whole-process seconds, and all that it printed."""

    status: int
    seconds: float
    output: str


@dataclass(frozen=True)
class Claim:
    """Something that the demo says of itself, whether it held, and what was seen."""

    text: str
    held: bool
    seen: str = ""


@dataclass
class Stage:
    """What is shown, and the claims that are kept."""

    place: Place
    console: Console = field(default_factory=lambda: Console(highlight=False))
    claims: list[Claim] = field(default_factory=list)

    @property
    def held(self) -> bool:
        """Whether every claim so far held."""
        return all(claim.held for claim in self.claims)

    def act(self, title: str) -> None:
        """Begin a part of the story."""
        self.console.print()
        self.console.rule(f"[bold]{escape(title)}", align="left")

    def say(self, text: str) -> None:
        """A line of plain text."""
        self.console.print(escape(text), soft_wrap=True)

    def claim(self, text: str, held: bool, seen: str = "") -> None:
        """Say whether something held, and keep it for the end."""
        self.claims.append(Claim(text, held, seen))
        sign = "[green]✓[/]" if held else "[bold red]✗[/]"
        self.console.print(f"  {sign} {escape(text)}" + (f" [dim]({escape(seen)})[/]" if seen else ""), soft_wrap=True)

    def invoke(self, *arguments: str, expect: int = 0) -> Ran:
        """Run an Invoke task as a user would, its lines shown as they come; its exit status is a claim."""
        typed = " ".join(("invoke", *arguments))
        self.console.print(f"[bold cyan]$ {escape(typed)}[/]", soft_wrap=True)
        ran = self._run([sys.executable, "-m", "invoke", *arguments])
        if ran.status != expect:
            self.claim(f"`{typed}` ends with status {expect}", False, f"it ended with {ran.status}")
        return ran

    def ask(self, *arguments: str) -> Any:
        """The JSON that an Invoke task prints, or nothing if it failed; nothing is shown."""
        command = [sys.executable, "-m", "invoke", *arguments, "--json"]
        done = subprocess.run(command, cwd=self.place.root, capture_output=True, text=True, check=False, timeout=120)
        return json.loads(done.stdout) if done.returncode == 0 else None

    def _run(self, command: list[str]) -> Ran:
        started = time.monotonic()
        lines: list[str] = []
        with subprocess.Popen(
            command,
            cwd=self.place.root,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            # Ctrl-C on the terminal is for the demo, which passes it on once: a second would disturb the cleaning up.
            start_new_session=True,
        ) as process:
            try:
                for line in process.stdout or ():
                    lines.append(line)
                    self.console.print("  " + escape(line.rstrip("\n")), style="dim", soft_wrap=True)
            except KeyboardInterrupt:
                # It cleans up after itself, and what we clean up comes after that.
                process.send_signal(signal.SIGINT)
                process.communicate(timeout=CLEANING_SECONDS)
                raise
        return Ran(process.returncode, time.monotonic() - started, "".join(lines))

    @contextmanager
    def background(self, module: str, *arguments: str, ready: str) -> Iterator[None]:
        """A module of the lab that runs beside the story from when it says ``ready``.

        At the end it is asked to end (SIGTERM), waited for, and its last lines are shown. Raises :class:`LabError` if
        it ended before it was ready.
        """
        command = [sys.executable, "-m", module, *arguments]
        with subprocess.Popen(
            command, cwd=self.place.root, stdout=subprocess.PIPE, text=True, start_new_session=True
        ) as process:
            output = process.stdout
            if output is None or output.readline().strip() != ready:
                process.kill()
                raise LabError(f"`python -m {module}` could not begin: its last words stand above")
            try:
                yield
            finally:
                process.terminate()
                for line in output:
                    self.console.print("  " + escape(line.rstrip("\n")), style="dim")
