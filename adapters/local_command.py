"""A command on this machine."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING

from core.ports import Ran

if TYPE_CHECKING:
    from subprocess import Popen

_MOST_BYTES = 64 * 1024


class LocalCommand:
    """Fulfils :class:`core.ports.LocalCommand`, in ``folder``, with ``environment`` beside this process's own.

    Threads may share it.
    """

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        self._folder = folder
        self._environment = dict(environment)
        self._lock = threading.Lock()
        self._running: set[Popen[bytes]] = set()
        self._ended = False

    def end(self) -> None:
        """End every command that runs, and start no more: each has ended with the status that a signal gives."""
        with self._lock:
            self._ended = True
            for process in self._running:
                _kill(process)

    def run(self, words: Sequence[str], *, environment: Mapping[str, str], timeout: float) -> Ran:
        """Into files, so that a child which it leaves behind with its output open cannot hold this up."""
        # A rollback has this at hand too, and does not wait for what it never needs.
        import subprocess
        import tempfile

        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
            try:
                status = self._run(words, environment, timeout, out, err)
            except OSError as error:
                return Ran(127, "", f"it cannot be started: {error.strerror or error}")
            except subprocess.TimeoutExpired:
                return Ran(124, _last(out), f"{_last(err)}\nit took longer than {timeout:g} s")
            return Ran(status, _last(out), _last(err))

    def _run(
        self, words: Sequence[str], environment: Mapping[str, str], timeout: float, out: IO[bytes], err: IO[bytes]
    ) -> int:
        import subprocess

        with self._lock:
            if self._ended:
                raise OSError("the run is over")
            process = subprocess.Popen(
                list(words),
                cwd=self._folder,
                env={**os.environ, **self._environment, **environment},
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                start_new_session=True,
            )
            self._running.add(process)
        with process:
            try:
                return process.wait(timeout)
            finally:
                with self._lock:
                    self._running.discard(process)
                    _kill(process)


def _kill(process: Popen[bytes]) -> None:
    """The process and what it started, unless it has ended."""
    if process.poll() is None:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)


def _last(file: IO[bytes]) -> str:
    size = file.seek(0, os.SEEK_END)
    file.seek(max(0, size - _MOST_BYTES))
    return file.read().decode("utf-8", "replace")
