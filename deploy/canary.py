"""A part of the traffic first: the release is tried on it, step by step, beside the one before.

Each host's nginx goes through ten slots by turns, so a step is so many tenths of every host's traffic. The slots are
not on the disk, and every script that begins, switches or stops something gives them back: whatever cuts a canary
short, the next command or the next boot ends it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from core.errors import FencedError, LaunchReadyError, RevertedError, SplitError
from core.settings.release import Canary
from deploy import commands
from deploy.commands import Check
from deploy.facts import HostFacts
from deploy.figures import Figures, table
from deploy.fleet import at_once
from deploy.journal import CANARY, REVERTED
from deploy.operation import Operation
from deploy.plan import Place
from deploy.switch import Mark
from deploy.turn import cut_told, withdraw_all
from deploy.watch import Watched, look_on, of_itself

_WHOLE = 100


@dataclass(frozen=True)
class Plan:
    """Rising percentages of the traffic, multiples of 10, and for how many seconds each is watched."""

    percents: tuple[int, ...] = ()
    seconds: float = 60.0

    @property
    def steps(self) -> tuple[int, ...]:
        """Those below 100: that is the switch itself."""
        return tuple(percent for percent in self.percents if percent < _WHOLE)


def plan_of(settings: Canary, percents: tuple[int, ...] | None = None, seconds: float | None = None) -> Plan:
    """What the settings say, but for what the caller says."""
    return Plan(settings.steps if percents is None else percents, settings.step_seconds if seconds is None else seconds)


def planned(evidence: Mapping[str, Any] | None) -> Plan | None:
    """The plan that a deploy left in its first line in the journal, if it left one."""
    found = (evidence or {}).get("plan")
    try:
        return Plan(tuple(int(percent) for percent in found["percents"]), float(found["seconds"])) if found else None
    except (KeyError, TypeError, ValueError):
        return None


def plan_refusals(fleet: Mapping[str, HostFacts], plan: Plan) -> list[str]:
    """The hosts that cannot give a part of their traffic away."""
    return [
        f"{name} has no slots for a canary: prepare it again with scripts/prepare-host, as root"
        for name, facts in fleet.items()
        if plan.steps and facts.tenths is None
    ]


def verdict(watched: Mapping[str, Watched], limits: Canary) -> str | None:
    """Why the release must give back what it has of the traffic, or none. Figures count over all hosts."""
    if reason := of_itself(watched):
        return reason
    new, old = new_and_old(watched)
    if new.requests < limits.min_requests:
        return None
    errors = f"{new.errors} of its {new.requests} answers were 5xx ({new.error_ratio:.1%}"
    if new.error_ratio > limits.max_error_ratio:
        return f"{errors}, and the limit is {limits.max_error_ratio:.1%})"
    if old.requests < limits.min_requests:
        return None
    if new.error_ratio > old.error_ratio + limits.max_error_ratio_more:
        more = f"the limit is {limits.max_error_ratio_more:.1%} more than the {old.error_ratio:.1%} of the one before"
        return f"{errors}, and {more})"
    return _too_slow(new.quantile(0.95), old.quantile(0.95), limits)


def _too_slow(p95: float | None, before: float | None, limits: Canary) -> str | None:
    if p95 is None or before is None or limits.max_p95_ratio is None or p95 <= limits.min_p95_ms:
        return None
    if p95 <= limits.max_p95_ratio * max(before, 1.0):
        return None
    return (
        f"95 % of its answers take up to {p95:.0f} ms, and of the one before {before:.0f} ms:"
        f" the limit is {limits.max_p95_ratio:g} times as much"
    )


def new_and_old(watched: Mapping[str, Watched]) -> tuple[Figures, Figures]:
    """The release's figures and those of the one before, over all hosts."""
    hosts = watched.values()
    return Figures.total(host.figures for host in hosts), Figures.total(host.before for host in hosts)


def try_out(operation: Operation, check: Check, places: Mapping[str, Place], plan: Plan) -> None:
    """Go through the plan's steps with a release that is healthy on every host. Its figures go into the evidence.

    Raises :class:`RevertedError` where it was taken back, :class:`SplitError` where that could not be seen. Without a
    release before, or where hosts have moved already, there is nothing to compare with and nothing is tried.
    """
    if not plan.steps:
        return
    if not all(where.moves and not where.moved and where.before_version for where in places.values()):
        operation.world.progress.note("no canary: not every host serves another release that it could be held against")
        return
    seen: list[dict[str, Any]] = []
    operation.evidence["canary"] = seen
    percent, reason = 0, None
    try:
        for percent in plan.steps:
            watched, reason = _step(operation, check, places, percent, plan.seconds)
            _tell(operation, percent, watched, seen)
            if reason:
                break
    except FencedError:
        raise
    except LaunchReadyError as cause:
        reason = str(cause)
    except BaseException:
        operation.world.progress.note(str(_take_back(operation, places, percent, "it was interrupted")))
        raise
    if reason:
        raise _take_back(operation, places, percent, reason)


def _step(
    operation: Operation, check: Check, places: Mapping[str, Place], percent: int, seconds: float
) -> tuple[dict[str, Watched], str | None]:
    limits, tenths = operation.world.settings.canary, percent // 10

    def point(name: str) -> Mark:
        entry = operation.entry(CANARY, places[name].colour, f"{percent} %")
        script = commands.canary(operation.world.layout, places[name].colour, tenths, entry)
        return read_mark(operation.step(name, script))

    with operation.phase(f"canary {percent} %") as states:
        pointed = at_once(places, point, see_through=True)
        states.update(dict.fromkeys(pointed.bad, "failed"))
        marks = pointed.or_raise()
        watched, reason = look_on(
            operation, check, places, marks, seconds, judge=lambda seen: verdict(seen, limits), tenths=tenths
        )
        states.update(dict.fromkeys(places, "failed" if reason else f"{percent} %"))
    return watched, reason


def read_mark(lines: list[str]) -> Mark:
    """What ``canary`` said."""
    words = dict(line.partition(" ")[::2] for line in lines)
    inode, offset = words["mark"].split()
    return Mark(int(inode), int(offset), words["socket"])


def _tell(operation: Operation, percent: int, watched: Mapping[str, Watched], seen: list[dict[str, Any]]) -> None:
    """The step's figures, into the evidence and as a table."""
    new, old = new_and_old(watched)
    seen.append({"percent": percent, "new": new.document(), "old": old.document()})
    told = table({operation.version: new, "the one before": old})
    if new.requests < operation.world.settings.canary.min_requests:
        told += f"\nfewer than {operation.world.settings.canary.min_requests} requests: the figures say little"
    operation.world.progress.note(told)


def _take_back(operation: Operation, places: Mapping[str, Place], percent: int, cause: str) -> LaunchReadyError:
    """Give the slots back on every host and stop the release: the error that says so."""
    result = cause.splitlines()[0][:200]
    with operation.phase("take back") as states:
        undone = withdraw_all(operation, places, REVERTED, result)
        states.update(dict.fromkeys(undone.good, "withdrawn") | dict.fromkeys(undone.bad, "failed"))
    version, before = operation.version, next(iter(places.values())).before_version
    if any(isinstance(reason, FencedError) for reason in undone.bad.values()):
        return FencedError(f"{cause}\n" + "\n".join(str(reason) for reason in undone.bad.values()))
    if undone.bad:
        reasons = "\n".join(str(reason) for reason in undone.bad.values())
        hosts = ", ".join(undone.bad)
        return SplitError(
            f"{hosts} may still give {percent} % of the traffic to {version}, and the rest to {before}\n{cause}\n"
            f"{reasons}\nbring the hosts back that failed, then run `invoke rollback`"
        )
    return RevertedError(
        f"{version} was taken back from {percent} % of the traffic: {cause}\n"
        f"every host serves {before} alone again{cut_told(operation)}"
    )
