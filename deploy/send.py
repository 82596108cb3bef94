"""An artefact goes to the hosts, and its migrations are run."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path

from core.errors import FencedError, HealthError, HostError
from deploy import commands
from deploy.artifact import Artifact
from deploy.facts import HostFacts, Kept
from deploy.fleet import Gathered, at_once
from deploy.health import cut_words, last_words
from deploy.journal import MIGRATE, MIGRATING
from deploy.operation import Operation, read_cut
from deploy.packs import Packs
from deploy.plan import Place

_SLOWEST_BYTES_A_SECOND = 256 * 1024
# Of a host's disk and processor, for what it reads and hashes.
_SLOWEST_READ_BYTES_A_SECOND = 16 * 1024 * 1024


def send_all(operation: Operation, artifact: Artifact, fleet: Mapping[str, HostFacts]) -> Gathered[str]:
    """Bring a release to every host that does not keep it yet, and of it what the host lacks: how that went, in words.

    A host that lost its connection keeps what has arrived, and is sent the rest the next time. Raises nothing that is
    a host's own: see :class:`Gathered`.
    """
    # Once interrupted, a thread may still be writing a pack.
    with tempfile.TemporaryDirectory(prefix="launch-ready-", ignore_cleanup_errors=True) as folder:
        packs = Packs(artifact, Path(folder))

        def send(name: str) -> str:
            return "there already" if artifact.version in fleet[name].kept else _send(operation, name, artifact, packs)

        return at_once(fleet, send)


def _send(operation: Operation, name: str, artifact: Artifact, packs: Packs) -> str:
    layout = operation.world.layout
    reading = artifact.unpacked_bytes / _SLOWEST_READ_BYTES_A_SECOND
    asked = operation.step(
        name, commands.lacks(layout, artifact.tree), timeout=reading + _seconds(packs.list), stdin=packs.list
    )
    pack = packs.of(artifact.contents.lacking(asked))
    script = commands.upload(
        layout,
        artifact.version,
        artifact.tree,
        artifact.run_script(),
        artifact.migrate_script(),
        artifact.record(),
        contract=artifact.contract_script(),
    )
    operation.step(name, script, timeout=reading + _seconds(pack), stdin=pack)
    return f"sent {_size(packs.list.stat().st_size + pack.stat().st_size)} of {_size(artifact.packed_bytes)}"


def _seconds(file: Path) -> float:
    return file.stat().st_size / _SLOWEST_BYTES_A_SECOND


def _size(count: int) -> str:
    return f"{count / 1024**2:.1f} MiB" if count >= 1024**2 else f"{count / 1024:.1f} KiB"


def migrate(operation: Operation, release: Kept, places: Mapping[str, Place]) -> dict[str, str]:
    """Run the migrations on the first host: its name, how it went. Raises :class:`HealthError`."""
    name = min(places)
    settings, colour = operation.world.settings, places[name].colour
    intent = operation.entry(MIGRATING, colour)
    entry = operation.entry(MIGRATE, colour, schema=release.target)
    script = commands.migrate(operation.world.layout, colour, release.version, settings.drain_seconds, intent, entry)
    try:
        lines = operation.step(name, script, timeout=settings.migration_seconds + settings.drain_seconds)
    except FencedError:
        raise
    except HostError as error:
        raise HostError(f"the migrations of {release.version}: {error}") from None
    if "migrated" not in lines:
        raise HealthError(f"{name}: the migrations of {release.version} failed{last_words(lines)}")
    return {name: "migrated" + cut_words(read_cut(lines), settings.drain_seconds)}
