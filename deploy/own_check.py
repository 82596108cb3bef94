"""A command of the user's own that watches a live release too."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor

from core.ports import Ran
from core.terminal import clean
from deploy.operation import Operation
from deploy.redact import redact


class OwnCheck:
    """The command of ``watch.command``, run again and again in a thread of its own; nothing where there is none."""

    def __init__(self, operation: Operation) -> None:
        self._operation = operation
        self._limits = operation.world.settings.watch
        self._pool = ThreadPoolExecutor(max_workers=1)
        self._running: Future[Ran] | None = None
        self._next = 0.0
        self._said = ""

    def __enter__(self) -> OwnCheck:
        self._start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)
        if self._said:
            self._operation.world.progress.note(f"{clean(self._limits.command[0])} says: {self._said}")

    def failed(self) -> str | None:
        """Why the release must be taken back, by the run that has ended last; starts the next one when it is due."""
        if self._running is not None and self._running.done():
            return self._ended()
        if self._running is None and self._operation.world.clock.monotonic() >= self._next:
            self._start()
        return None

    def ends(self) -> str | None:
        """The same, by the run that is under way: it is waited for."""
        return self._ended() if self._running is not None else None

    def _start(self) -> None:
        local, words = self._operation.world.local, self._limits.command
        if not words:
            return
        if local is None:
            raise TypeError("the settings have a watch.command, and the world has nothing to run it with")
        environment = {"LAUNCH_READY_VERSION": self._operation.version}
        timeout = self._limits.command_timeout_seconds
        self._running = self._pool.submit(local.run, words, environment=environment, timeout=timeout)

    def _ended(self) -> str | None:
        running, self._running = self._running, None
        if running is None:
            return None
        ran = running.result()
        self._next = self._operation.world.clock.monotonic() + self._limits.command_every_seconds
        lines = [line for line in (ran.out + "\n" + ran.err).splitlines() if line.strip()]
        self._said = redact(lines[-1]) if lines else ""
        if not ran.status:
            return None
        said = f": {self._said}" if self._said else ""
        return f"{clean(self._limits.command[0])} ended with status {ran.status}{said}"
