"""Hosts that were left out, or are new, are brought to what the others serve, and their journals with them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from core.errors import HostError, LaunchReadyError
from core.secret import Secret
from deploy.commands import Check
from deploy.credentials import keep_credentials, read_secrets
from deploy.facts import HostFacts, Kept
from deploy.fetch import fetch_from_host
from deploy.finish import finish_all
from deploy.fleet import at_once, told
from deploy.history import behind, missed
from deploy.journal import CATCH_UP
from deploy.lock import locked
from deploy.operation import Operation, World
from deploy.plan import cut_short, place
from deploy.send import send_all
from deploy.turn import start_everywhere, turn


@dataclass(frozen=True)
class CaughtUp:
    """What every host serves now, and what those that were behind served before."""

    version: str
    before: Mapping[str, str | None]
    seconds: float


def catch_up(world: World) -> CaughtUp:
    """Bring every host that is behind to what the others serve; those are only read.

    Raises :class:`HostError` where it cannot be told which hosts are ahead, or what one needs is kept nowhere;
    otherwise what a deploy raises, of the hosts that were behind.
    """
    began = world.clock.monotonic()
    with locked(world, CATCH_UP, preflight=True) as fleet:
        if cut_short(fleet) is not None:
            raise HostError("a command was cut short: run `invoke deploy.resume` or `invoke deploy.abort` first")
        late = {name: fleet[name] for name in behind(fleet)}
        ahead = {name: facts for name, facts in fleet.items() if name not in late}
        version = _served(ahead)
        if late:
            leader = next(iter(ahead.values()))
            operation = Operation(world, CATCH_UP, version, leader.kept[version].digest, began)
            operation.holds(fleet)
            _bring_up(operation, leader, late)
        before = {name: facts.version for name, facts in late.items()}
        return CaughtUp(version, before, round(world.clock.monotonic() - began, 3))


def _served(ahead: Mapping[str, HostFacts]) -> str:
    versions = {facts.version for facts in ahead.values()}
    version = next(iter(versions)) if len(versions) == 1 else None
    if version is None or any(version not in facts.kept for facts in ahead.values()):
        serves = told({name: facts.version for name, facts in ahead.items()})
        raise HostError(f"it cannot be told what the others should be brought to: {serves}: run `invoke rollback`")
    return version


def _bring_up(operation: Operation, leader: HostFacts, late: Mapping[str, HostFacts]) -> None:
    release = leader.kept[operation.version]
    check = Check(release.health_path, operation.world.settings.health.status, release.version)
    places = {name: place(facts, release.version) for name, facts in late.items()}
    secrets = _secrets(operation, leader)
    at_once(late, lambda name: operation.write_down(name, operation.begins(places[name].colour))).or_raise()
    _fetch(operation, leader, late)
    for version, values in secrets.items():
        keep_credentials(operation, late, version, values)
    start_everywhere(operation, check, places, late)
    turn(operation, check, places, late)
    with operation.phase("journal") as states:
        written = at_once(late, lambda name: _write_down(operation, name, leader, late[name]))
        states.update(written.good | dict.fromkeys(written.bad, "failed"))
    written.or_raise()
    finish_all(operation, places, late)


def _secrets(operation: Operation, leader: HostFacts) -> dict[str, dict[str, Secret]]:
    """By version, for what is live and what would be gone back to; of the latter they may be gone from their store."""
    found = {}
    for release in _wanted(leader):
        try:
            found[release.version] = read_secrets(operation, release)
        except LaunchReadyError as error:
            if release.version == operation.version:
                raise
            operation.world.progress.note(f"{error}: {release.version} could not be gone back to")
    return {version: values for version, values in found.items() if values}


def _fetch(operation: Operation, leader: HostFacts, late: Mapping[str, HostFacts]) -> None:
    """What is live, and what would be gone back to: a host without that would stand in every rollback's way."""
    with operation.phase("fetch") as states:
        for release in _wanted(leader):
            lacking = {name: facts for name, facts in late.items() if release.version not in facts.kept}
            if not lacking:
                continue
            shell = operation.world.shells[leader.name]
            with fetch_from_host(shell, operation.world.layout, release) as artifact:
                sent = send_all(operation, artifact, lacking)
            states.update({name: f"{release.version} {how}" for name, how in sent.good.items()})
            states.update(dict.fromkeys(sent.bad, "failed"))
            sent.or_raise()


def _wanted(leader: HostFacts) -> list[Kept]:
    return [leader.kept[version] for version in leader.good[-2:] if version in leader.kept]


def _write_down(operation: Operation, name: str, leader: HostFacts, late: HostFacts) -> str:
    """The commands that the host has missed, as the others remember them: it then goes back where they go back."""
    entries = missed(leader.journal, late.journal)
    for entry in entries:
        evidence = {**(entry.evidence or {}), "caught_up_from": leader.name}
        operation.write_down(name, replace(entry, evidence=evidence).line())
    return f"{len(entries)} commands made up for"
