"""Threads that run one at a time, by turns that a policy chooses: the same choices are the same run.

A command's own code runs as it is, with this module's pool in the place of its thread pool. Whoever reaches the outside
pauses first, and there the policy says who goes on, or which accident happens.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

Wait = Callable[[], bool]
_local = threading.local()


class Killed(BaseException):
    """SIGKILL: it goes through all of a command's code, whose calls to the outside do nothing any more."""


@dataclass
class Process:
    """One command's process: all its threads end when it is killed, an interrupt comes to its first."""

    name: str
    dead: bool = False
    interrupted: bool = False


@dataclass
class Task:
    """A thread. ``ready`` is what it waits for."""

    process: Process
    name: str
    main: bool
    ready: Wait | None = None
    over: bool = False
    go: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))

    def runnable(self) -> bool:
        """Could it go on now?"""
        if self.over:
            return False
        return self.ready is None or self.ready() or (self.main and self.process.interrupted)


class Policy(Protocol):
    """Who goes on."""

    def accident(self, schedule: Schedule) -> tuple[str, Callable[[], None]] | None:
        """What happens first, if anything."""
        ...

    def turn(self, runnable: list[Task], last: Task) -> Task:
        """Who is next. ``last`` is who had the turn, ready to go on or not."""
        ...


class Stuck(AssertionError):
    """Nobody can go on."""


@dataclass
class Schedule:
    """All tasks and the trace of what happened. ``unstick`` is done when nobody can go on: did it change anything?"""

    policy: Policy
    unstick: Callable[[], bool] = lambda: False
    tasks: list[Task] = field(default_factory=list)
    trace: list[str] = field(default_factory=list)
    pauses: int = 0
    at: str = ""
    stuck: bool = False
    _all_over: threading.Event = field(default_factory=threading.Event)

    def spawn(self, process: Process, name: str, work: Callable[[], None], *, main: bool = False) -> Task:
        """A new thread, which waits for its turn."""
        task = Task(process, name, main)

        def run() -> None:
            _local.task, _local.schedule = task, self
            task.go.acquire()
            try:
                if not process.dead:
                    work()
            finally:
                task.over = True
                self._hand_on(task)

        self.tasks.append(task)
        threading.Thread(target=run, daemon=True).start()
        return task

    def run(self) -> None:
        """Until every thread has ended. Raises :class:`Stuck`."""
        self._hand_on(self.tasks[0])
        assert self._all_over.wait(60), "a thread of a command waits for something that this schedule does not know"
        if self.stuck:
            raise Stuck

    def pause(self, what: str, ready: Wait | None = None) -> None:
        """The caller is about to do ``what``, once it is ``ready``. Raises :class:`Killed`, KeyboardInterrupt."""
        me: Task = _local.task
        if me.process.dead:
            raise Killed
        me.ready, me.name = ready, what
        self.pauses, self.at = self.pauses + 1, what
        following = self._pick(me)
        if following is not me:
            assert following is not None
            following.go.release()
            me.go.acquire()
        if me.process.dead:
            raise Killed
        if me.main and me.process.interrupted:
            me.process.interrupted = False
            raise KeyboardInterrupt
        me.ready = None
        self.trace.append(f"{me.process.name} {what}")

    def _hand_on(self, last: Task) -> None:
        following = self._pick(last)
        if following is None:
            self._all_over.set()
        else:
            following.go.release()

    def _pick(self, last: Task) -> Task | None:
        while True:
            self.tasks = [task for task in self.tasks if not task.over]
            if not self.tasks:
                return None
            # A killed process is taken apart at once: nothing that it does reaches anybody.
            if ghost := next((task for task in self.tasks if task.process.dead), None):
                return ghost
            if accident := self.policy.accident(self):
                self.trace.append(f"! {accident[0]}")
                accident[1]()
                continue
            if runnable := [task for task in self.tasks if task.runnable()]:
                return self.policy.turn(runnable, last)
            if not self.unstick():
                self.stuck = True
                for task in self.tasks:
                    task.process.dead = True


class Future:
    """What :meth:`Pool.submit` gives."""

    def __init__(self) -> None:
        self.done = False
        self.value: Any = None
        self.error: BaseException | None = None

    def work(self, function: Callable[..., Any], *given: Any) -> None:
        """Fill it."""
        try:
            self.value = function(*given)
        except BaseException as error:  # noqa: BLE001 - it is raised again where the result is asked for
            self.error = error
        self.done = True

    def result(self) -> Any:
        """Wait for it."""
        if not self.done:
            _local.schedule.pause("waits", lambda: self.done)
        if self.error is not None:
            raise self.error
        return self.value


class Pool:
    """In the place of concurrent.futures.ThreadPoolExecutor. Outside of a schedule it works at once."""

    def __init__(self, max_workers: int) -> None:
        self._futures: list[Future] = []

    def submit(self, function: Callable[..., Any], *given: Any) -> Future:
        """Begin it in a thread of its own."""
        future = Future()
        self._futures.append(future)
        schedule: Schedule | None = getattr(_local, "schedule", None)
        if schedule is None:
            future.work(function, *given)
        else:
            task: Task = _local.task
            schedule.spawn(task.process, "begins", lambda: future.work(function, *given))
        return future

    def shutdown(self, *, wait: bool, cancel_futures: bool) -> None:
        """See to the end what has begun, if ``wait``."""
        if wait and not all(future.done for future in self._futures):
            _local.schedule.pause("waits for all", lambda: all(future.done for future in self._futures))
