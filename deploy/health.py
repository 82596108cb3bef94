"""A release is brought up where no traffic is, and proven there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from core.errors import HealthError
from core.terminal import clean
from deploy import commands
from deploy.commands import Check, Start
from deploy.fleet import Gathered, at_once
from deploy.journal import HEALTHY, ROLLBACK, START
from deploy.layout import Colour
from deploy.operation import Operation
from deploy.plan import Place
from deploy.redact import redact


@dataclass(frozen=True)
class Started:
    """A release that is healthy in its colour; ``warm`` where it ran already."""

    warm: bool


def start_all(operation: Operation, check: Check, places: Mapping[str, Place]) -> Gathered[Started]:
    """Start the release on all hosts and wait until each is healthy; the bad ones hold a :class:`HealthError`."""

    def start(name: str) -> Started:
        colour, warm = places[name].colour, places[name].warm
        # A deploy began before it sent anything; a rollback begins here, a round trip less.
        entry = operation.entry(START, colour) if operation.action != ROLLBACK else operation.begins(colour)
        seen = operation.entry(HEALTHY, colour)
        return start_one(operation, name, colour, check, reuse=warm, entry=entry, seen=seen)

    return at_once(places, start)


def start_one(
    operation: Operation, name: str, colour: Colour, check: Check, *, reuse: bool, entry: str = "", seen: str = ""
) -> Started:
    """Bring ``check.version`` up on one host, with ``entry`` journalled first and ``seen`` once it is healthy.

    ``reuse`` leaves it as it is if it answers. Raises :class:`HealthError`.
    """
    settings = operation.world.settings
    how = Start(
        timeout_seconds=settings.health.timeout_seconds,
        passes=settings.health.passes,
        interval_seconds=settings.health.interval_seconds,
        drain_seconds=settings.drain_seconds,
        reuse=reuse,
        must_record=operation.must_record,
    )
    script = commands.start(operation.world.layout, colour, check, how, entry, seen)
    waits = settings.health.timeout_seconds + settings.drain_seconds
    return read_start(name, check, operation.step(name, script, waits))


def read_start(name: str, check: Check, lines: Sequence[str]) -> Started:
    """What ``start`` said. Raises :class:`HealthError` with what the release answered and its last words."""
    for line in lines:
        word, _, rest = line.partition(" ")
        if word == "healthy":
            return Started(warm=rest == "warm")
        if word == "unhealthy":
            raise HealthError(f"{name}: {check.version} is not healthy: {_answered(rest, check)}{last_words(lines)}")
    raise HealthError(f"{name}: starting {check.version} ended without a word of how it is")


def _answered(answer: str, check: Check) -> str:
    status, _, release = answer.partition(" ")
    if status == "000":
        return f"nothing answers {check.path} on its socket"
    if status != str(check.status):
        return f"{check.path} answers {clean(status)[:10]}, not {check.status}"
    if release == check.version:
        return f"{check.path} answered right at last, but not often enough before the deadline (health.timeout_seconds)"
    return f"{check.path} answers with X-Release {clean(release)[:80]!r}, not {check.version!r}"


def last_words(lines: Sequence[str]) -> str:
    """The release's last log lines in a message: each on a line of its own, or that there are none."""
    words = [redact(line.removeprefix("log ")) for line in lines if line.startswith("log ")]
    if not words:
        return "; its log is empty"
    return "; its last words:" + "".join(f"\n  | {word}" for word in words[-8:])
