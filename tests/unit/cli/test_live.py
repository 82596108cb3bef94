"""The live view: what it draws, on a real pseudo-terminal, and that it is not there where nobody looks on."""

from __future__ import annotations

import io
import os
import pty
import re
import select
import subprocess
import sys
import time
from pathlib import Path

import pytest
from rich.console import Console

from cli.live import LiveShell, View, wanted
from core.errors import HostError
from core.ports import Input, Ran
from deploy import commands
from deploy.commands import Check
from deploy.layout import Layout

ROOT = Path(__file__).resolve().parents[3]
SWITCH = commands.switch(Layout(), "green", Check("/healthz", 200, "2.0.0"), 10, "{}", must_record=True)


class Time:
    def __init__(self) -> None:
        self.at = 100.0

    def __call__(self) -> float:
        return self.at


class Host:
    """A shell that lets some time pass, and ends as it is told to."""

    def __init__(self, name: str, clock: Time, ends: int | None) -> None:
        self.name, self.clock, self.status = name, clock, ends

    def run(self, script: str, *, timeout: float, stdin: Input = None) -> Ran:
        self.clock.at += 1.5
        if self.status is None:
            raise HostError("lost")
        return Ran(self.status, "", "")


def drawn(view: View) -> list[str]:
    console = Console(record=True, width=80, file=io.StringIO())
    console.print(view.table())
    return [line.rstrip() for line in console.export_text().splitlines()]


def test_a_row_a_host_with_its_phase_colour_version_and_time() -> None:
    clock = Time()
    view = View(["app-1", "app-2", "app-3", "app-4"], clock)
    LiveShell(Host("app-1", clock, 0), view).run(SWITCH, timeout=1)  # type: ignore[arg-type]
    LiveShell(Host("app-2", clock, 1), view).run(SWITCH, timeout=1)  # type: ignore[arg-type]
    with pytest.raises(HostError):
        LiveShell(Host("app-3", clock, None), view).run(SWITCH, timeout=1)  # type: ignore[arg-type]
    assert drawn(view) == [
        "host   phase     colour  version   time",
        "app-1  ✓ switch  green   2.0.0    1.5 s",
        "app-2  ✗ switch  green   2.0.0    1.5 s",
        "app-3  ✗ switch  green   2.0.0    1.5 s",
        "app-4  … login                    4.5 s",
    ]


def test_what_comes_from_elsewhere_is_no_markup_and_no_escape() -> None:
    view = View(["a"])
    script = commands.switch(Layout(), "green", Check("/", 200, "[red]x\x1b[2J"), 10, "{}", must_record=True)
    view.begins("a", script)
    assert "[red]x\\x1b[2J" in drawn(view)[1]


@pytest.mark.parametrize(
    "environment", [{"TERM": "dumb"}, {}, {"TERM": "xterm", "CI": "1"}, {"TERM": "xterm", "NO_COLOR": "1"}]
)
def test_nobody_looks_on(environment: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    assert wanted({"TERM": "xterm"})
    assert not wanted(environment)
    monkeypatch.setattr(sys.stdout, "isatty", lambda: False)
    assert not wanted({"TERM": "xterm"})


PROGRAM = """
import sys, time
sys.path.insert(0, {root!r})
from adapters.clock import SystemClock
from cli.live import shown
from cli.release_text import progress
from core.ports import Ran
from core.settings.release import Release
from deploy import commands
from deploy.fleet import at_once
from deploy.layout import Layout
from deploy.operation import World

class Slow:
    def __init__(self, name):
        self.name = name
    def run(self, script, *, timeout, stdin=None):
        time.sleep({seconds})
        return Ran(0, "begun", "")

lines = progress(quiet=False)
world = World({{name: Slow(name) for name in ("app-1", "app-2")}}, None, SystemClock(), lines, Release())
with shown(world, quiet=False) as looked_on:
    at_once(looked_on.shells, lambda name: looked_on.shells[name].run(commands.begin(Layout(), "x"), timeout=1))
    lines.phase("switch", 1.0, {{"app-1": "verified", "app-2": "verified"}})
print("done")
print(sorted(name for name in sys.modules if name == "rich"))
"""


def on_a_terminal(seconds: float, **environment: str) -> str:
    """What a program writes to a pseudo-terminal."""
    ours, theirs = pty.openpty()
    settings = {name: value for name, value in os.environ.items() if name not in ("CI", "NO_COLOR")}
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM.format(root=str(ROOT), seconds=seconds)],
        stdin=theirs,
        stdout=theirs,
        stderr=subprocess.STDOUT,
        env={**settings, "TERM": "xterm-256color", "COLUMNS": "100", **environment},
    )
    os.close(theirs)
    said, ends = b"", time.monotonic() + 60
    while time.monotonic() < ends and select.select([ours], [], [], 60)[0]:
        try:
            piece = os.read(ours, 65536)
        except OSError:
            # the other end is closed
            break
        if not piece:
            break
        said += piece
    os.close(ours)
    assert process.wait(30) == 0, said
    return said.decode()


def plain(said: str) -> str:
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", said).replace("\r", "")


@pytest.mark.slow
def test_on_a_real_terminal_it_is_drawn_and_wiped_and_the_lines_stay() -> None:
    said = on_a_terminal(2.5)
    shown = plain(said)
    assert "host   phase" in shown
    assert "app-1  … begin" in shown
    assert "\x1b[2K" in said, "the table was not wiped"
    assert said.rindex("\x1b[?25h") > said.rindex("\x1b[?25l"), "the cursor was left hidden"
    assert "✓ switch         1.00 s  app-1, app-2 verified" in shown
    assert shown.rstrip().endswith("done\n['rich']")


def test_what_is_over_soon_does_not_wait_for_it() -> None:
    said = plain(on_a_terminal(0.0))
    assert said == "✓ switch         1.00 s  app-1, app-2 verified\ndone\n[]\n"


@pytest.mark.slow
def test_without_colour_there_are_plain_lines() -> None:
    said = on_a_terminal(1.5, NO_COLOR="1")
    assert said.replace("\r", "") == "✓ switch         1.00 s  app-1, app-2 verified\ndone\n[]\n"
