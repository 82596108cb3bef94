"""The processes of clients: begun together, told to end together, and each must leave a whole count."""

from __future__ import annotations

import contextlib
import json
import secrets
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from core.errors import LabError
from lab.swarm import Plan, Samples, Tally
from lab.swarm.tally import read

READY_SECONDS = 120.0
ENDING_SECONDS = 180.0


class Load:
    """What runs. :attr:`sent` and :attr:`lost` are half a second old at most."""

    def __init__(self, plans: Sequence[Plan], folder: Path, root: Path) -> None:
        run = secrets.token_hex(3)
        self._files = [folder / f"swarm-{number}.npz" for number in range(len(plans))]
        for file in self._files:
            file.unlink(missing_ok=True)
        self._told = [{"sent": 0, "lost": 0} for _ in plans]
        self._ready = [threading.Event() for _ in plans]
        self._processes = [
            subprocess.Popen(
                [sys.executable, "-m", "lab.swarm", "--plan", plan.text(), "--run", f"{run}-{number}", "--out", file],
                cwd=root,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
                # Ctrl-C is for who began it, and ends it by closing its input.
                start_new_session=True,
            )
            for number, (plan, file) in enumerate(zip(plans, self._files, strict=True))
        ]
        self._listening = [threading.Thread(target=self._listen, args=(number,)) for number in range(len(plans))]
        for thread in self._listening:
            thread.start()

    @property
    def sent(self) -> int:
        """Requests of all processes so far."""
        return sum(told["sent"] for told in self._told)

    @property
    def lost(self) -> int:
        """Those of them that were lost."""
        return sum(told["lost"] for told in self._told)

    def require_alive(self) -> None:
        """Raises :class:`LabError` if a process has ended."""
        if any(process.poll() is not None for process in self._processes):
            raise LabError("a process of the load has ended before its time: its last words stand above")

    def wait_ready(self) -> None:
        """Until every client is settled. Raises :class:`LabError` if that fails or takes too long."""
        ends = time.monotonic() + READY_SECONDS
        while not all(event.is_set() for event in self._ready):
            self.require_alive()
            if time.monotonic() > ends:
                raise LabError(f"the load's clients were not signed in within {READY_SECONDS:g} s")
            time.sleep(0.05)

    def finish(self) -> tuple[Tally, Samples]:
        """Tell all to end, and count. Raises :class:`LabError` if one does not end, or leaves no whole count."""
        self._close_inputs()
        ends = time.monotonic() + ENDING_SECONDS
        for process in self._processes:
            try:
                status = process.wait(max(ends - time.monotonic(), 0))
            except subprocess.TimeoutExpired:
                raise LabError(f"the load did not come to its end within {ENDING_SECONDS:g} s") from None
            if status:
                raise LabError(f"a process of the load ended with status {status}: its last words stand above")
        return read(self._files)

    def kill(self) -> None:
        """Leave nothing that runs."""
        self._close_inputs()
        for process in self._processes:
            if process.poll() is None:
                process.kill()
            process.wait()
        for thread in self._listening:
            thread.join()

    def _close_inputs(self) -> None:
        for process in self._processes:
            if process.stdin:
                with contextlib.suppress(BrokenPipeError):
                    process.stdin.close()

    def _listen(self, number: int) -> None:
        for line in self._processes[number].stdout or ():
            told = json.loads(line)
            if "sent" in told:
                self._told[number] = told
            if "ready" in told:
                self._ready[number].set()


@contextlib.contextmanager
def running(plans: Sequence[Plan], folder: Path, root: Path) -> Iterator[Load]:
    """A load on which every client is settled; whatever comes, nothing of it runs on after."""
    load = Load(plans, folder, root)
    try:
        load.wait_ready()
        yield load
    finally:
        load.kill()
