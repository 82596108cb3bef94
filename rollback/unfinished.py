"""A command that was cut short: seen to its end, or undone. Both work from what the hosts keep and remember."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.errors import ArtifactError, RollbackError
from deploy.facts import HostFacts, Kept
from deploy.fleet import told
from deploy.history import taken_back
from deploy.journal import DRILL, ROLLBACK, Entry
from deploy.layout import Colour
from deploy.lock import locked
from deploy.operation import Operation, World
from deploy.plan import Place, cut_short, last_good
from deploy.turn import take_back
from rollback.api import RolledBack, back_to

if TYPE_CHECKING:
    from deploy.artifact import Artifact
    from deploy.forward import Deployed


@dataclass(frozen=True)
class Aborted:
    """What was undone, and what every host serves now (none: it was the first release)."""

    action: str
    version: str
    who: str
    since: str
    serves: str | None
    seconds: float


def resume(world: World, artifact: Artifact | None = None) -> Deployed | RolledBack | None:
    """See the command that was cut short to its end; none where every command has ended.

    Without the ``artifact`` a host must keep the release already: the others get it from there. Raises what the command
    itself would, and :class:`ArtifactError` where no host keeps it, or the artefact is another.
    """
    began = world.clock.monotonic()
    with locked(world, "resume", preflight=True) as fleet:
        cut = cut_short(fleet)
        if cut is None:
            return None
        if taken_back(cut, fleet):
            raise RollbackError(f"{_named(cut)} was taken back on other hosts already: run `invoke deploy.abort`")
        world.progress.note(f"going on with {_named(cut)}")
        if cut.action in (ROLLBACK, DRILL):
            return back_to(world, fleet, cut.version, began)
        # A rollback never waits for what only the way forward needs.
        from deploy.canary import planned
        from deploy.forward import put_live

        operation = Operation(world, cut.action, cut.version, cut.digest, began)
        operation.holds(fleet)
        with _release(world, fleet, cut, artifact) as (release, source):
            return put_live(operation, release, fleet, None, source, planned(cut.evidence))


@contextmanager
def _release(
    world: World, fleet: Mapping[str, HostFacts], cut: Entry, artifact: Artifact | None
) -> Iterator[tuple[Kept, Artifact | None]]:
    """What was on its way, and where it comes from: the artefact, nowhere (each has it), or a host that has it."""
    if artifact is not None and (artifact.version, artifact.digest) != (cut.version, cut.digest):
        raise ArtifactError(
            f"{artifact.path} is {artifact.version} with sha256 {artifact.digest[:12]}…, and what was cut short is"
            f" {cut.version} with {cut.digest[:12]}…: give that one, or run `invoke deploy.abort`"
        )
    having = {name: facts.kept[cut.version] for name, facts in fleet.items() if cut.version in facts.kept}
    if artifact is not None:
        yield artifact.kept(), artifact
    elif len(having) == len(fleet):
        yield next(iter(having.values())), None
    elif having:
        from deploy.fetch import fetch_from_host

        name, kept = next(iter(having.items()))
        with fetch_from_host(world.shells[name], world.layout, kept) as copy:
            yield kept, copy
    else:
        raise ArtifactError(f"{cut.version} had arrived on no host: give --artifact FILE, or run `invoke deploy.abort`")


def abort(world: World) -> Aborted | None:
    """Undo the command that was cut short: every host serves what was good before it. None where all have ended.

    Raises :class:`RollbackError` where that cannot be done, and what a rollback raises.
    """
    began = world.clock.monotonic()
    with locked(world, "abort", preflight=False) as fleet:
        cut = cut_short(fleet)
        if cut is None:
            return None
        world.progress.note(f"undoing {_named(cut)}")
        before = {name: last_good(facts, cut) for name, facts in fleet.items()}
        if len(set(before.values())) > 1:
            raise RollbackError(f"before it, {told(before)}: say which to go back to with `invoke rollback --to`")
        version = next(iter(before.values()))
        if version is None:
            _to_nothing(world, fleet, cut, began)
        else:
            back_to(world, fleet, version, began)
        seconds = round(world.clock.monotonic() - began, 3)
        return Aborted(cut.action, cut.version, cut.who, cut.at, version, seconds)


def _to_nothing(world: World, fleet: Mapping[str, HostFacts], cut: Entry, began: float) -> None:
    """The first release of all: its traffic goes nowhere again, and it is stopped."""
    operation = Operation(world, cut.action, cut.version, cut.digest, began, run=cut.run)
    operation.holds(fleet)
    places = {name: Place(_colour(facts, cut), None, None, None, warm=False) for name, facts in fleet.items()}
    world.progress.note(str(take_back(operation, places, fleet, "it was aborted")))


def _colour(facts: HostFacts, cut: Entry) -> Colour:
    return next((colour for colour, version in facts.slots.items() if version == cut.version), facts.idle)


def _named(cut: Entry) -> str:
    return f"the {cut.action} of {cut.version} that {cut.who} began at {cut.at}"
