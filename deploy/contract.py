"""The second half of a migration: what no release needs any more is taken away, once the way back to those is given up.

Expanding comes with a deploy, before the release starts. Contracting is a command of its own, of the live release, when
its user says so ("Parallel Change", Sato 2014): it is what makes a rollback across it impossible.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from core.errors import ArtifactError, HealthError, HostError, RollbackError
from deploy import commands
from deploy.facts import HostFacts, Kept
from deploy.fleet import at_once, told
from deploy.health import last_words
from deploy.journal import CONTRACT, MIGRATE, MIGRATING, REFUSED
from deploy.lock import locked
from deploy.operation import Operation, World
from deploy.plan import cut_short, fleet_schema


@dataclass(frozen=True)
class Contracted:
    """The database is at ``schema``. ``lost`` are the kept releases that nobody can go back to any more.

    ``already``: it was there before, and nothing was done. ``host`` ran it.
    """

    version: str
    schema: int
    lost: tuple[str, ...]
    already: bool
    host: str
    seconds: float


Agreed = Callable[[str], bool]


def contract(world: World, agreed: Agreed) -> Contracted:
    """Run the contract of the live release, on one host. ``agreed`` is asked where the last good release is lost by it.

    Raises :class:`ArtifactError` where the live release has none, :class:`HostError` where the hosts are not whole,
    :class:`RollbackError` where the live release could not live with it or nobody agreed, :class:`HealthError` where it
    failed: the traffic is where it was in any case.
    """
    began = world.clock.monotonic()
    with locked(world, CONTRACT, preflight=False) as fleet:
        live = _live(fleet)
        target = live.contract
        if target is None:
            raise ArtifactError(f"{live.version} brings no contract: nothing to do (docs/releasing.md)")
        operation = Operation(world, CONTRACT, live.version, live.digest, began)
        operation.holds(fleet)
        lost = lost_by(fleet, live, target)
        name = min(fleet)
        already = (fleet_schema(fleet) or 0) >= target
        if not already:
            _speak(world, fleet, live, target, lost, agreed)
            _run(operation, fleet, name, target)
        return Contracted(live.version, target, lost, already, name, operation.seconds())


def _live(fleet: Mapping[str, HostFacts]) -> Kept:
    """The release that every host serves, for good."""
    if (cut := cut_short(fleet)) is not None:
        raise HostError(
            f"the {cut.action} of {cut.version} was cut short: run `invoke deploy.resume` or `invoke deploy.abort`"
        )
    versions = {name: facts.version for name, facts in fleet.items()}
    first = next(iter(fleet.values()))
    live = first.kept.get(first.version or "")
    if len(set(versions.values())) > 1 or live is None:
        raise HostError(f"the hosts do not serve one release: {told(versions)}: run `invoke deploy.catch-up` first")
    return live


def lost_by(fleet: Mapping[str, HostFacts], live: Kept, target: int) -> tuple[str, ...]:
    """The kept releases, but for the live one, that cannot live with the schema ``target``."""
    kept = {version: each for facts in fleet.values() for version, each in facts.kept.items()}
    return tuple(sorted(v for v, each in kept.items() if v != live.version and not each.lives_with(target)))


def _speak(
    world: World, fleet: Mapping[str, HostFacts], live: Kept, target: int, lost: tuple[str, ...], agreed: Agreed
) -> None:
    """Say what will be lost, and stop where that is too much."""
    if not live.lives_with(target):
        raise RollbackError(f"{live.version} itself cannot live with schema {target}: its contract is not run")
    if not lost:
        world.progress.note(f"every kept release can live with schema {target}: no way back is lost")
        return
    world.progress.note(f"after it, nobody can go back to {', '.join(lost)}: they cannot live with schema {target}")
    before = {facts.good[-2] for facts in fleet.values() if len(facts.good) > 1}
    if gone := sorted(before & set(lost)):
        question = f"the way back from {live.version} to {', '.join(gone)} is lost for good"
        if not agreed(question):
            raise RollbackError(f"{question}: nothing was done; give --yes if that is meant")


def _run(operation: Operation, fleet: Mapping[str, HostFacts], name: str, target: int) -> None:
    colour = fleet[name].serving
    if colour is None:
        raise HostError(f"{name} serves nothing")
    layout, limit = operation.world.layout, operation.world.settings.migration_seconds
    entry = operation.entry(MIGRATE, colour, schema=target)
    intent = operation.entry(MIGRATING, colour, schema=target)
    refused = operation.ends(REFUSED, colour, "the contract failed")
    with operation.phase("contract") as states:
        lines = operation.step(name, commands.contract(layout, colour, intent, entry, refused), timeout=limit)
        if "contracted" not in lines:
            states[name] = "failed"
            raise HealthError(
                f"{name}: the contract of {operation.version} failed{last_words(lines)}\n"
                "the traffic is where it was; mend it and run the same command again"
            )
        states[name] = f"the database is at {target}"
        # Each host must know, for any of them may be the only one that is left to ask.
        others = [each for each in fleet if each != name]
        at_once(others, lambda each: operation.write_down(each, entry)).or_raise()
