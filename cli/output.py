"""What a command writes: lines on the way, which nobody has to read, and a result, which must arrive."""

from __future__ import annotations

import io
import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

from core.errors import LaunchReadyError

_shown: list[str] = []


def begin() -> None:
    """A command begins: nothing was shown yet. A stream that was closed before it (`>&-`) leads to nowhere.

    What the terminal's encoding has not (a tick in Latin-1) is shown as its escape.
    """
    _shown.clear()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, Path(os.devnull).open(mode, encoding="utf-8"))  # noqa: SIM115 - until the process ends


def say(text: str, *, aside: bool = False) -> None:
    """Print ``text`` at once, ``aside`` on standard error.

    A reader that went away (`| head`, a closed terminal, a full disk) stops nothing: what is under way on the hosts
    goes on unheard.
    """
    stream = sys.stderr if aside else sys.stdout
    try:
        print(text, file=stream, flush=True)
    except OSError:
        forget(stream)


def show(what: str | Mapping[str, Any]) -> None:
    """Print a result: lines as they are, a document as JSON.

    Raises :class:`LaunchReadyError` where it cannot be written, :class:`BrokenPipeError` where its reader went away.
    """
    text = what if isinstance(what, str) else json.dumps(what, indent=2)
    _shown.append(text)
    try:
        print(text, flush=True)
    except BrokenPipeError:
        raise
    except OSError as error:
        forget(sys.stdout)
        raise LaunchReadyError(f"the result could not be written to standard output ({error.strerror})") from None


def show_failure(message: str, status: int) -> None:
    """The document of a command that failed: one that showed its result already has said what there is to say."""
    if not _shown:
        show({"error": message, "exit_status": status})


def forget(stream: IO[str]) -> None:
    """Have ``stream`` lead to nowhere: the interpreter would try what is left of it at its end, and complain."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
