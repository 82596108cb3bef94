"""A command on this machine."""

from __future__ import annotations

import os
import signal
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

from core.ports import Ran

_MOST_BYTES = 64 * 1024


class LocalCommand:
    """Fulfils :class:`core.ports.LocalCommand`, in ``folder``, with ``environment`` beside this process's own."""

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        self._folder = folder
        self._environment = dict(environment)

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

        with subprocess.Popen(
            list(words),
            cwd=self._folder,
            env={**os.environ, **self._environment, **environment},
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=err,
            start_new_session=True,
        ) as process:
            try:
                return process.wait(timeout)
            finally:
                if process.poll() is None:
                    os.killpg(process.pid, signal.SIGKILL)


def _last(file: IO[bytes]) -> str:
    size = file.seek(0, os.SEEK_END)
    file.seek(max(0, size - _MOST_BYTES))
    return file.read().decode("utf-8", "replace")
