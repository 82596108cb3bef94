"""Git run on a repository that may be hostile: nothing of its configuration is executed, nothing is fetched."""

from __future__ import annotations

import os
import subprocess
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from adapters.wide_pipe import widen
from core.errors import CheckError
from core.terminal import clean

_LONGEST_ERROR = 300

# Files above this are never compared, only told of; packs are read through small windows.
BIG_BYTES = 16 * 1024 * 1024
_SETTINGS = (
    "safe.directory=*",
    "core.fsmonitor=false",
    "core.hooksPath=/dev/null",
    "core.attributesFile=/dev/null",
    "core.quotePath=true",
    f"core.bigFileThreshold={BIG_BYTES}",
    "core.packedGitWindowSize=32m",
    "core.packedGitLimit=256m",
    "core.deltaBaseCacheLimit=96m",
    "core.commitGraph=false",
    "diff.external=",
    "diff.noprefix=false",
    "diff.mnemonicPrefix=false",
    "diff.submodule=short",
    "diff.suppressBlankEmpty=false",
    "diff.interHunkContext=0",
    "diff.relative=false",
    "log.showSignature=false",
    "log.showRoot=true",
    "log.mailmap=false",
    "gc.auto=0",
    "maintenance.auto=false",
)
_ENVIRONMENT = {
    "LC_ALL": "C",
    "HOME": "/nonexistent",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_ATTR_NOSYSTEM": "1",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_GRAFT_FILE": os.devnull,
    # Of a partial clone nothing is fetched: no transport has this name.
    "GIT_ALLOW_PROTOCOL": "none",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_PAGER": "cat",
}


class SafeGit:
    """Git in ``folder``; every command is ended after ``seconds``."""

    def __init__(self, folder: Path, seconds: float, ceiling: Path | None = None) -> None:
        """A repository around ``folder`` is taken too, but none that lies at ``ceiling`` or above it."""
        self._folder = folder
        self._seconds = seconds
        self._environment = {"PATH": os.environ.get("PATH", os.defpath), **_ENVIRONMENT}
        if ceiling is not None:
            self._environment["GIT_CEILING_DIRECTORIES"] = str(ceiling.resolve())

    def say(self, *words: str, stdin: bytes = b"") -> str:
        """As :meth:`ask`, as text."""
        return self.ask(*words, stdin=stdin).decode("utf-8", "replace")

    def ask(self, *words: str, stdin: bytes = b"") -> bytes:
        """What a command says. Raises :class:`CheckError`."""
        try:
            done = subprocess.run(
                self._argv(words),
                input=stdin,
                capture_output=True,
                check=False,
                timeout=self._seconds,
                env=self._environment,
            )
        except subprocess.TimeoutExpired:
            raise CheckError(f"git {words[0]} did not end within {self._seconds:g} s") from None
        except OSError as error:
            raise CheckError(f"git cannot be run ({error.strerror}): install it") from None
        if done.returncode:
            raise CheckError(_failed(words[0], done.returncode, done.stderr))
        return done.stdout

    @contextmanager
    def reading(self, *words: str, stdin: bytes = b"") -> Iterator[IO[bytes]]:
        """The output of a command as it comes. Raises :class:`CheckError` at the end for one that failed or was late.

        ``stdin`` is written beside what is read, so neither waits for the other.
        """
        try:
            process = subprocess.Popen(
                self._argv(words),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env=self._environment,
                bufsize=1 << 18,
            )
        except OSError as error:
            raise CheckError(f"git cannot be run ({error.strerror}): install it") from None
        widen(process.stdout)
        late = threading.Event()

        def end() -> None:
            late.set()
            process.kill()

        timer = threading.Timer(self._seconds, end)
        said = _Gathered(process, stdin)
        timer.start()
        try:
            if process.stdout is None:
                raise TypeError("the output was asked for")
            yield process.stdout
            process.wait()
        finally:
            timer.cancel()
            process.kill()
            process.wait()
            said.join()
            if process.stdout is not None:
                process.stdout.close()
        if late.is_set():
            raise CheckError(f"git {words[0]} did not end within {self._seconds:g} s")
        if process.returncode:
            raise CheckError(_failed(words[0], process.returncode, said.errors))

    def _argv(self, words: Sequence[str]) -> list[str]:
        settings = [word for setting in _SETTINGS for word in ("-c", setting)]
        return [
            "git",
            "--no-pager",
            "--no-replace-objects",
            "--literal-pathspecs",
            *settings,
            "-C",
            str(self._folder),
            *words,
        ]


class _Gathered:
    """Writes a process's input and keeps the end of what it complains of, each in a thread of its own."""

    def __init__(self, process: subprocess.Popen[bytes], stdin: bytes) -> None:
        self.errors = b""
        self._threads = [
            threading.Thread(target=self._write, args=(process, stdin), daemon=True),
            threading.Thread(target=self._read, args=(process,), daemon=True),
        ]
        for thread in self._threads:
            thread.start()

    def join(self) -> None:
        """Both end with the process."""
        for thread in self._threads:
            thread.join()

    def _write(self, process: subprocess.Popen[bytes], stdin: bytes) -> None:
        if process.stdin is None:
            raise TypeError("the input was asked for")
        try:
            with process.stdin:
                process.stdin.write(stdin)
        except BrokenPipeError:
            # It has ended without reading all: its status tells why.
            return

    def _read(self, process: subprocess.Popen[bytes]) -> None:
        if process.stderr is None:
            raise TypeError("the errors were asked for")
        with process.stderr:
            while line := process.stderr.readline(1 << 16):
                self.errors = (self.errors + line)[-4096:]


def _failed(command: str, status: int, errors: bytes) -> str:
    lines = [line for line in errors.decode("utf-8", "replace").splitlines() if line.strip()]
    fatal = next((line for line in lines if line.startswith(("fatal", "error"))), lines[-1] if lines else "")
    return f"git {command} ended with status {status}: {clean(fatal)[:_LONGEST_ERROR]}"
