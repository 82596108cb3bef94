"""What is sent to a host that has some of a release already: the contents it lacks, packed once for all that lack them.

A pack is a ``.tar.gz`` of all folders and symbolic links of the release, and of the files that are lacking. A host that
lacks nearly everything gets the artefact as it is, which costs no packing.
"""

from __future__ import annotations

import gzip
import posixpath
import tarfile
from collections.abc import Iterable
from pathlib import Path
from threading import Lock

from core.errors import ArtifactError
from deploy.artifact import Artifact
from deploy.contents import Contents, Item
from deploy.reading import DAMAGE, members_of

_WHOLE = 0.75
# Below this, the same content twice is cheaper to pack than to keep track of.
_WORTH_A_LINK = 4096


class Packs:
    """The packs of one artefact, in a folder of the caller's, which outlives them."""

    def __init__(self, artifact: Artifact, folder: Path) -> None:
        self._artifact = artifact
        self._folder = folder
        self._lock = Lock()
        self._made: dict[frozenset[Item], Path] = {}
        self.list = folder / "contents.gz"
        self.list.write_bytes(gzip.compress(artifact.contents.text, mtime=0))

    def of(self, lacking: frozenset[Item]) -> Path:
        """The file to send to a host that lacks these. Raises :class:`ArtifactError` where the artefact has changed."""
        if sum(item.size for item in lacking) > self._artifact.contents.bytes * _WHOLE:
            return self._artifact.path
        with self._lock:
            if lacking not in self._made:
                target = self._folder / f"{len(self._made)}.tar.gz"
                self._pack(lacking, target)
                self._made[lacking] = target
            return self._made[lacking]

    def _pack(self, lacking: frozenset[Item], target: Path) -> None:
        with (
            gzip.GzipFile(target, "wb", mtime=0, compresslevel=6) as packed,
            tarfile.open(fileobj=packed, mode="w", format=tarfile.GNU_FORMAT, encoding="utf-8") as tar,
        ):
            for header in _frame(self._artifact.contents):
                tar.addfile(header)
            if lacking:
                _add(tar, self._artifact.path, lacking)


def _frame(contents: Contents) -> Iterable[tarfile.TarInfo]:
    for item in contents.items:
        if not item.is_file:
            header = tarfile.TarInfo(item.path)
            header.type = tarfile.DIRTYPE if item.kind == "d" else tarfile.SYMTYPE
            header.mode = 0o755
            header.linkname = item.value if item.kind == "l" else ""
            yield header


def _add(tar: tarfile.TarFile, artifact: Path, lacking: frozenset[Item]) -> None:
    wanted = {item.path: item for item in lacking}
    sent: dict[tuple[str, str], str] = {}
    try:
        with gzip.open(artifact) as plain, members_of(plain) as source:
            for member in source:
                if item := wanted.pop(posixpath.normpath(member.name), None):
                    _add_one(tar, source, member, item, sent)
    except DAMAGE as error:
        raise ArtifactError(
            f"{artifact} changed while it was being sent ({error}): run the same command again"
        ) from None
    if wanted:
        raise ArtifactError(f"{artifact} changed while it was being sent: run the same command again")


def _add_one(
    tar: tarfile.TarFile,
    source: tarfile.TarFile,
    member: tarfile.TarInfo,
    item: Item,
    sent: dict[tuple[str, str], str],
) -> None:
    header = tarfile.TarInfo(item.path)
    header.mode = 0o755 if item.kind == "x" else 0o644
    header.mtime = member.mtime
    first = sent.get((item.kind, item.value))
    if member.islnk() or (first and item.size > _WORTH_A_LINK):
        header.type = tarfile.LNKTYPE
        header.linkname = first or posixpath.normpath(member.linkname)
        tar.addfile(header)
        return
    header.size = member.size
    tar.addfile(header, source.extractfile(member))
    sent[item.kind, item.value] = item.path
