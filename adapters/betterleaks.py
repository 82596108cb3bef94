"""The scanner betterleaks, run as a process on a stream of pieces. It reads nothing else, and asks nobody.

Its exit status and its log do not say over how much it came; its report does, byte by byte.
"""

from __future__ import annotations

import bisect
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from adapters.scanner_rules import CONFIG, OVER_LINES, belongs, key_store
from adapters.scanner_windows import BREAK, after, windows
from adapters.wide_pipe import widen
from core.errors import CheckError
from core.leaks import Leak, Piece, Scanned
from core.terminal import clean

_SECONDS = 240.0
_MOST_REPORT = 64 * 1024 * 1024
_BUFFER = 1 << 18


class Betterleaks:
    """Fulfils :class:`core.leaks.Scanner`; what it writes lies in ``folder`` for as long as it runs."""

    def __init__(self, folder: Path, seconds: float = _SECONDS) -> None:
        self._folder = folder
        self._seconds = seconds

    def scan(self, pieces: Iterable[Piece]) -> Scanned:
        """Each piece once, in one stream."""
        began = time.monotonic()
        with tempfile.TemporaryDirectory(dir=self._folder) as name:
            folder = Path(name)
            (folder / "config.toml").write_text(CONFIG, encoding="utf-8")
            fed = self._fed(folder, pieces)
            report = _report(folder / "report.json")
        scan = report.get("scan") or {}
        if scan.get("state") != "complete" or scan.get("bytes_scanned") != fed.bytes:
            raise CheckError(
                f"betterleaks looked at {scan.get('bytes_scanned')} of {fed.bytes} bytes (state {scan.get('state')!s}):"
                " run the check again"
            )
        tool = f"betterleaks {clean(str(scan.get('betterleaks_version', '')))[:40]}"
        found = (fed.leak(each) for each in report.get("findings") or () if fed.is_of_one(each))
        # What stands where two windows meet is found in both.
        leaks = dict.fromkeys(leak for leak in (*found, *fed.stores) if belongs(leak))
        return Scanned(tuple(leaks), fed.pieces, fed.bytes, tool, time.monotonic() - began)

    def _fed(self, folder: Path, pieces: Iterable[Piece]) -> _Fed:
        words = [_binary(), "stdin", "--config", "config.toml", "--output", "report.json", "--silent"]
        # Without --redact, which strikes a value like "password" out of rules' and files' names too: the report, which
        # only this user can read, goes with its folder. And a mark in a line closes nothing here: the baseline does.
        words += ["--no-allow-signatures", "--no-color", "--exit-code", "0"]
        with (folder / "said").open("wb") as said:
            process = subprocess.Popen(
                words,
                cwd=folder,
                stdin=subprocess.PIPE,
                stdout=said,
                stderr=said,
                env=_environment(folder),
                bufsize=_BUFFER,
            )
        widen(process.stdin)
        late = threading.Timer(self._seconds, process.kill)
        late.start()
        fed = _Fed()
        try:
            whole = fed.feed(process, pieces)
            status = process.wait()
        finally:
            late.cancel()
            process.kill()
            process.wait()
        if status or not whole:
            lines = (folder / "said").read_text(encoding="utf-8", errors="replace").strip().splitlines() or [""]
            raise CheckError(
                f"betterleaks ended with status {status} before it had read all, or after {self._seconds:g} s:"
                f" {clean(lines[-1])[:200]}"
            )
        return fed


class _Fed:
    """What went into the stream: where each part of a piece begins, by the number of its first line.

    ``stores`` are the files that are a leak by their names alone.
    """

    def __init__(self) -> None:
        self.bytes = self.pieces = 0
        self.starts: list[int] = []
        self.stores: list[Leak] = []
        self._lasts: list[int] = []
        self._places: list[tuple[str, str, int]] = []
        self._paths: set[str] = set()
        self._line = 1

    def feed(self, process: subprocess.Popen[bytes], pieces: Iterable[Piece]) -> bool:
        """Write them all and close the stream: whether it was read to its end."""
        if process.stdin is None:
            raise TypeError("the input was asked for")
        try:
            with process.stdin as stream:
                for piece in pieces:
                    self._meet(piece)
                    for data, line in windows(piece):
                        end = after(data)
                        stream.write(data)
                        stream.write(end)
                        self._note(piece, data, line)
                        self._line += end.count(b"\n")
                        self.bytes += len(end)
        except BrokenPipeError:
            return False
        return True

    def leak(self, found: dict[str, Any]) -> Leak:
        """A finding of its report, with the place that its line is of."""
        location, match = found.get("location") or {}, found.get("match") or {}
        line = int(location.get("start_line", 1))
        at = self._part(line)
        place, path, first = self._places[at]
        return Leak(
            rule=clean(str(found.get("rule_id", "")))[:80],
            what=clean(str(found.get("description", "")))[:200],
            confidence=clean(str(found.get("confidence", "")))[:10],
            place=place,
            path=path,
            line=first + line - self.starts[at] if first else 0,
            fingerprint=str(match.get("fingerprint", "")),
        )

    def is_of_one(self, found: dict[str, Any]) -> bool:
        """Whether a finding of its report ends in the part where it begins, give or take the break after it."""
        location = found.get("location") or {}
        start, end = int(location.get("start_line", 1)), int(location.get("end_line", 1))
        return found.get("rule_id") not in OVER_LINES or end < self._lasts[self._part(start)] + len(BREAK)

    def _part(self, line: int) -> int:
        return max(0, bisect.bisect_right(self.starts, line) - 1)

    def _meet(self, piece: Piece) -> None:
        self.pieces += 1
        if piece.path not in self._paths:
            self._paths.add(piece.path)
            if (store := key_store(piece)) is not None:
                self.stores.append(store)

    def _note(self, piece: Piece, data: bytes, line: int) -> None:
        self.starts.append(self._line)
        self._places.append((piece.place, piece.path, line))
        self._line += data.count(b"\n")
        self.bytes += len(data)
        self._lasts.append(self._line)


def _binary() -> str:
    # The package's command is a Python program that starts this one.
    package = importlib.util.find_spec("betterleaks")
    for folder in (package.submodule_search_locations or ()) if package else ():
        if os.access(inside := Path(folder) / "bin" / "betterleaks", os.X_OK):
            return str(inside)
    beside = Path(sys.executable).parent / "betterleaks"
    found = str(beside) if beside.exists() else shutil.which("betterleaks")
    if found is None:
        raise CheckError("betterleaks is not there: run scripts/setup")
    return found


def _environment(folder: Path) -> dict[str, str]:
    """No word of its own configuration, and no token that it could try out, comes from ours."""
    return {"PATH": os.defpath, "HOME": str(folder), "TMPDIR": str(folder), "GOMEMLIMIT": "512MiB"}


def _report(path: Path) -> dict[str, Any]:
    try:
        if path.stat().st_size > _MOST_REPORT:
            raise CheckError("betterleaks reports more than 64 MiB of findings: look at the repository by hand")
        found = json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise CheckError(f"betterleaks left no report that can be read ({type(error).__name__})") from None
    if not isinstance(found, dict):
        raise CheckError("betterleaks left no report that can be read")
    return found
