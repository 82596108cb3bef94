"""``deploy`` and ``releases``: what the command line calls."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field

from core.errors import ArtifactError, HealthError, HostError, LaunchReadyError, RollbackError
from deploy import commands
from deploy.artifact import Artifact
from deploy.commands import Check
from deploy.edge import EdgeOutcome, EdgeWatch
from deploy.facts import HostFacts, read_facts
from deploy.finish import finish_all
from deploy.fleet import at_once
from deploy.journal import DEPLOY, REFUSED
from deploy.layout import Colour
from deploy.lock import locked
from deploy.operation import Operation, World
from deploy.plan import Place, already_live, content_conflicts, place, refusals, schema_refusals
from deploy.send import migrate, send_all
from deploy.turn import Turned, start_everywhere, take_back, turn, withdraw_all
from deploy.watch import Watched, watch


@dataclass(frozen=True)
class Deployed:
    """A release that is live and verified. ``seconds`` is the whole, ``phases`` its parts, in their order.

    ``watched`` has the requests and 5xx that were seen while it was watched, over all hosts.
    """

    version: str
    before: Mapping[str, str | None]
    colours: Mapping[str, Colour]
    already: bool
    edge: EdgeOutcome
    seconds: float
    phases: Mapping[str, float] = field(default_factory=dict)
    watched: tuple[int, int] = (0, 0)


def deploy(world: World, artifact: Artifact, watch_seconds: float | None = None) -> Deployed:
    """Put an artefact live on every host, or on none.

    ``watch_seconds`` overrides the settings. Raises a :class:`LaunchReadyError`: ArtifactError, HostError,
    LockedError and HealthError leave the traffic untouched, RevertedError put it back, SplitError could not.
    """
    operation = Operation(world, DEPLOY, artifact.version, artifact.digest, world.clock.monotonic())
    check = Check(artifact.manifest.health_path, world.settings.health.status, artifact.version)
    with ExitStack() as held:
        with operation.phase("preflight") as states:
            ask = held.enter_context(EdgeWatch(world.edge, world.clock, check, 0))
            lock = locked(world.shells, world.layout, world.clock, world.owner, DEPLOY, preflight=True)
            fleet = held.enter_context(lock)
            states.update({name: f"on {facts.version or 'nothing'}" for name, facts in fleet.items()})
            already = already_live(fleet, artifact.version, artifact.digest)
            if not already:
                _preflight(world, artifact, fleet, ask.outcome())
        places = {name: place(facts, artifact.version) for name, facts in fleet.items()}
        if already:
            return _result(operation, places, turn(operation, check, places, fleet), already=True)
        return _deploy(operation, artifact, check, fleet, places, watch_seconds)


def _preflight(world: World, artifact: Artifact, fleet: Mapping[str, HostFacts], edge: EdgeOutcome) -> None:
    if conflicts := content_conflicts(fleet, artifact):
        raise ArtifactError("\n".join(conflicts))
    reasons = refusals(fleet, artifact, world.settings) + schema_refusals(fleet, artifact)
    if world.edge is not None and not edge.reached and not edge.verified:
        reasons.append(f"{edge.reason}: without it nobody could tell whether the release arrived")
    if reasons:
        raise HostError("\n".join(reasons))


def _deploy(
    operation: Operation,
    artifact: Artifact,
    check: Check,
    fleet: Mapping[str, HostFacts],
    places: Mapping[str, Place],
    watch_seconds: float | None,
) -> Deployed:
    with operation.phase("upload") as states:
        sent = send_all(operation, artifact, fleet)
        states.update(sent.good | dict.fromkeys(sent.bad, "failed"))
    sent.or_raise()
    if artifact.manifest.migrations and any(where.moves for where in places.values()):
        _migrate(operation, artifact, places)
    start_everywhere(operation, check, places)
    turned = turn(operation, check, places, fleet)
    seconds = operation.world.settings.watch.seconds if watch_seconds is None else watch_seconds
    watched = _watch(operation, check, places, fleet, turned, seconds) if seconds else {}
    finished = finish_all(operation, places, fleet, operation.world.settings.keep)
    if finished.bad:
        reasons = "\n".join(str(reason) for reason in finished.bad.values())
        raise HostError(f"{reasons}\n{artifact.version} is live and verified on every host; run the same command again")
    return _result(operation, places, turned, watched)


def _migrate(operation: Operation, artifact: Artifact, places: Mapping[str, Place]) -> None:
    try:
        with operation.phase("migrate") as states:
            states[migrate(operation, artifact, places)] = "migrated"
    except LaunchReadyError as error:
        undone = withdraw_all(operation, {min(places): places[min(places)]}, REFUSED, "migrations failed")
        reasons = "\n".join(str(reason) for reason in (error, *undone.bad.values()))
        kept = f"{artifact.version} was not started: every host serves what it served before"
        raise (HealthError if isinstance(error, HealthError) else HostError)(f"{reasons}\n{kept}") from None


def _watch(
    operation: Operation,
    check: Check,
    places: Mapping[str, Place],
    fleet: Mapping[str, HostFacts],
    turned: Turned,
    seconds: float,
) -> dict[str, Watched]:
    try:
        with operation.phase("watch") as states:
            watched, reason = watch(operation, check, places, turned.marks, seconds)
            states.update({name: f"{host.requests} requests, {host.errors} 5xx" for name, host in watched.items()})
    except BaseException:
        operation.world.progress.note(
            f"{check.version} is live and verified, but was not watched to the end: run the same command again, or"
            " `invoke rollback`"
        )
        raise
    if reason and not any(where.before_version for where in places.values()):
        raise RollbackError(f"{check.version} turned bad: {reason}; it is the first release here, so it was left live")
    if reason:
        raise take_back(operation, places, fleet, f"it turned bad: {reason}")
    return watched


def _result(
    operation: Operation,
    places: Mapping[str, Place],
    turned: Turned,
    watched: Mapping[str, Watched] | None = None,
    *,
    already: bool = False,
) -> Deployed:
    seen = list((watched or {}).values())
    return Deployed(
        version=operation.version,
        before={name: where.before_version for name, where in places.items()},
        colours={name: where.colour for name, where in places.items()},
        already=already,
        edge=turned.edge,
        seconds=operation.seconds(),
        phases=operation.phases,
        watched=(sum(host.requests for host in seen), sum(host.errors for host in seen)),
    )


def releases(world: World) -> dict[str, HostFacts]:
    """What every host serves, keeps and remembers; nothing is locked. Raises :class:`HostError`."""
    script = commands.look(world.layout)
    return at_once(world.shells, lambda name: read_facts(name, world.shells[name].run(script, timeout=30))).or_raise()
