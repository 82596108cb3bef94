"""A run's progress on a terminal or in a file: a line for each resource as it is done."""

from __future__ import annotations

from typing import TextIO

from lab.engine import render
from lab.engine.model import Event, Op, Progress

_STYLES = {
    Op.CREATE: "green",
    Op.REPLACE: "magenta",
    Op.CREATE_REPLACEMENT: "green",
    Op.UPDATE: "yellow",
    Op.DELETE: "red",
    Op.DELETE_REPLACED: "red",
}


def progress_to(stream: TextIO) -> Progress:
    """What writes to ``stream``: in colour on a terminal, plain lines elsewhere."""
    return _coloured(stream) if stream.isatty() else _plain(stream)


def _plain(stream: TextIO) -> Progress:
    def show(event: Event) -> None:
        if (text := render.line(event)) is not None:
            stream.write(f"{text}\n")
            stream.flush()

    return show


def _coloured(stream: TextIO) -> Progress:
    from rich.console import Console
    from rich.text import Text

    console = Console(file=stream, highlight=False)

    def show(event: Event) -> None:
        if (text := render.line(event)) is not None:
            style = "bold red" if event.status == "failed" else _STYLES.get(Op(event.op), "") if event.op else "dim"
            # As Text: names in brackets are no markup.
            console.print(Text(text, style=style), soft_wrap=True)

    return show
