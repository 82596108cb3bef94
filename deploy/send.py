"""An artefact goes to the hosts, and its migrations are run."""

from __future__ import annotations

from collections.abc import Mapping

from core.errors import FencedError, HealthError, HostError
from deploy import commands
from deploy.artifact import Artifact
from deploy.facts import HostFacts, Kept
from deploy.fleet import Gathered, at_once
from deploy.health import last_words
from deploy.journal import MIGRATE, MIGRATING
from deploy.operation import Operation
from deploy.plan import Place

_SLOWEST_BYTES_A_SECOND = 256 * 1024


def send_all(operation: Operation, artifact: Artifact, fleet: Mapping[str, HostFacts]) -> Gathered[str]:
    """Upload and unpack where this version is not kept yet: how that went, in a word."""
    layout = operation.world.layout
    script = commands.upload(
        layout,
        artifact.version,
        artifact.digest,
        artifact.run_script(),
        artifact.migrate_script(),
        artifact.record(),
    )
    patience = artifact.packed_bytes / _SLOWEST_BYTES_A_SECOND

    def send(name: str) -> str:
        if artifact.version in fleet[name].kept:
            return "there already"
        operation.step(name, script, timeout=patience, stdin=artifact.path)
        return "sent"

    return at_once(fleet, send)


def migrate(operation: Operation, release: Kept, places: Mapping[str, Place]) -> str:
    """Run the migrations on the first host: its name. Raises :class:`HealthError` with their last words."""
    name = min(places)
    settings, colour = operation.world.settings, places[name].colour
    intent = operation.entry(MIGRATING, colour)
    entry = operation.entry(MIGRATE, colour, schema=release.target)
    script = commands.migrate(operation.world.layout, colour, release.version, settings.drain_seconds, intent, entry)
    try:
        lines = operation.step(name, script, timeout=settings.migration_seconds)
    except FencedError:
        raise
    except HostError as error:
        raise HostError(f"the migrations of {release.version}: {error}") from None
    if "migrated" not in lines:
        raise HealthError(f"{name}: the migrations of {release.version} failed{last_words(lines)}")
    return name
