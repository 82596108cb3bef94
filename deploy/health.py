"""A release is brought up where no traffic is, and proven there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from core.errors import HealthError
from core.terminal import clean
from deploy import commands
from deploy.commands import Check, Start
from deploy.fleet import Gathered, at_once
from deploy.journal import DEPLOY, HEALTHY, ROLLBACK, START
from deploy.layout import Colour
from deploy.operation import Operation, read_cut
from deploy.plan import Place
from deploy.redact import redact

_MOST_SAID = 200


@dataclass(frozen=True)
class Started:
    """A release that is healthy in its colour; ``warm`` where it ran already.

    ``warmed`` has each path of the warm-up with its status (0: no answer) and its seconds; ``cut`` how many connections
    the colour's former release still had open when its time to drain was over.
    """

    warm: bool
    warmed: tuple[tuple[str, int, float], ...] = ()
    cut: int = 0

    def words(self, drain_seconds: float) -> str:
        """In a line of progress."""
        warmed = f", warmed up in {sum(took for _, _, took in self.warmed):.2f} s" if self.warmed else ""
        return ("warm" if self.warm else "started") + warmed + cut_words(self.cut, drain_seconds)


def start_all(operation: Operation, check: Check, places: Mapping[str, Place]) -> Gathered[Started]:
    """Start the release on all hosts and wait until each is healthy; the bad ones hold a :class:`HealthError`."""

    def start(name: str) -> Started:
        colour, warm = places[name].colour, places[name].warm
        # A deploy began before it sent anything; a rollback begins here, a round trip less.
        entry = operation.entry(START, colour) if operation.action != ROLLBACK else operation.begins(colour)
        seen = operation.entry(HEALTHY, colour)
        gated = operation.action == DEPLOY
        return start_one(operation, name, colour, check, reuse=warm, gated=gated, entry=entry, seen=seen)

    return at_once(places, start)


def start_one(
    operation: Operation,
    name: str,
    colour: Colour,
    check: Check,
    *,
    reuse: bool,
    gated: bool = False,
    entry: str = "",
    seen: str = "",
) -> Started:
    """Bring ``check.version`` up on one host, with ``entry`` journalled first and ``seen`` once it is healthy.

    ``reuse`` leaves it as it is if it answers. ``gated`` asks for the warm-up and the dependencies too. Raises
    :class:`HealthError`.
    """
    settings = operation.world.settings
    needed = settings.health.dependencies if gated else ()
    how = Start(
        timeout_seconds=settings.health.timeout_seconds,
        passes=settings.health.passes,
        interval_seconds=settings.health.interval_seconds,
        drain_seconds=operation.drain_seconds,
        reuse=reuse,
        must_record=operation.must_record,
        warm_up=settings.health.warm_up if gated else (),
        dependencies=tuple(f"{each.name} {each.path} {each.status}" for each in needed),
    )
    script = commands.start(operation.world.layout, colour, check, how, entry, seen)
    waits = settings.health.timeout_seconds + operation.drain_seconds
    return read_start(name, check, operation.step(name, script, waits))


def read_start(name: str, check: Check, lines: Sequence[str]) -> Started:
    """What ``start`` said. Raises :class:`HealthError` with what the release answered and its last words."""
    words = dict(line.partition(" ")[::2] for line in lines if not line.startswith("log "))
    if "unhealthy" in words:
        raise HealthError(f"{name}: {check.version} is not healthy: {_answered(words, check)}{last_words(lines)}")
    if "healthy" not in words:
        raise HealthError(f"{name}: starting {check.version} ended without a word of how it is")
    warmed = tuple(_warmed(line) for line in lines if line.startswith("warmed "))
    return Started(words["healthy"] == "warm", warmed, read_cut(lines))


def _warmed(line: str) -> tuple[str, int, float]:
    _, path, status, seconds = line.split(" ")
    return path, int(status), float(seconds)


def _answered(words: Mapping[str, str], check: Check) -> str:
    """What was expected, and what came."""
    status, _, release = words["unhealthy"].partition(" ")
    said = redact(words.get("said", "").strip())[:_MOST_SAID]
    says = f", and says {said!r}" if said else ""
    if status == "000":
        return f"nothing answers {check.path} on its socket"
    if status != str(check.status):
        return f"{check.path} answers {clean(status)[:10]}, not {check.status}{says}"
    if release != check.version:
        return f"{check.path} answers with X-Release {clean(release)[:80]!r}, not {check.version!r}"
    if "lacks" in words:
        return f"{check.path} answers {check.status} without {check.body!r} in it{says}"
    if "missing" in words:
        dependency, path, wanted, found = words["missing"].split(" ")
        answers = "does not answer" if found == "000" else f"answers {clean(found)[:10]}, not {wanted}{says}"
        return f"the dependency {dependency}: {path} {answers}"
    return f"{check.path} answered right at last, but not often enough before the deadline (health.timeout_seconds)"


def cut_words(cut: int, drain_seconds: float) -> str:
    """The end of a line of progress: what was cut, or nothing."""
    if not cut:
        return ""
    were = "1 connection was" if cut == 1 else f"{cut} connections were"
    return f": {were} cut at the drain deadline of {drain_seconds:g} s"


def last_words(lines: Sequence[str]) -> str:
    """The release's last log lines in a message: each on a line of its own, or that there are none."""
    words = [redact(line.removeprefix("log ")) for line in lines if line.startswith("log ")]
    if not words:
        return "; its log is empty"
    return "; its last words:" + "".join(f"\n  | {word}" for word in words[-8:])
