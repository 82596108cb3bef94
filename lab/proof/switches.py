"""Deploys and rollbacks in turn, each the whole command that a user types, while the load goes on."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from core.errors import LabError
from core.terminal import clean
from lab.place import Place
from lab.proof.load import Load
from lab.proof.plan import Proof

COMMAND_SECONDS = 180.0
AFTERWARDS = 3.0
"""Seconds that clients go on after the last release: what it broke would show then."""

STACK = ("--stack", "lab")
Say = Callable[[str], None]


@dataclass(frozen=True)
class Switch:
    """One command: what it was to bring live, when it began (epoch, s), how long it took, and its exit status."""

    number: int
    action: str
    version: str
    at: float
    seconds: float
    status: int
    said: str

    @property
    def ended(self) -> float:
        """When it ended, seconds since the epoch."""
        return self.at + self.seconds


@dataclass(frozen=True)
class Releases:
    """The two artefacts; ``before`` is live when the first deploy of ``after`` begins."""

    before: Path
    after: Path
    before_version: str
    after_version: str


def invoke(place: Place, *arguments: str) -> tuple[int, str]:
    """The status and the output of an Invoke task, as a process of its own. Raises :class:`LabError` if it hangs."""
    command = [sys.executable, "-m", "invoke", *arguments]
    with subprocess.Popen(
        command,
        cwd=place.root,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        start_new_session=True,
    ) as process:
        try:
            output, _ = process.communicate(timeout=COMMAND_SECONDS)
        except subprocess.TimeoutExpired:
            process.terminate()
            process.communicate(timeout=60)
            raise LabError(f"`invoke {' '.join(arguments)}` took more than {COMMAND_SECONDS:g} s") from None
        except BaseException:
            # It gives its locks back before it goes.
            process.terminate()
            process.communicate(timeout=60)
            raise
    return process.returncode, output


def alternate(
    place: Place, proof: Proof, releases: Releases, load: Load, say: Say, disturb: Callable[[int], None]
) -> list[Switch]:
    """Every switch of the proof, evenly over its requests; it ends at the first command that fails, or out of time.

    ``disturb`` is called with the number of each before it begins: tests break things there. Raises
    :class:`LabError` if the load dies.
    """
    ends = time.monotonic() + proof.minutes * 60
    done: list[Switch] = []
    while len(done) < proof.switches:
        if not _wait_for(load, len(done) * proof.requests // proof.switches, ends):
            say(f"out of time after {len(done)} of {proof.switches} switches")
            return done
        disturb(len(done) + 1)
        done.append(_switch(place, releases, len(done) + 1))
        say(_line(done[-1], load))
        if done[-1].status:
            for line in done[-1].said.splitlines():
                say(f"      {clean(line)}")
            return done
    _wait_for(load, proof.requests, ends)
    time.sleep(AFTERWARDS)
    return done


def _wait_for(load: Load, sent: int, ends: float) -> bool:
    while load.sent < sent:
        load.require_alive()
        if time.monotonic() > ends:
            return False
        time.sleep(0.1)
    return time.monotonic() <= ends


def _switch(place: Place, releases: Releases, number: int) -> Switch:
    deploys = number % 2 == 1
    version = releases.after_version if deploys else releases.before_version
    arguments = (
        ("deploy", *STACK, "--watch", "0", "--artifact", str(releases.after)) if deploys else ("rollback", *STACK)
    )
    at, began = time.time(), time.monotonic()
    status, output = invoke(place, *arguments)
    return Switch(number, arguments[0], version, at, time.monotonic() - began, status, output[-2000:])


def _line(one: Switch, load: Load) -> str:
    verb = "deploy to" if one.action == "deploy" else "rollback to"
    ended = "" if one.status == 0 else f"  FAILED with status {one.status}"
    return (
        f"{one.number:4}  {verb:<11} {one.version}  {one.seconds:6.2f} s  {load.sent:9,} sent  {load.lost} lost{ended}"
    )
