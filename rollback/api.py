"""``rollback``: what the command line calls. It needs the hosts, and nothing else in the world."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from core.errors import LaunchReadyError, RevertedError, RollbackError, SplitError
from deploy.after import purge, tell
from deploy.commands import Check
from deploy.edge import EdgeOutcome
from deploy.facts import HostFacts
from deploy.finish import finish_all
from deploy.journal import ROLLBACK
from deploy.lock import locked
from deploy.operation import Operation, World
from deploy.plan import place
from deploy.turn import start_everywhere, turn
from rollback.choose import choose


@dataclass(frozen=True)
class RolledBack:
    """Every host serves ``version`` and was seen to. ``edge`` is an outcome of its own.

    ``before`` has what each host served; ``cold`` the hosts on which it had to be started; ``unrecorded`` those whose
    journal could not be written; ``cut`` how many connections were still open where it was started, by host.
    """

    version: str
    before: Mapping[str, str | None]
    cold: tuple[str, ...]
    unrecorded: tuple[str, ...]
    edge: EdgeOutcome
    seconds: float
    budget_seconds: float
    phases: Mapping[str, float] = field(default_factory=dict)
    cut: Mapping[str, int] = field(default_factory=dict)
    left_out: tuple[str, ...] = ()


def rollback(world: World, to: str | None = None) -> RolledBack:
    """Bring every host back to the release before, or to ``to``; to none that is not healthy.

    Raises :class:`RollbackError` where that cannot be done: the hosts then serve what they served. Raises
    :class:`core.errors.SplitError` where they no longer do, :class:`core.errors.LockedError` and
    :class:`core.errors.HostError` before anything was touched.
    """
    began = world.clock.monotonic()
    with locked(world, ROLLBACK, preflight=False) as fleet:
        return back_to(world, fleet, choose(fleet, to), began)


def back_to(world: World, fleet: Mapping[str, HostFacts], version: str, began: float) -> RolledBack:
    """Bring every host of a ``fleet`` whose locks are held back to ``version``; raises what :func:`rollback` does."""
    operation = Operation(world, ROLLBACK, version, _digest(fleet, version), began)
    operation.holds(fleet)
    operation.told("look", {name: f"on {facts.version or 'nothing'}" for name, facts in fleet.items()})
    try:
        return _execute(operation, fleet)
    except RevertedError as error:
        raise RollbackError(str(error)) from None


def _digest(fleet: Mapping[str, HostFacts], version: str) -> str:
    digests = {facts.kept[version].digest for facts in fleet.values()}
    if len(digests) > 1:
        raise RollbackError(f"the hosts keep different contents of {version}: choose another release with --to")
    return digests.pop()


def _execute(operation: Operation, fleet: Mapping[str, HostFacts]) -> RolledBack:
    world, version = operation.world, operation.version
    path = next(iter(fleet.values())).kept[version].health_path
    check = Check(path, world.settings.health.status, version)
    places = {name: place(facts, version) for name, facts in fleet.items()}
    try:
        started = start_everywhere(operation, check, places, fleet)
    except SplitError:
        raise
    except LaunchReadyError as error:
        raise RollbackError(f"{error}\nchoose another release with --to, or mend forward with a new one") from None
    turned = turn(operation, check, places, fleet)
    # Nothing is removed: nobody waits for a disk in the worst hour.
    finished = finish_all(operation, places, fleet)
    unrecorded = {*turned.unrecorded, *finished.bad, *(n for n, how in finished.good.items() if how == "not recorded")}
    done = RolledBack(
        version=version,
        before={name: facts.version for name, facts in fleet.items()},
        cold=tuple(name for name, how in started.items() if not how.warm),
        unrecorded=tuple(name for name in fleet if name in unrecorded),
        edge=turned.edge,
        seconds=operation.seconds(),
        budget_seconds=world.settings.budget_seconds,
        phases=operation.phases,
        cut=operation.cut,
        left_out=world.left_out,
    )
    # Outside of what the budget is for: every host and the edge serve it already.
    purge(operation, places)
    tell(operation, places, "rolled back")
    return done
