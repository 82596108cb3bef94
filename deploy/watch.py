"""A release that has traffic is watched for a while by what its users get, and by what it says of itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from core.settings.release import Watch
from deploy import commands
from deploy.commands import Check, Span
from deploy.figures import NONE, Figures, read_figures
from deploy.fleet import at_once
from deploy.operation import Operation
from deploy.own_check import OwnCheck
from deploy.plan import Place
from deploy.switch import Mark

ALL_TENTHS = 10
_SICK_LOOKS = 3
_BEFORE_BYTES = 4 * 1024**2


@dataclass(frozen=True)
class Look:
    """One look at one host: the log up to ``mark``, requests and 5xx since the last look, the release's health.

    ``times`` are those of its answers (:class:`Figures`), ``before`` what the release before did meanwhile.
    """

    mark: Mark
    requests: int
    errors: int
    healthy: bool
    times: Mapping[int, int] = field(default_factory=dict)
    before: Figures = NONE


@dataclass
class Watched:
    """What all looks at one host add up to. ``sick`` counts the looks in a row at which it was not healthy."""

    mark: Mark
    requests: int = 0
    errors: int = 0
    restarts: int = 0
    sick: int = 0
    times: Mapping[int, int] = field(default_factory=dict)
    before: Figures = NONE

    def add(self, look: Look) -> None:
        """Take one look into account."""
        self.times = Figures.total([self.figures, Figures(times=look.times)]).times
        self.requests += look.requests
        self.errors += look.errors
        self.before = Figures.total([self.before, look.before])
        self.restarts += look.mark.socket != self.mark.socket
        self.sick = 0 if look.healthy else self.sick + 1
        self.mark = look.mark

    @property
    def figures(self) -> Figures:
        """What the release itself did."""
        return Figures(self.requests, self.errors, self.times)


Verdict = Callable[[Mapping[str, Watched]], "str | None"]


def verdict(watched: Mapping[str, Watched], limits: Watch, before: Figures = NONE) -> str | None:
    """Why the release must be taken back, or none while nothing speaks against it. Errors count over all hosts.

    ``before`` is how the release before did before the switch.
    """
    if reason := of_itself(watched):
        return reason
    seen = Figures.total(host.figures for host in watched.values())
    if seen.requests < limits.min_requests:
        return None
    if seen.error_ratio > limits.max_error_ratio:
        found, limit = f"{seen.error_ratio:.1%}", f"{limits.max_error_ratio:.1%}"
        return f"{seen.errors} of its {seen.requests} answers were 5xx ({found}, and the limit is {limit})"
    return _too_slow(seen.quantile(0.95), before.quantile(0.95), limits)


def of_itself(watched: Mapping[str, Watched]) -> str | None:
    """What a release's own behaviour says against it, whatever its users get."""
    for name, host in watched.items():
        if host.restarts:
            return f"it was restarted on {name} after it got traffic"
        if host.sick >= _SICK_LOOKS:
            return f"it has not been healthy on {name} for {host.sick} looks in a row"
    return None


def _too_slow(p95: float | None, before: float | None, limits: Watch) -> str | None:
    if p95 is None:
        return None
    if limits.max_p95_ms is not None and p95 > limits.max_p95_ms:
        return f"95 % of its answers take up to {p95:.0f} ms, and the limit is {limits.max_p95_ms:g} ms"
    if limits.max_p95_ratio is not None and before is not None and p95 > limits.max_p95_ratio * max(before, 1.0):
        return (
            f"95 % of its answers take up to {p95:.0f} ms, and it was {before:.0f} ms before:"
            f" the limit is {limits.max_p95_ratio:g} times as much"
        )
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
    limits = operation.world.settings.watch
    before = _before(operation, check, places, marks) if limits.max_p95_ratio is not None else NONE
    with OwnCheck(operation) as own:
        return look_on(
            operation,
            check,
            places,
            marks,
            seconds,
            judge=lambda watched: verdict(watched, limits, before) or own.failed(),
            at_the_end=own.ends,
        )


def look_on(
    operation: Operation,
    check: Check,
    places: Mapping[str, Place],
    marks: Mapping[str, Mark],
    seconds: float,
    *,
    judge: Verdict,
    tenths: int = ALL_TENTHS,
    at_the_end: Callable[[], str | None] = lambda: None,
) -> tuple[dict[str, Watched], str | None]:
    """Look at all hosts over and over for ``seconds`` while ``judge`` finds nothing, then ask ``at_the_end``."""
    clock, interval = operation.world.clock, operation.world.settings.watch.interval_seconds
    watched = {name: Watched(mark) for name, mark in marks.items()}
    ends = clock.monotonic() + seconds
    while True:
        clock.sleep(max(0.0, min(interval, ends - clock.monotonic())))
        over = clock.monotonic() >= ends
        seen = at_once(places, lambda name: _look(operation, check, places[name], name, tenths, watched[name].mark))
        for name, found in seen.good.items():
            watched[name].add(found)
        reason = "; ".join(str(why) for why in seen.bad.values()) or judge(watched)
        # a release that is sick at the end of its time gets the looks that decide it
        if reason or (over and not any(host.sick for host in watched.values())):
            return watched, reason or at_the_end()


def _look(operation: Operation, check: Check, where: Place, name: str, tenths: int, mark: Mark) -> Look:
    span = Span(mark.inode, mark.offset)
    script = commands.watch(operation.world.layout, where.colour, check, where.before_version, tenths, span)
    return read_look(operation.step(name, script))


def _before(operation: Operation, check: Check, places: Mapping[str, Place], marks: Mapping[str, Mark]) -> Figures:
    """How the release before did, by what stood last in each host's log when it was switched from."""

    def look(name: str) -> Figures:
        where, mark = places[name], marks[name]
        span = Span(mark.inode, max(0, mark.offset - _BEFORE_BYTES), mark.offset)
        script = commands.watch(operation.world.layout, where.colour, check, where.before_version, ALL_TENTHS, span)
        return read_look(operation.step(name, script)).before

    return Figures.total(at_once(places, look).good.values())


def read_look(lines: Sequence[str]) -> Look:
    """What ``watch`` said."""
    words = dict(line.partition(" ")[::2] for line in lines)
    inode, offset = words["mark"].split()
    new, before = read_figures(words["requests"]), read_figures(words.get("before", "0 0"))
    mark = Mark(int(inode), int(offset), words["socket"])
    return Look(mark, new.requests, new.errors, "healthy" in words, new.times, before)
