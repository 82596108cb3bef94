"""The live release once more, beside itself, with secrets that are new: what brings a rotated secret to the hosts.

A running release is never given another value, so the same version is started in the idle colour with what its stores
say now, proven healthy, and switched to as any release is. What it was gone back to gets the new values too and the
idle colour after that, so that the way back neither ends nor leads to a value that is taken away.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from core.errors import HostError
from deploy import commands
from deploy.commands import Check
from deploy.credentials import keep_credentials, read_secrets
from deploy.facts import HostFacts, Kept
from deploy.finish import finish_all
from deploy.fleet import at_once, told
from deploy.journal import DEPLOY
from deploy.lock import locked
from deploy.operation import Operation, World
from deploy.plan import Place, cut_short
from deploy.turn import start_everywhere, turn

_WITHDRAWN = "withdrawn"


@dataclass(frozen=True)
class Redeployed:
    """The version that serves with the new secrets, and all kept versions that were given them."""

    version: str
    kept: tuple[str, ...]
    seconds: float
    phases: Mapping[str, float] = field(default_factory=dict)


def redeploy(world: World, names: Collection[str]) -> Redeployed:
    """Restart what is live, without losing a request, for its credentials ``names`` have other values now.

    Raises what a deploy raises: :class:`core.errors.HealthError` and :class:`HostError` leave the traffic where it was,
    :class:`core.errors.RevertedError` put it back.
    """
    began = world.clock.monotonic()
    with locked(world, DEPLOY, preflight=True) as fleet:
        version = _live(fleet)
        release = next(iter(fleet.values())).kept[version]
        operation = Operation(world, DEPLOY, version, release.digest, began)
        operation.holds(fleet)
        operation.evidence["rotated"] = sorted(names)
        places = {name: beside(facts) for name, facts in fleet.items()}
        wanted = _asking(fleet, names)
        values = {kept.version: read_secrets(operation, kept) for kept in wanted}
        at_once(places, lambda name: operation.write_down(name, operation.begins(places[name].colour))).or_raise()
        for kept, found in values.items():
            having = [name for name, facts in fleet.items() if kept in facts.kept]
            keep_credentials(operation, having, kept, found)
        health = world.settings.health
        check = Check(release.health_path, health.status, version, health.body or "")
        start_everywhere(operation, check, places, fleet)
        turn(operation, check, places, fleet)
        _withdraw_former(operation, places, fleet)
        finish_all(operation, places, fleet).or_raise()
        return Redeployed(version, tuple(values), operation.seconds(), operation.phases)


def _live(fleet: Mapping[str, HostFacts]) -> str:
    """The version that every host serves. Raises :class:`HostError` where there is none, or a command was cut short."""
    versions = {name: facts.version for name, facts in fleet.items()}
    version = next(iter(versions.values()))
    if version is None or len(set(versions.values())) > 1 or any(version not in one.kept for one in fleet.values()):
        raise HostError(f"there is no one release to restart: {told(versions)}: run `invoke deploy.catch-up` first")
    if (cut := cut_short(fleet)) and cut.version != version:
        raise HostError(f"the {cut.action} of {cut.version} was cut short: run `invoke deploy.resume` first")
    return version


def beside(facts: HostFacts) -> Place:
    """Where the live release is started a second time: the idle colour, cold, for its secrets are others now."""
    held = facts.slots.get(facts.idle)
    runs = facts.idle in facts.sockets and held in facts.kept and held != facts.version
    return Place(facts.idle, facts.serving, facts.version, held if runs else None, warm=False)


def _asking(fleet: Mapping[str, HostFacts], names: Collection[str]) -> list[Kept]:
    """Every kept release that reads one of ``names``, as long as any host keeps it."""
    kept = {each.version: each for facts in fleet.values() for each in facts.kept.values()}
    return [each for each in kept.values() if set(each.secrets) & set(names)]


def _withdraw_former(operation: Operation, places: Mapping[str, Place], fleet: Mapping[str, HostFacts]) -> None:
    """Stop the process that has the old values, and bring up in its place what would be gone back to, with the new."""
    layout, drain = operation.world.layout, operation.drain_seconds

    def withdraw(name: str) -> str:
        former = places[name].before
        if former is None:
            return "nothing to withdraw"
        good = [version for version in fleet[name].good if version != operation.version]
        restore = good[-1] if good and good[-1] in fleet[name].kept else None
        script = commands.withdraw(layout, former, restore, drain, operation.entry(_WITHDRAWN, former))
        operation.step(name, script, drain)
        # Nothing on the host leads to the old values any more: they are forgotten.
        operation.step(name, commands.credentials_use(layout, former))
        return f"{restore} is warm" if restore else "nothing is warm"

    with operation.phase("withdraw") as states:
        states.update(at_once(places, withdraw).or_raise())
