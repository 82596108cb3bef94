"""`invoke lab.*`: the whole environment on this machine, on 127.0.0.0/8 alone."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from invoke.context import Context
from invoke.exceptions import Exit

from cli.guard import command
from core.errors import LabError
from core.terminal import clean

if TYPE_CHECKING:
    from lab.api import Part

Say = Callable[[str], None]


@command(help={"hosts": "how many app hosts, 1 to 200 (a new lab gets 2, a lab that is up keeps what it has)"})
def up(_context: Context, hosts: str = "") -> None:
    """Bring the lab up, or mend what died: hosts, Cloudflare API, edge, DNS, AWS, mail.

    Safe to run again: what runs and answers is left alone. With another number of hosts, a lab that is up gets more,
    or loses the last ones with all that is on them. Needs root.

    Examples: `invoke lab.up`, `invoke lab.up --hosts 4`.
    """
    from lab import api
    from lab.place import here

    with _progress("bringing the lab up") as say:
        api.up(here(), _count(hosts), say)


@command()
def down(_context: Context) -> None:
    """Take the lab down, or what is left of one: nothing but the cache stays.

    Example: `invoke lab.down`.
    """
    from lab import api
    from lab.place import here

    with _progress("taking the lab down") as say:
        api.down(here(), say)


@command(help={"json": "print the status document: what a client must know to use the lab, its token too"})
def status(_context: Context, json: bool = False) -> None:
    """Show each part of the lab; the exit status is 1 if one is dead or does not answer.

    Examples: `invoke lab.status`, `invoke lab.status --json | jq -r .edge.address`.
    """
    from json import dumps

    from lab import api
    from lab.place import here

    if json:
        print(dumps(api.status(here()), indent=2))
        return
    parts = api.parts(here())
    print("\n".join(table(parts)))
    if any(part.state != "up" for part in parts):
        raise Exit("error: a part of the lab is not up: run `invoke lab.up` to mend it", code=LabError.exit_code)


def table(parts: Sequence[Part]) -> list[str]:
    """The lines of `invoke lab.status`, columns aligned."""
    rows = [("PART", "STATE", "PID", "UPTIME", "ADDRESS")]
    for part in parts:
        pid = "-" if part.pid is None else str(part.pid)
        uptime = "-" if part.uptime is None else duration(part.uptime)
        rows.append((part.name, part.state, pid, uptime, part.address))
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]


def duration(seconds: float) -> str:
    """``seconds`` as people say it: ``42 s``, ``3 min 5 s``, ``2 h 10 min``."""
    whole = int(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def _count(text: str) -> int | None:
    # Invoke would end a number that is none with a traceback of its own: so the option is text, and read here.
    if not text:
        return None
    if not text.isdecimal():
        raise LabError(f"--hosts takes a number from 1 to 200, and {text!r} is none")
    return int(text)


@contextmanager
def _progress(title: str) -> Iterator[Say]:
    """Lines as things happen, and on a terminal a spinner below them."""
    if not sys.stdout.isatty():
        yield lambda line: print(clean(line), flush=True)
        return
    from rich.console import Console
    from rich.markup import escape

    console = Console(highlight=False)
    with console.status(title):
        yield lambda line: console.print(escape(clean(line)))
