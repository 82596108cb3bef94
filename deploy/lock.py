"""One release at a time: a lock on every host, each held by a process that lives as long as our connection to it.

So a releaser that is killed, or whose line is cut, leaves no lock behind, and nobody ever has to break one. One that
goes silent while its connection stands (stopped, swapped out, a suspended laptop) loses the lock when its lease runs
out. With the lock each host gives a fencing token, which every script that changes anything shows: whoever was given
the lock later made it void (Kleppmann, "How to do distributed locking", 2016).
"""

from __future__ import annotations

import getpass
import json
import os
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from core.errors import HostError, LockedError
from core.ports import Held
from core.terminal import clean
from deploy import commands
from deploy.facts import HostFacts, read_facts, read_lease
from deploy.fleet import at_once
from deploy.history import compared
from deploy.journal import stamp

if TYPE_CHECKING:
    from deploy.operation import World

LEASE_SECONDS = 20
BEAT_SECONDS = 4.0
_TIMEOUT = 90.0
_LOOK_SECONDS = 1.0


@dataclass(frozen=True)
class Owner:
    """Who releases: told to whoever finds the lock taken, and written into the journal. ``boot`` is its machine's."""

    user: str
    host: str
    boot: str = ""

    @property
    def who(self) -> str:
        """``user@host``."""
        return f"{self.user}@{self.host}"


def this_owner() -> Owner:
    """The user and the machine that this process runs as; ``LAUNCH_READY_WHO`` names the person behind a CI job."""
    user = os.environ.get("LAUNCH_READY_WHO") or _login()
    boot = Path("/proc/sys/kernel/random/boot_id")
    named = boot.read_text(encoding="ascii").strip() if boot.exists() else ""
    return Owner(clean(user)[:80], clean(socket.gethostname())[:80], named)


def _login() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        # a container may run as a number that no user has
        return f"uid-{os.getuid()}"


@contextmanager
def locked(world: World, action: str, *, preflight: bool) -> Iterator[dict[str, HostFacts]]:
    """Hold the lock of every host, and give what each said of itself while it was ours.

    The host whose name sorts first is asked alone: whoever gets its lock gets the others', so two that start at the
    same moment never both fail. Raises :class:`LockedError` that names the host, the owner and since when, once
    ``world.wait_seconds`` are over; nothing is left locked.
    """
    shells, owner = world.shells, world.owner
    claim = {"who": owner.who, "pid": os.getpid(), "boot": owner.boot, "action": action}
    claim["since"] = stamp(world.clock.now())
    script = commands.hold(world.layout, json.dumps(claim), LEASE_SECONDS, preflight=preflight)
    first, *rest = sorted(shells)
    held: dict[str, Held] = {}

    def take(name: str) -> HostFacts:
        one = shells[name].hold(script, timeout=_TIMEOUT)
        if one.said.out.startswith("locked "):
            raise LockedError(_taken(name, one.said.out.splitlines()[0]))
        held[name] = one
        for was in (line for line in one.said.out.splitlines() if line.startswith("took ")):
            lease = read_lease(was.removeprefix("took "), 0)
            world.progress.note(f"{name}: took over the lock of {lease.who if lease else 'somebody'}, who went silent")
        return read_facts(name, one.said)

    try:
        _reach(world)
        facts = {first: _patiently(world, lambda: at_once([first], take).or_raise()[first])}
        facts |= at_once(rest, take).or_raise()
        with _beating(held):
            yield compared({name: facts[name] for name in shells})
    finally:
        at_once(held, lambda name: held[name].let_go())


def _reach(world: World) -> None:
    found = at_once(world.shells, lambda name: world.shells[name].connect())
    if found.bad and found.good:
        reasons = "\n".join(str(reason) for reason in found.bad.values())
        without = " ".join(f"--without {name}" for name in found.bad)
        raise HostError(
            f"{reasons}\na deploy or a rollback, deploy.resume, .abort and .catch-up can do without: {without}"
        )
    found.or_raise()


def _patiently(world: World, take: Callable[[], HostFacts]) -> HostFacts:
    """Until it is ours or the caller's patience is over."""
    ends = world.clock.monotonic() + world.wait_seconds
    told = False
    while True:
        try:
            return take()
        except LockedError as error:
            if world.clock.monotonic() >= ends:
                raise
            if not told:
                world.progress.note(f"waiting up to {world.wait_seconds:g} s: {error}")
            told = True
            world.clock.sleep(_LOOK_SECONDS)


@contextmanager
def _beating(held: Mapping[str, Held]) -> Iterator[None]:
    """Renew the leases in a thread of its own."""
    over = threading.Event()

    def beat() -> None:
        while not over.wait(BEAT_SECONDS):
            for one in list(held.values()):
                one.beat()

    thread = threading.Thread(target=beat, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()


def _taken(name: str, line: str) -> str:
    """``locked LEFT JSON`` in words."""
    left, _, text = line.removeprefix("locked ").partition(" ")
    lease = read_lease(text, float(left) if left.lstrip("-").isdigit() else 0)
    again = "wait until that is done and run this again, or give --wait SECONDS"
    if lease is None:
        return f"{name}: somebody else is releasing to it now: {again}"
    heard = max(0, LEASE_SECONDS - round(lease.left))
    silent = f"; nothing was heard of it for {heard} s" if heard > 2 * BEAT_SECONDS else ""
    return f"{name}: {lease.who} has been releasing to it since {lease.since} ({lease.action}){silent}: {again}"
