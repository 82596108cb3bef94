"""The program's process: started early, given its settings when the monitor is ready, ended with the run."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from core.errors import EngineError
from core.secret import REDACTED

_LAUNCHER = Path(__file__).with_name("launcher.py")
_TAIL = 12
_END_SECONDS = 2.0
# Secrets shorter than this are left in the program's output, as Pulumi does: they would blank out ordinary words.
_SHORTEST_SECRET = 4
# What the program has no use for: its secrets come decrypted, its resources are made by the engine.
_WITHHELD = ("PULUMI_CONFIG_PASSPHRASE", "PULUMI_CONFIG_PASSPHRASE_FILE", "CLOUDFLARE_API_TOKEN", "CLOUDFLARE_API_KEY")


class Redactor:
    """Blanks out known secrets in what a program says."""

    def __init__(self, words: Iterable[str] = ()) -> None:
        """Take the secrets."""
        self._words = sorted({word for word in words if len(word) >= _SHORTEST_SECRET}, key=len, reverse=True)

    def __call__(self, text: str) -> str:
        """``text`` with each secret in it as ``[secret]``."""
        for word in self._words:
            text = text.replace(word, REDACTED)
        return text


def environment(base: Mapping[str, str]) -> dict[str, str]:
    """The environment of the program's process."""
    kept = {key: value for key, value in base.items() if key not in _WITHHELD}
    # The monitor is on this machine: a proxy for gRPC would not find it.
    return {**kept, "no_grpc_proxy": "127.0.0.1", "PYTHONUNBUFFERED": "1"}


class ProgramProcess:
    """A Pulumi program on its way."""

    def __init__(self, folder: Path) -> None:
        """Start the process: it gets ready and waits for :meth:`go`."""
        reading, writing = os.pipe()
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-P", str(_LAUNCHER), str(writing)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                encoding="utf-8",
                errors="replace",
                cwd=folder,
                env=environment(os.environ),
                pass_fds=(writing,),
                # A group of its own: Ctrl-C goes to the engine, which ends the program when its steps are over.
                start_new_session=True,
            )
        finally:
            os.close(writing)
        self._report = os.fdopen(reading, encoding="utf-8")
        self._redact = Redactor()
        self._status = 0
        self._tail: deque[str] = deque(maxlen=_TAIL)
        self._readers: list[threading.Thread] = []
        self._waiter: threading.Thread | None = None

    def go(
        self,
        settings: Mapping[str, Any],
        redact: Redactor,
        said: Callable[[str], None],
        ended: Callable[[], None],
    ) -> None:
        """Send the settings that :mod:`lab.engine.launcher` documents.

        ``said`` gets each line that the program prints, redacted; ``ended`` is called when it is over.
        """
        self._redact = redact
        self._readers = [
            self._follow(self._process.stdout, said),
            self._follow(self._process.stderr, self._tail.append),
        ]
        self._waiter = threading.Thread(target=self._wait, args=(ended,), daemon=True)
        self._waiter.start()
        pipe = self._process.stdin
        if pipe is None:
            raise ValueError("the program's process has no standard input")
        try:
            pipe.write(json.dumps(settings) + "\n")
            pipe.flush()
        except BrokenPipeError:
            # It died before it could read: the exit status and its last words say why.
            return

    def check(self) -> None:
        """Raise :class:`EngineError` if the program, which is over, failed: one sentence with its file and line."""
        for reader in self._readers:
            reader.join(_END_SECONDS)
        status = self._status
        told = self._report.read()
        if status == 0:
            return
        if told:
            raise EngineError(self._redact(_sentence(json.loads(told))))
        last = "\n".join(self._tail)
        how = f"was ended by signal {-status}" if status < 0 else f"ended with status {status}"
        raise EngineError(self._redact(f"the program {how}" + (f"; its last words:\n{last}" if last else "")))

    def stop(self) -> None:
        """End the process and everything it started, if anything of it is left."""
        if self._process.returncode is None:
            # Not waited for yet, so that its number is still its own: at worst the group is one zombie.
            os.killpg(self._process.pid, signal.SIGKILL)
            if self._waiter is not None:
                self._waiter.join(_END_SECONDS)
            self._process.wait(_END_SECONDS)
        for reader in self._readers:
            reader.join(_END_SECONDS)
        self._report.close()

    def _follow(self, stream: Iterable[str] | None, take: Callable[[str], None]) -> threading.Thread:
        def read() -> None:
            for line in stream or ():
                take(self._redact(line.rstrip("\n")))

        thread = threading.Thread(target=read, daemon=True)
        thread.start()
        return thread

    def _wait(self, ended: Callable[[], None]) -> None:
        ending = os.waitid(os.P_PID, self._process.pid, os.WEXITED | os.WNOWAIT)
        if ending is not None:
            self._status = ending.si_status if ending.si_code == os.CLD_EXITED else -ending.si_status
        ended()


def _sentence(report: Mapping[str, Any]) -> str:
    place = f"{report['file']}:{report['line']}: " if report.get("file") else ""
    return f"{place}the program failed: {report['message']}" if place else str(report["message"])
