"""The two-phase turn of a fleet, which a deploy and a rollback share: all hosts are moved and seen, or all put back.

``start_everywhere`` is the vote, ``turn`` the decision.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from core.errors import HealthError, HostError, LaunchReadyError, RevertedError
from deploy import commands
from deploy.commands import Check
from deploy.edge import IN_MAINTENANCE, EdgeOutcome, EdgeWatch
from deploy.facts import HostFacts
from deploy.fleet import Gathered, at_once
from deploy.health import Started, cut_words, start_all
from deploy.journal import DRILL, REFUSED, REVERTED, ROLLBACK
from deploy.operation import Operation
from deploy.plan import Place
from deploy.switch import Mark, commit_all, require_whole, switch_all, switch_back

_INTERRUPTED = "it was interrupted"


@dataclass(frozen=True)
class Turned:
    """A fleet that serves the new version: what each host's log stood at, what the edge said, who could not record."""

    marks: Mapping[str, Mark]
    edge: EdgeOutcome
    unrecorded: tuple[str, ...]


def start_everywhere(
    operation: Operation, check: Check, places: Mapping[str, Place], fleet: Mapping[str, HostFacts]
) -> dict[str, Started]:
    """Bring the release up beside the live one, on all hosts. If it is not healthy on one, it is stopped on all.

    Raises :class:`HealthError` (or what else went wrong on a host) once every host is as it was. Where a command that
    was cut short had moved hosts to it already, those are put back: raises what :func:`take_back` gives or raises.
    """
    moved = any(where.moved for where in places.values())
    try:
        with operation.phase("health") as states:
            started = start_all(operation, check, places)
            drain = operation.drain_seconds
            states.update({name: done.words(drain) for name, done in started.good.items()})
            states.update(dict.fromkeys(started.bad, "not healthy"))
    except BaseException:
        if moved:
            operation.world.progress.note(str(take_back(operation, places, fleet, _INTERRUPTED)))
        else:
            told_left(operation, withdraw_all(operation, places, REFUSED, "interrupted"))
        raise
    if started.bad and moved:
        raise take_back(operation, places, fleet, "\n".join(str(reason) for reason in started.bad.values()))
    if started.bad:
        undone = withdraw_all(operation, places, REFUSED, "not healthy")
        raise _refused(started, undone, operation)
    return started.good


def _refused(started: Gathered[Started], undone: Gathered[None], operation: Operation) -> LaunchReadyError:
    reasons = [str(reason) for reason in started.bad.values()]
    reasons += [f"{reason} (while {operation.version} was stopped there)" for reason in undone.bad.values()]
    kind = HealthError if any(isinstance(bad, HealthError) for bad in started.bad.values()) else HostError
    return kind("\n".join([*reasons, f"{operation.version} got no traffic: every host serves what it served before"]))


def told_left(operation: Operation, undone: Gathered[None]) -> None:
    """Say what a command left that was interrupted before any traffic had moved."""
    for reason in undone.bad.values():
        operation.world.progress.note(f"{reason} (while {operation.version} was stopped there)")
    operation.world.progress.note(
        "it was interrupted before any traffic moved: every host serves what it served before"
    )


def withdraw_all(
    operation: Operation, places: Mapping[str, Place], step: str, result: str, untouched: Collection[str] = ()
) -> Gathered[None]:
    """Stop the release where it has no traffic, bring back what its slot held, and journal how the command ended.

    What ran before a rollback or a drill goes on: it may be the only way back that is left. On the ``untouched`` hosts
    there is nothing to stop.
    """

    def withdraw(name: str) -> None:
        where = places[name]
        entry = operation.ends(step, where.colour, result)
        if name in untouched or not where.moves or (where.warm and operation.action in (ROLLBACK, DRILL)):
            operation.step(name, commands.finish(operation.world.layout, entry, ()))
            return
        drain = operation.drain_seconds
        script = commands.withdraw(operation.world.layout, where.colour, where.displaced, drain, entry)
        operation.step(name, script, drain)

    withdrawn = at_once(places, withdraw)
    operation.witness()
    return withdrawn


def turn(operation: Operation, check: Check, places: Mapping[str, Place], fleet: Mapping[str, HostFacts]) -> Turned:
    """Move every host, see that each and the edge answer with the version, and make it last over a boot.

    An edge that does not answer with a deploy's version counts as a failure. Of a rollback it is told in the result:
    what it came from is no better. If anything fails, or the command is interrupted, every host is put back. Raises
    :class:`RevertedError` that names all of them, or :class:`SplitError` if that failed too.
    """
    try:
        with operation.phase("switch") as states:
            return _move(operation, check, places, states)
    except LaunchReadyError as cause:
        raise take_back(operation, places, fleet, str(cause)) from None
    except BaseException:
        operation.world.progress.note(str(take_back(operation, places, fleet, _INTERRUPTED)))
        raise


def _move(operation: Operation, check: Check, places: Mapping[str, Place], states: dict[str, str]) -> Turned:
    world = operation.world
    with EdgeWatch(operation.edge, world.clock, check, world.settings.verify_seconds) as watching:
        moved = switch_all(operation, check, places)
        states.update(dict.fromkeys(moved.good, "verified") | dict.fromkeys(moved.bad, "failed"))
        marks = moved.or_raise()
        committed = commit_all(operation, places)
        states.update(dict.fromkeys(committed.bad, "failed"))
        recorded = committed.or_raise()
        edge = watching.outcome() if operation.edge or not world.edge else IN_MAINTENANCE
    states["edge"] = edge.words
    if operation.edge is not None and not edge.verified and not operation.is_way_back:
        raise HostError(edge.reason)
    return Turned(marks, edge, tuple(name for name, done in recorded.items() if not done))


def cut_told(operation: Operation) -> str:
    """A line about what was still open when its time to drain was over, or nothing."""
    drain = operation.drain_seconds
    return "".join(f"\n{name}{cut_words(count, drain)}" for name, count in operation.cut.items())


def take_back(
    operation: Operation, places: Mapping[str, Place], fleet: Mapping[str, HostFacts], cause: str
) -> RevertedError:
    """Put every host back, see each answer with what it served before, stop the release: the error that says so.

    An interrupt does not stop it half way, but the second one does. Raises :class:`SplitError` where it could not be
    done.
    """
    if cause == _INTERRUPTED:
        return _taken_back(operation, places, fleet, cause)
    try:
        return _taken_back(operation, places, fleet, cause)
    except KeyboardInterrupt:
        operation.world.progress.note(
            f"{operation.version} is being taken back, and that goes on: interrupt again to leave it half way"
        )
        operation.world.progress.note(str(_taken_back(operation, places, fleet, cause)))
        raise


def _taken_back(
    operation: Operation, places: Mapping[str, Place], fleet: Mapping[str, HostFacts], cause: str
) -> RevertedError:
    paths = {kept.version: kept.health_path for facts in fleet.values() for kept in facts.kept.values()}
    with operation.phase("switch back") as states:
        back = switch_back(operation, places, paths)
        states.update(back.good | dict.fromkeys(back.bad, "failed"))
    require_whole(places, back, cause, operation.version)
    withdrawn = withdraw_all(operation, places, REVERTED, cause[:200])
    serves = "; ".join(f"{name} is {words}" for name, words in back.good.items())
    left = "".join(f"\n{reason} (while {operation.version} was stopped there)" for reason in withdrawn.bad.values())
    return RevertedError(f"{operation.version} was taken back: {cause}\n{serves}{left}{cut_told(operation)}")
