"""``deploy`` and ``releases``: what the command line calls."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

from core.errors import ArtifactError, HostError, RollbackError
from deploy import commands
from deploy.artifact import Artifact
from deploy.canary import Plan, plan_of, plan_refusals
from deploy.commands import Check
from deploy.drills import drill_refusal
from deploy.edge import EdgeOutcome, EdgeWatch
from deploy.facts import HostFacts, read_facts
from deploy.fleet import Gathered, at_once, told
from deploy.forward import Deployed, put_live, result
from deploy.history import compared
from deploy.journal import DEPLOY
from deploy.lock import locked
from deploy.operation import Operation, World
from deploy.plan import already_live, content_conflicts, cut_short, place, refusals, schema_refusals
from deploy.revision import revision
from deploy.turn import turn


def deploy(
    world: World,
    artifact: Artifact,
    watch_seconds: float | None = None,
    plan: Plan | None = None,
    *,
    without_drill: str = "",
) -> Deployed:
    """Put an artefact live on every host, or on none.

    ``watch_seconds`` and the canary's ``plan`` override the settings; ``without_drill`` says why a protected stack
    takes it though the way back was not tried out lately, and is written down. Raises a :class:`LaunchReadyError`:
    ArtifactError, HostError, LockedError and HealthError leave the traffic untouched, RevertedError put it back,
    SplitError could not; RollbackError asks for a drill.
    """
    operation = Operation(world, DEPLOY, artifact.version, artifact.digest, world.clock.monotonic())
    check = Check(artifact.manifest.health_path, world.settings.health.status, artifact.version)
    plan = plan or plan_of(world.settings.canary)
    with ExitStack() as held:
        with operation.phase("preflight") as states:
            # Where the artefact was built, if it still lies there. Git is asked beside the hosts.
            source = held.enter_context(ThreadPoolExecutor(1)).submit(revision, artifact.path.resolve().parent)
            ask = held.enter_context(EdgeWatch(world.edge, world.clock, check, 0))
            fleet = held.enter_context(locked(world, DEPLOY, preflight=True))
            operation.holds(fleet)
            states.update({name: f"on {facts.version or 'nothing'}" for name, facts in fleet.items()})
            already = already_live(fleet, artifact.version, artifact.digest)
            if not already:
                _preflight(world, artifact, fleet, ask.outcome(), plan)
                _drilled(operation, fleet, without_drill)
            if found := source.result():
                operation.evidence["revision"] = found
        if already:
            places = {name: place(facts, artifact.version) for name, facts in fleet.items()}
            return result(operation, places, turn(operation, check, places, fleet), already=True)
        return put_live(operation, artifact.kept(), fleet, watch_seconds, artifact, plan)


def _preflight(world: World, artifact: Artifact, fleet: Mapping[str, HostFacts], edge: EdgeOutcome, plan: Plan) -> None:
    if conflicts := content_conflicts(fleet, artifact):
        raise ArtifactError("\n".join(conflicts))
    reasons = refusals(fleet, artifact, world.settings) + schema_refusals(fleet, artifact.kept()) + _mixed(fleet)
    reasons += plan_refusals(fleet, plan)
    if world.edge is not None and not edge.reached and not edge.verified:
        reasons.append(f"{edge.reason}: without it nobody could tell whether the release arrived")
    if reasons:
        raise HostError("\n".join(reasons))


def _drilled(operation: Operation, fleet: Mapping[str, HostFacts], waived: str) -> None:
    """A protected stack takes no release while nobody knows whether it could be taken back."""
    world = operation.world
    if not world.protected:
        return
    refusal = drill_refusal(fleet, world.settings, world.clock.now(), world.stack)
    if refusal and not waived.strip():
        raise RollbackError(f"{refusal}; nothing was touched")
    if refusal:
        operation.evidence["waived"] = {"drill": waived.strip()[:300]}


def _mixed(fleet: Mapping[str, HostFacts]) -> list[str]:
    """A host that was left out is caught up before the next release: all could not be put back to the same."""
    versions = {name: facts.version for name, facts in fleet.items()}
    if len(set(versions.values())) <= 1 or cut_short(fleet):
        return []
    return [f"the hosts do not serve the same: {told(versions)}: run `invoke deploy.catch-up` first"]


def releases(world: World) -> dict[str, HostFacts]:
    """What every host serves, keeps and remembers; nothing is locked. Raises :class:`HostError`."""
    return seen(world).or_raise()


def seen(world: World) -> Gathered[HostFacts]:
    """As :func:`releases`, of the hosts that can be asked; the bad ones hold why they cannot."""
    script = commands.look(world.layout)
    found = at_once(world.shells, lambda name: read_facts(name, world.shells[name].run(script, timeout=30)))
    found.good = compared(found.good)
    return found
