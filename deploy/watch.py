"""A release that is live is watched for a while by what its users get, and by what it says of itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from core.settings.release import Watch
from deploy import commands
from deploy.commands import Check
from deploy.fleet import at_once
from deploy.operation import Operation
from deploy.plan import Place
from deploy.switch import Mark

_SICK_LOOKS = 3


@dataclass(frozen=True)
class Look:
    """One look at one host: the log up to ``mark``, requests and 5xx since the last look, the release's health."""

    mark: Mark
    requests: int
    errors: int
    healthy: bool


@dataclass
class Watched:
    """What all looks at one host add up to. ``sick`` counts the looks in a row at which it was not healthy."""

    mark: Mark
    requests: int = 0
    errors: int = 0
    restarts: int = 0
    sick: int = 0

    def add(self, look: Look) -> None:
        """Take one look into account."""
        self.requests += look.requests
        self.errors += look.errors
        self.restarts += look.mark.socket != self.mark.socket
        self.sick = 0 if look.healthy else self.sick + 1
        self.mark = look.mark


def verdict(watched: Mapping[str, Watched], limits: Watch) -> str | None:
    """Why the release must be taken back, or none while nothing speaks against it. Errors count over all hosts."""
    for name, host in watched.items():
        if host.restarts:
            return f"it was restarted on {name} after it went live"
        if host.sick >= _SICK_LOOKS:
            return f"it has not been healthy on {name} for {host.sick} looks in a row"
    requests = sum(host.requests for host in watched.values())
    errors = sum(host.errors for host in watched.values())
    if requests >= limits.min_requests and errors > limits.max_error_ratio * requests:
        found, limit = f"{errors / requests:.1%}", f"{limits.max_error_ratio:.1%}"
        return f"{errors} of its {requests} answers were 5xx ({found}, and the limit is {limit})"
    return None


def watch(
    operation: Operation,
    check: Check,
    places: Mapping[str, Place],
    marks: Mapping[str, Mark],
    seconds: float,
) -> tuple[dict[str, Watched], str | None]:
    """Watch for ``seconds``: what was seen on each host, and why the release must be taken back, if it must.

    A host that cannot be asked is reason enough. The last look is at the very end of the time.
    """
    clock, limits = operation.world.clock, operation.world.settings.watch
    watched = {name: Watched(mark) for name, mark in marks.items()}
    ends = clock.monotonic() + seconds
    while True:
        clock.sleep(max(0.0, min(limits.interval_seconds, ends - clock.monotonic())))
        over = clock.monotonic() >= ends
        seen = at_once(places, lambda name: _look(operation, check, places[name], name, watched[name].mark))
        for name, found in seen.good.items():
            watched[name].add(found)
        reason = "; ".join(str(why) for why in seen.bad.values()) or verdict(watched, limits)
        # a release that is sick at the end of its time gets the looks that decide it
        if reason or (over and not any(host.sick for host in watched.values())):
            return watched, reason


def _look(operation: Operation, check: Check, where: Place, name: str, mark: Mark) -> Look:
    script = commands.watch(operation.world.layout, where.colour, check, mark.inode, mark.offset)
    return read_look(operation.step(name, script))


def read_look(lines: Sequence[str]) -> Look:
    """What ``watch`` said."""
    words = dict(line.partition(" ")[::2] for line in lines)
    inode, offset = words["mark"].split()
    requests, errors = words["requests"].split()
    return Look(Mark(int(inode), int(offset), words["socket"]), int(requests), int(errors), "healthy" in words)
