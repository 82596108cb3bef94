"""Everything that is decided before a host is touched: pure, from what the hosts said."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.settings.release import Release as Settings
from core.terminal import clean
from deploy.drills import last_drill
from deploy.facts import HostFacts, Kept
from deploy.history import superseded, taken_back
from deploy.journal import Entry, good_releases, overtaken, schema_level, unfinished
from deploy.layout import Colour, other

if TYPE_CHECKING:
    # A rollback plans too, and does not wait for what only an artefact needs.
    from deploy.artifact import Artifact

_INODES = 1.2


@dataclass(frozen=True)
class Place:
    """Where a release will run on one host, and what there was: ``before`` the traffic, ``displaced`` the slot.

    ``moved``: a command that was cut short has brought the traffic there already, and ``before`` is from before that.
    """

    colour: Colour
    before: Colour | None
    before_version: str | None
    displaced: str | None
    warm: bool
    moved: bool = False

    @property
    def moves(self) -> bool:
        """Does the traffic move at all?"""
        return self.colour != self.before


def place(facts: HostFacts, version: str) -> Place:
    """The colour for ``version``: the one that serves it already, or the idle one.

    A host that serves it by a command that was cut short can still be taken back to what was good before that.
    """
    if (was := _before_cut(facts, version)) is not None:
        return was
    colour = facts.serving if facts.version == version and facts.serving else facts.idle
    held = facts.slots.get(colour)
    runs = colour in facts.sockets and held in facts.kept and held != version
    displaced = held if runs else None
    return Place(colour, facts.serving, facts.version, displaced, warm=held == version)


def _before_cut(facts: HostFacts, version: str) -> Place | None:
    cut, serving = unfinished(facts.journal), facts.serving
    if serving is None or cut is None or not facts.version == cut.version == version or cut.run in facts.elsewhere:
        return None
    before, good = other(serving), last_good(facts, cut)
    if good is None or good == version or facts.slots.get(before) != good:
        return None
    return Place(serving, before, good, displaced=None, warm=True, moved=True)


def cut_short(fleet: Mapping[str, HostFacts]) -> Entry | None:
    """The beginning of the last command that was cut short on any host, if one was.

    Not one that the other hosts know to be over: they have begun another since. Nor one that was taken back on them,
    or was followed by another here, where this host serves what it served before.
    """
    cut = (
        entry
        for facts in fleet.values()
        if (entry := unfinished(facts.journal))
        and not superseded(facts.journal, fleet)
        and not ((taken_back(entry, fleet) or overtaken(entry, facts.journal)) and _untouched(facts, entry))
    )
    return max(cut, key=lambda entry: entry.at, default=None)


def _untouched(facts: HostFacts, cut: Entry) -> bool:
    return facts.settled and facts.version == last_good(facts, cut)


def last_good(facts: HostFacts, cut: Entry) -> str | None:
    """The release that was live for good on this host before the command ``cut``."""
    stack = good_releases((entry for entry in facts.journal if entry.run != cut.run), facts.elsewhere)
    return stack[-1] if stack else None


def already_live(fleet: Mapping[str, HostFacts], version: str, digest: str) -> bool:
    """Does every host serve this very content, now and after a boot, with no command left unfinished?"""
    return all(
        facts.version == version
        and facts.settled
        and facts.kept.get(version) is not None
        and facts.kept[version].digest == digest
        and good_releases(facts.journal)[-1:] == [version]
        for facts in fleet.values()
    )


def content_conflicts(fleet: Mapping[str, HostFacts], artifact: Artifact) -> list[str]:
    """The hosts that keep other content under the artefact's version."""
    return [
        f"{name} keeps {artifact.version} with other content (sha256 {kept.digest[:12]}…, and this artefact has"
        f" {artifact.digest[:12]}…): a version never changes, so build it under a new one"
        for name, facts in fleet.items()
        if (kept := facts.kept.get(artifact.version)) and kept.digest != artifact.digest
    ]


def refusals(fleet: Mapping[str, HostFacts], artifact: Artifact, settings: Settings) -> list[str]:
    """Every reason why the hosts cannot take this artefact, a sentence each."""
    return [reason for facts in fleet.values() for reason in _refusals(facts, artifact, settings)]


def _refusals(facts: HostFacts, artifact: Artifact, settings: Settings) -> Iterator[str]:
    found = facts.preflight
    if found is None:
        yield f"{facts.name} said nothing about its disk, nginx and environment"
        return
    needed = artifact.unpacked_bytes + artifact.packed_bytes + settings.disk_margin_bytes
    if artifact.version not in facts.kept and found.free_bytes < needed:
        yield (
            f"{facts.name} has {_mib(found.free_bytes)} MiB free under /srv/app, and this release needs"
            f" {_mib(needed)} MiB: free some space, or lower `keep`"
        )
    if artifact.version not in facts.kept and (found.free_inodes or 10**9) < artifact.members * _INODES:
        yield f"{facts.name} has {found.free_inodes} inodes free, and this release has {artifact.members} files"
    if found.nginx.startswith("sudo: "):
        yield (
            f"{facts.name}: its releaser may not do as root what a release needs ({clean(found.nginx)[:160]}): run"
            " `invoke hosts.prepare` for it"
        )
        return
    if found.nginx != "ok":
        yield f"{facts.name}: nginx would not start again with its configuration: {clean(found.nginx)[:300]}"
    if missing := sorted(set(artifact.manifest.environment) - found.environment):
        yield f"{facts.name}: /etc/app/env does not set {', '.join(missing)}: set it there, as root"


def schema_refusals(fleet: Mapping[str, HostFacts], release: Kept) -> list[str]:
    """Why the database's schema stands in the way: of this release, or of the one that serves while it starts."""
    level = fleet_schema(fleet)
    if release.target is None:
        return []
    after = max(release.target, level or 0) if release.migrations else level
    reasons = []
    if not release.lives_with(after):
        reasons.append(
            f"release {release.version} lives with schema {release.minimum} to {release.maximum}, and the database"
            f" would be at {after}"
        )
    for name, facts in fleet.items():
        live = facts.kept.get(facts.version or "")
        if live and not live.lives_with(after):
            reasons.append(
                f"{name} serves {live.version}, which cannot live with schema {after} that {release.version} brings:"
                " release one in between that lives with both, or there is no way back"
            )
    return reasons


def fleet_schema(fleet: Mapping[str, HostFacts]) -> int | None:
    """The database's version, by the migrations that any host's journal tells of."""
    return schema_level(entry for facts in fleet.values() for entry in facts.journal)


def prunable(facts: HostFacts, where: Place, version: str, keep: int) -> tuple[str, ...]:
    """What may go from a host once ``version`` is live: all but the ``keep`` newest good ones, what slots name,
    and the two that the last drill went between.

    Releases that were never good go first of all, for they count as nothing to go back to.
    """
    good = [kept for kept in facts.good if kept != version] + [version]
    in_slots = {held for colour, held in facts.slots.items() if colour != where.colour}
    drilled = last_drill({facts.name: facts})
    proven = {drilled.version, drilled.before} if drilled else set()
    safe = {*good[-keep:], *good[-2:], *in_slots, *proven, version}
    return tuple(sorted(set(facts.kept) - safe))


def _mib(count: int) -> int:
    return -(-count // (1024 * 1024))
