"""One release at a time: a lock on every host, each held by a process that lives as long as our connection to it.

So a releaser that is killed, or whose line is cut, leaves no lock behind, and nobody ever has to break one.
"""

from __future__ import annotations

import getpass
import json
import os
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from core.errors import LockedError
from core.ports import Clock, Held, Shell
from core.terminal import clean
from deploy import commands
from deploy.facts import HostFacts, read_facts
from deploy.fleet import at_once
from deploy.journal import stamp
from deploy.layout import Layout

_TIMEOUT = 90.0


@dataclass(frozen=True)
class Owner:
    """Who releases: told to whoever finds the lock taken, and written into the journal."""

    user: str
    host: str

    @property
    def who(self) -> str:
        """``user@host``."""
        return f"{self.user}@{self.host}"


def this_owner() -> Owner:
    """The user and the machine that this process runs as; ``LAUNCH_READY_WHO`` names the person behind a CI job."""
    user = os.environ.get("LAUNCH_READY_WHO") or getpass.getuser()
    return Owner(clean(user)[:80], clean(socket.gethostname())[:80])


@contextmanager
def locked(
    shells: Mapping[str, Shell], layout: Layout, clock: Clock, owner: Owner, action: str, *, preflight: bool
) -> Iterator[dict[str, HostFacts]]:
    """Hold the lock of every host, and give what each said of itself while it was ours.

    The host whose name sorts first is asked alone: whoever gets its lock gets the others', so two that start at the
    same moment never both fail. Raises :class:`LockedError` that names the host, the owner and since when; nothing is
    left locked.
    """
    claim = json.dumps({"who": owner.who, "pid": os.getpid(), "action": action, "since": stamp(clock.now())})
    script = commands.hold(layout, claim, preflight=preflight)
    first, *rest = sorted(shells)
    held: dict[str, Held] = {}

    def take(name: str) -> HostFacts:
        held[name] = shells[name].hold(script, timeout=_TIMEOUT)
        said = held[name].said
        if said.out.startswith("locked "):
            raise LockedError(_taken(name, said.out.partition(" ")[2]))
        return read_facts(name, said)

    try:
        at_once(shells, lambda name: shells[name].connect()).or_raise()
        facts = at_once([first], take).or_raise() | at_once(rest, take).or_raise()
        yield {name: facts[name] for name in shells}
    finally:
        at_once(held, lambda name: held[name].let_go())


def _taken(name: str, line: str) -> str:
    try:
        found = json.loads(line)
        who, since, action = (clean(str(found[key]))[:80] for key in ("who", "since", "action"))
    except (ValueError, KeyError, TypeError):
        return f"{name}: somebody else is releasing to it now: wait until they are done and run this again"
    return (
        f"{name}: {who} has been releasing to it since {since} ({action}): wait until that is done and run this again"
    )
