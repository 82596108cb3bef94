"""A release as it comes: a ``.tar.gz`` with ``release.toml`` at its top. Format: ``docs/artifact.md``.

It is read once, whole, before a byte of it is sent anywhere, and refused for every reason at once. Nothing is
unpacked here.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from core.errors import ArtifactError
from deploy import commands
from deploy.contents import Contents
from deploy.facts import Kept
from deploy.manifest import MANIFEST, Manifest, read_manifest
from deploy.reading import MOST_BYTES, MOST_MEMBERS, Reading
from deploy.signature import signature_of

_MOST_REASONS = 20


@dataclass(frozen=True)
class Artifact:
    """An artefact that was read and found good: its file, SHA-256 (hex), what it says, what it will take on a disk.

    ``contents`` is the list of what is in it. ``vouched`` says by whom it is trusted: the key and the comment of its
    signature, or the host that kept it; empty for one whose signature nobody asked for.
    """

    path: Path
    digest: str
    manifest: Manifest
    unpacked_bytes: int
    members: int
    contents: Contents = field(default_factory=Contents)
    vouched: str = ""

    @property
    def version(self) -> str:
        """The version of the release in it."""
        return self.manifest.version

    @property
    def tree(self) -> str:
        """The SHA-256 of the list of its contents: the same for the same release, however it was packed."""
        return self.contents.tree

    @property
    def packed_bytes(self) -> int:
        """The size of the file."""
        return self.path.stat().st_size

    def record(self) -> str:
        """One line of JSON that stays with the release on the host: what a rollback must know of it."""
        known = self.manifest.model_dump(
            mode="json", by_alias=True, include={"version", "health_path", "schema_", "secrets"}
        )
        known |= {"digest": self.digest, "tree": self.tree, "migrations": self.manifest.migrations is not None}
        known |= {"contract": self.manifest.contract.target} if self.manifest.contract else {}
        return json.dumps(known, separators=(",", ":"))

    def kept(self) -> Kept:
        """What a host knows of it once it is there."""
        schema, manifest = self.manifest.schema_, self.manifest
        return Kept(
            version=self.version,
            digest=self.digest,
            health_path=manifest.health_path,
            minimum=schema.minimum if schema else None,
            maximum=schema.maximum if schema else None,
            target=schema.target if schema else None,
            migrations=manifest.migrations is not None,
            contract=manifest.contract.target if manifest.contract else None,
            secrets=manifest.secrets,
            tree=self.tree,
        )

    def run_script(self) -> str:
        """What the unit of a colour starts."""
        return commands.launcher(self.manifest.command, self.version)

    def migrate_script(self) -> str:
        """What the unit of the migrations starts; empty without migrations."""
        migrations = self.manifest.migrations
        return commands.launcher(migrations.command, self.version) if migrations else ""

    def contract_script(self) -> str:
        """What the unit of the contract starts; empty without one."""
        contract = self.manifest.contract
        return commands.launcher(contract.command, self.version) if contract else ""


def open_artifact(
    path: Path, signing_keys: Sequence[str] = (), *, most_bytes: int = MOST_BYTES, most_members: int = MOST_MEMBERS
) -> Artifact:
    """Read ``path`` to its end and check it. Raises :class:`ArtifactError` with every reason found, a line each.

    With ``signing_keys`` (minisign's public keys) one of them must have signed it: :mod:`deploy.signature`.
    """
    if not path.is_file():
        raise ArtifactError(f"there is no file {path}: give --artifact the release's .tar.gz")
    reading = Reading(path, most_bytes, most_members)
    try:
        with path.open("rb") as file:
            signed = signature_of(path, file, signing_keys) if signing_keys else ""
            file.seek(0)
            digest = hashlib.file_digest(file, "sha256").hexdigest()
            file.seek(0)
            reading.read(file)
    except OSError as error:
        raise ArtifactError(f"{path} cannot be read: {error.strerror or error}; give --artifact a .tar.gz") from None
    return Artifact(path, digest, _manifest(reading), reading.bytes, reading.members, reading.contents(), str(signed))


def _manifest(reading: Reading) -> Manifest:
    """The manifest, once nothing speaks against the whole. Raises :class:`ArtifactError`."""
    reasons = reading.reasons
    if reading.manifest is None:
        reasons.append(f"there is no file {MANIFEST} at its top")
        manifest = None
    else:
        manifest, found = read_manifest(reading.manifest)
        reasons += found
    if reasons or manifest is None:
        said = [f"{reading.path}: {reason}" for reason in reasons[:_MOST_REASONS]]
        more = len(reasons) - len(said)
        raise ArtifactError("\n".join([*said, *([f"{reading.path}: and {more} reasons more"] if more else [])]))
    return manifest


def require_vouched(artifact: Artifact, signing_keys: Sequence[str]) -> None:
    """Raises :class:`ArtifactError` where a stack trusts keys and the artefact was opened without asking for one."""
    if signing_keys and not artifact.vouched:
        raise ArtifactError(f"the signature of {artifact.path} was not checked, and this stack has signing_keys")
