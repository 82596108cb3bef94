"""A release as it comes: a ``.tar.gz`` with ``release.toml`` at its top. Format: ``docs/artifact.md``.

It is read once, whole, before a byte of it is sent anywhere, and refused for every reason at once. Nothing is
unpacked here.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import posixpath
import tarfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Self

from core.errors import ArtifactError
from core.terminal import clean
from deploy import commands
from deploy.facts import Kept
from deploy.manifest import MANIFEST, Manifest, read_manifest
from deploy.manifest import MOST_BYTES as MOST_MANIFEST

RESERVED = ".launch"
MOST_BYTES = 4 * 1024**3
MOST_MEMBERS = 100_000
_MOST_REASONS = 20
_MOST_NAMES = 64 * 1024
_DAMAGE = (
    tarfile.TarError,
    zlib.error,
    gzip.BadGzipFile,
    EOFError,
    ValueError,
    OverflowError,
    RecursionError,
)
_NAMES = (
    tarfile.XHDTYPE,
    tarfile.XGLTYPE,
    tarfile.SOLARIS_XHDTYPE,
    tarfile.GNUTYPE_LONGNAME,
    tarfile.GNUTYPE_LONGLINK,
)


@dataclass(frozen=True)
class Artifact:
    """An artefact that was read and found good: its file, SHA-256 (hex), what it says, what it will take on a disk."""

    path: Path
    digest: str
    manifest: Manifest
    unpacked_bytes: int
    members: int

    @property
    def version(self) -> str:
        """The version of the release in it."""
        return self.manifest.version

    @property
    def packed_bytes(self) -> int:
        """The size of the file."""
        return self.path.stat().st_size

    def record(self) -> str:
        """One line of JSON that stays with the release on the host: what a rollback must know of it."""
        known = self.manifest.model_dump(
            mode="json", by_alias=True, include={"version", "health_path", "schema_", "secrets"}
        )
        known |= {"digest": self.digest, "migrations": self.manifest.migrations is not None}
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
            secrets=manifest.secrets,
        )

    def run_script(self) -> str:
        """What the unit of a colour starts."""
        return commands.launcher(self.manifest.command, self.version)

    def migrate_script(self) -> str:
        """What the unit of the migrations starts; empty without migrations."""
        migrations = self.manifest.migrations
        return commands.launcher(migrations.command, self.version) if migrations else ""


def open_artifact(path: Path, *, most_bytes: int = MOST_BYTES, most_members: int = MOST_MEMBERS) -> Artifact:
    """Read ``path`` to its end and check it. Raises :class:`ArtifactError` with every reason found, a line each."""
    if not path.is_file():
        raise ArtifactError(f"there is no file {path}: give --artifact the release's .tar.gz")
    try:
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
            file.seek(0)
            reading = _Reading(path, most_bytes, most_members)
            reading.read(file)
    except OSError as error:
        raise ArtifactError(f"{path} cannot be read: {error.strerror or error}; give --artifact a .tar.gz") from None
    manifest = reading.finish()
    return Artifact(path, digest, manifest, reading.bytes, len(reading.kinds))


class _Header(tarfile.TarInfo):
    """A member's header; one that would have megabytes of names read into memory is refused."""

    @classmethod
    def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> Self:
        """As the base class does."""
        header = super().frombuf(buf, encoding, errors)
        if header.type in _NAMES and header.size > _MOST_NAMES:
            raise tarfile.ReadError(f"a header of {header.size} bytes")
        return header


class _Reading:
    """One pass over the members."""

    def __init__(self, path: Path, most_bytes: int, most_members: int) -> None:
        self.path = path
        self.most_bytes = most_bytes
        self.most_members = most_members
        self.bytes = 0
        self.kinds: dict[str, tarfile.TarInfo] = {}
        self.reasons: list[str] = []
        self.manifest: bytes | None = None

    def read(self, file: IO[bytes]) -> None:
        """Every member, then the rest of the file, so that a cut or a flipped bit anywhere is found."""
        try:
            self._read(file)
        except _DAMAGE as error:
            reason = clean(str(error))[:120]
            raise ArtifactError(f"{self.path} is damaged or no .tar.gz ({reason}): build it again") from None

    def _read(self, file: IO[bytes]) -> None:
        # Not tarfile's own gzip: it passes over the checksum.
        with gzip.GzipFile(fileobj=file) as plain, tarfile.open(fileobj=plain, mode="r|", tarinfo=_Header) as tar:
            for member in tar:
                self._member(tar, member)
                self._bounded()
            end = tar.offset
            while plain.read(1 << 16):
                self._bounded(plain.tell())
            if plain.tell() < end + tarfile.BLOCKSIZE:
                raise EOFError("it ends before the tar does")

    def _bounded(self, unpacked: int = 0) -> None:
        if max(self.bytes, unpacked) > self.most_bytes or len(self.kinds) > self.most_members:
            raise ArtifactError(
                f"{self.path} unpacks to more than {self.most_bytes} bytes or {self.most_members} members:"
                " it is no release that a host should take"
            )

    def _member(self, tar: tarfile.TarFile, member: tarfile.TarInfo) -> None:
        name = posixpath.normpath(member.name)
        self.bytes += max(member.size, 0) if member.isreg() else 0
        self.reasons += [f"member {clean(member.name)[:120]!r} {why}" for why in _why_not(member, name, self.kinds)]
        self.kinds[name] = member
        if name == MANIFEST and member.isreg() and self.manifest is None:
            source = tar.extractfile(member) if member.size <= MOST_MANIFEST else None
            self.manifest = source.read() if source else b"\xff"

    def finish(self) -> Manifest:
        """The manifest, once nothing speaks against the whole. Raises :class:`ArtifactError`."""
        reasons = self.reasons + [
            f"member {clean(name)[:120]!r} lies below the link or file {clean(parent)[:120]!r}"
            for name in self.kinds
            for parent in _parents(name)
            if parent in self.kinds and not self.kinds[parent].isdir()
        ]
        if self.manifest is None:
            reasons.append(f"there is no file {MANIFEST} at its top")
            manifest = None
        else:
            manifest, found = read_manifest(self.manifest)
            reasons += found
        if reasons or manifest is None:
            more = [f"{self.path}: and {len(reasons) - _MOST_REASONS} reasons more"] if reasons[_MOST_REASONS:] else []
            raise ArtifactError("\n".join([f"{self.path}: {reason}" for reason in reasons[:_MOST_REASONS]] + more))
        return manifest


def _why_not(member: tarfile.TarInfo, name: str, seen: dict[str, tarfile.TarInfo]) -> Iterator[str]:
    parts = member.name.split("/")
    if member.name.startswith("/") or ".." in parts:
        yield "leads out of the release: names must be relative, without `..`"
    if any(character in member.name for character in "\n\x00\\"):
        yield "has a line break, a NUL or a backslash in its name"
    if name.split("/")[0] == RESERVED:
        yield f"is in {RESERVED}/, which is kept for what the host adds"
    if name in seen and not (member.isdir() and seen[name].isdir()):
        yield "is there twice"
    if member.issym() or member.islnk():
        yield from _why_not_link(member, name)
    elif not (member.isreg() or member.isdir()):
        yield "is no file, folder or link"
    if member.isreg() and member.mode & 0o7000:
        yield "is setuid, setgid or sticky"


def _why_not_link(member: tarfile.TarInfo, name: str) -> Iterator[str]:
    base = posixpath.dirname(name) if member.issym() else ""
    target = posixpath.normpath(posixpath.join(base, member.linkname))
    if member.linkname.startswith("/") or target == ".." or target.startswith("../"):
        yield f"links out of the release, to {clean(member.linkname)[:120]!r}"
    elif ".." in member.linkname.split("/") and _climbs_back(member.linkname):
        # a/link/../x is not what it looks like where a/link is a link itself
        yield f"links through `..` after a name, to {clean(member.linkname)[:120]!r}"


def _climbs_back(target: str) -> bool:
    parts = [part for part in target.split("/") if part not in ("", ".")]
    return ".." in parts[next((index for index, part in enumerate(parts) if part != ".."), len(parts)) :]


def _parents(name: str) -> Iterator[str]:
    while (name := posixpath.dirname(name)).strip("/"):
        yield name
