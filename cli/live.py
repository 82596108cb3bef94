"""On a terminal: a row a host, with what it is at, while a release is under way. What stays is the lines beneath it.

It looks on from between the command and its hosts' shells, so that nothing else knows of it.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from core.errors import LaunchReadyError
from core.ports import Held, Input, Ran, Shell
from core.terminal import clean
from deploy.script import step_in, values_of

if TYPE_CHECKING:
    from rich.table import Table

    from deploy.operation import World

T = TypeVar("T")

# A warm rollback is over before somebody could read a table, and shall not wait for Rich to be imported.
_PATIENCE_SECONDS = 0.4
_A_SECOND = 8


def wanted(environment: Mapping[str, str]) -> bool:
    """Does somebody look on, at a terminal that can be drawn on? (https://no-color.org, terminfo's ``dumb``)"""
    plain = environment.get("TERM", "dumb") == "dumb" or environment.get("NO_COLOR") or environment.get("CI")
    return sys.stdout.isatty() and not plain


@contextmanager
def shown(world: World, *, quiet: bool) -> Iterator[World]:
    """``world``, with its hosts shown live if somebody looks on."""
    if quiet or not wanted(os.environ):
        yield world
        return
    view = View(list(world.shells))
    with view.drawn():
        yield replace(world, shells={name: LiveShell(shell, view) for name, shell in world.shells.items()})


@dataclass
class Row:
    """What one host is at. ``colour`` and ``version`` are those that the step is about; times in seconds."""

    step: str = "login"
    colour: str = ""
    version: str = ""
    began: float = 0.0
    ended: float | None = None
    failed: bool = False


class View:
    """The rows, drawn over and over by a thread of its own."""

    def __init__(self, names: list[str], now: Callable[[], float] = time.monotonic) -> None:
        """``now`` is a clock in seconds."""
        self._now = now
        self._rows = {name: Row(began=now()) for name in names}
        self._over = threading.Event()

    def begins(self, name: str, script: str) -> None:
        """A host begins a script."""
        values = values_of(script)
        row = self._rows[name]
        step = step_in(script) or row.step
        colour, version = values.get("colour", row.colour), values.get("version", row.version)
        self._rows[name] = Row(step, colour, version, self._now())

    def ends(self, name: str, *, failed: bool) -> None:
        """A host is through with it."""
        self._rows[name] = replace(self._rows[name], ended=self._now(), failed=failed)

    @contextmanager
    def drawn(self) -> Iterator[None]:
        """Draw it until the block is left; then it is wiped."""
        thread = threading.Thread(target=self._draw, daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._over.set()
            thread.join(5)

    def _draw(self) -> None:
        if self._over.wait(_PATIENCE_SECONDS):
            return
        from rich.live import Live

        # What is printed meanwhile goes through it and stays, above the table.
        with Live(get_renderable=self.table, refresh_per_second=_A_SECOND, transient=True):
            self._over.wait()

    def table(self) -> Table:
        """The rows as they are now."""
        from rich.table import Table
        from rich.text import Text

        table = Table(box=None, pad_edge=False)
        for heading in ("host", "phase", "colour", "version"):
            table.add_column(heading)
        table.add_column("time", justify="right")
        for name, row in list(self._rows.items()):
            mark, style = ("✗", "red") if row.failed else ("✓", "green") if row.ended else ("…", "yellow")
            seconds = (row.ended or self._now()) - row.began
            table.add_row(
                Text(clean(name)),
                Text(f"{mark} {row.step}", style=style),
                Text(row.colour, style=row.colour if row.colour in ("blue", "green") else ""),
                Text(clean(row.version)),
                Text(f"{seconds:.1f} s"),
            )
        return table


class LiveShell:
    """Fulfils :class:`core.ports.Shell`: the shell that it is given, looked on."""

    def __init__(self, shell: Shell, view: View) -> None:
        self._shell = shell
        self._view = view

    @property
    def name(self) -> str:
        """The host's name in every message."""
        return self._shell.name

    def connect(self) -> None:
        """Log in."""
        self._shell.connect()

    def run(self, script: str, *, timeout: float, stdin: Input = None) -> Ran:
        """As the shell does."""
        return self._seen(script, lambda: self._shell.run(script, timeout=timeout, stdin=stdin), lambda ran: ran.status)

    def pull(self, script: str, into: Path, *, timeout: float) -> Ran:
        """As the shell does."""
        return self._seen(script, lambda: self._shell.pull(script, into, timeout=timeout), lambda ran: ran.status)

    def hold(self, script: str, *, timeout: float) -> Held:
        """As the shell does."""
        return self._seen(script, lambda: self._shell.hold(script, timeout=timeout), lambda held: held.said.status)

    def close(self) -> None:
        """As the shell does."""
        self._shell.close()

    def _seen(self, script: str, work: Callable[[], T], status: Callable[[T], int]) -> T:
        self._view.begins(self.name, script)
        try:
            done = work()
        except LaunchReadyError:
            self._view.ends(self.name, failed=True)
            raise
        self._view.ends(self.name, failed=status(done) != 0)
        return done
