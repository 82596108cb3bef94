"""Start services together, mend those that died or went dumb, stop them: no daemon of its own, nothing left behind."""

from __future__ import annotations

import os
import subprocess
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from core.errors import LabError
from lab.services import process
from lab.services.probes import Probe
from lab.services.process import Process

Say = Callable[[str], None]

START_SECONDS = 30.0
"""How long a service may take until it answers."""
ANSWER_SECONDS = 2.0
"""How long a service that runs already may take to answer before it counts as dumb."""
_PAUSE = 0.05
_LAST_LINES = 12


@dataclass(frozen=True)
class Endpoint:
    """What a service listens on: an IPv4 address, a port, and whether UDP too."""

    address: str
    port: int
    udp: bool = False

    def __str__(self) -> str:
        return f"{self.address}:{self.port}"


@dataclass(frozen=True)
class Service:
    """A program that runs in the foreground until SIGTERM. ``ready`` says whether it answers."""

    name: str
    argv: tuple[str, ...]
    endpoints: tuple[Endpoint, ...]
    ready: Probe
    environment: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class State:
    """What is known of a service: its process, if it runs, and whether it answers."""

    process: Process | None
    answers: bool


@dataclass(frozen=True)
class Supervisor:
    """The services of the lab in ``home``, started in the folder ``root``."""

    root: Path
    home: Path
    start_seconds: float = START_SECONDS

    def log(self, name: str) -> Path:
        """The file that holds what the service ``name`` says."""
        return self.home / "log" / f"{name}.log"

    def ensure(self, services: Sequence[Service], say: Say) -> None:
        """See to it that each of ``services`` runs and answers; those that do are left alone.

        Raises :class:`LabError` for the first that cannot be brought to answer. What was started stays, for the
        caller to decide on; when this returns or raises, nothing is being started any more.
        """
        found = process.running(self.home)
        given_up = threading.Event()
        with ThreadPoolExecutor(max_workers=max(1, len(services))) as pool:
            tasks = [pool.submit(self._ensure, one, found.get(one.name, []), given_up, say) for one in services]
            try:
                for task in tasks:
                    task.result()
            except BaseException:
                given_up.set()
                raise

    def states(self, services: Sequence[Service]) -> dict[str, State]:
        """How each of ``services`` is, by name."""
        found = process.running(self.home)
        with ThreadPoolExecutor(max_workers=max(1, len(services))) as pool:
            answers = list(pool.map(lambda one: one.ready(), services))
        return {
            service.name: State(_leader(found.get(service.name, [])), answer)
            for service, answer in zip(services, answers, strict=True)
        }

    def stop(self, names: Iterable[str] | None = None) -> list[str]:
        """End the services called ``names``, or every one that runs; return the names of those that did."""
        wanted = None if names is None else set(names)
        ended: set[str] = set()
        # Again, for what a service started between the look and the signal.
        while found := {
            name: ones for name, ones in process.running(self.home).items() if wanted is None or name in wanted
        }:
            process.stop(one for ones in found.values() for one in ones)
            ended |= found.keys()
        return sorted(ended)

    def _ensure(self, service: Service, found: list[Process], given_up: threading.Event, say: Say) -> None:
        begun = time.monotonic()
        leader = _leader(found)
        if leader and _answers_within(service, ANSWER_SECONDS, given_up):
            return
        if given_up.is_set():
            return
        process.stop(found)
        self._start(service, given_up)
        if not given_up.is_set():
            verb = "restarted, it did not answer" if leader else "ready"
            say(f"{service.name:<12} {verb} in {time.monotonic() - begun:.1f} s")

    def _start(self, service: Service, given_up: threading.Event) -> None:
        log = self.log(service.name)
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("ab") as output:
            begins = output.tell()
            child = subprocess.Popen(
                service.argv,
                cwd=self.root,
                env=self._environment(service),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        deadline = time.monotonic() + self.start_seconds
        while not service.ready():
            if child.poll() is not None:
                raise LabError(f"{service.name} ended with {_ending(child.returncode)}{_last_lines(log, begins)}")
            if time.monotonic() > deadline:
                raise LabError(
                    f"{service.name} does not answer after {self.start_seconds:.0f} s{_last_lines(log, begins)}"
                )
            if given_up.wait(_PAUSE):
                return

    def _environment(self, service: Service) -> dict[str, str]:
        """What the service needs and no more: a developer's credentials and proxies are none of its business."""
        kept = {name: os.environ[name] for name in ("PATH", "LANG", "HOME", "LAUNCH_READY_NET") if name in os.environ}
        return {**kept, "PYTHONUNBUFFERED": "1", **service.environment, **process.mark(self.home, service.name)}


def _leader(processes: Sequence[Process]) -> Process | None:
    return next((one for one in processes if one.leads), None)


def _answers_within(service: Service, seconds: float, given_up: threading.Event) -> bool:
    deadline = time.monotonic() + seconds
    while not service.ready():
        if time.monotonic() > deadline or given_up.wait(_PAUSE):
            return False
    return True


def _ending(code: int) -> str:
    return f"exit status {code}" if code >= 0 else f"signal {-code}"


def _last_lines(log: Path, begins: int) -> str:
    """The end of what was logged since byte ``begins``, ready to follow a sentence."""
    with log.open("rb") as file:
        file.seek(begins)
        lines = file.read().decode("utf-8", "replace").splitlines()[-_LAST_LINES:]
    if not lines:
        return f" and said nothing ({log})"
    return "; it said last:\n" + "\n".join(f"  {line}" for line in lines) + f"\n  (all of it in {log})"
