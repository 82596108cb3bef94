"""A folder as a ``.tar.gz`` whose bytes depend on names, modes, links and contents alone.

After https://reproducible-builds.org/docs/archives/: sorted members, no owner, one time, no file name in gzip's header.
"""

from __future__ import annotations

import gzip
import os
import stat
import tarfile
from collections.abc import Iterator
from pathlib import Path

from core.errors import ArtifactError

# 1980-01-01, the oldest time that every archive format can hold.
EPOCH = 315532800


def pack(folder: Path, target: Path, mtime: int = EPOCH) -> None:
    """Write what is in ``folder`` to ``target``, which appears whole or not at all. ``mtime``: seconds since 1970.

    Files get mode 0644, or 0755 where their owner may execute them; symbolic links stay links. Raises
    :class:`ArtifactError` for what is neither file, folder nor link, and :class:`OSError` for what cannot be read.
    """
    aside = target.with_name(f"{target.name}.{os.getpid()}.new")
    try:
        with (
            aside.open("wb") as raw,
            gzip.GzipFile(filename="", mode="wb", fileobj=raw, mtime=0, compresslevel=6) as packed,
            tarfile.open(fileobj=packed, mode="w", format=tarfile.GNU_FORMAT, encoding="utf-8") as tar,
        ):
            for name, path in sorted((path.relative_to(folder).as_posix(), path) for path in _below(folder)):
                _add(tar, path, name, mtime)
        aside.rename(target)
    finally:
        aside.unlink(missing_ok=True)


def _below(folder: Path) -> Iterator[Path]:
    """Everything in ``folder``. Raises :class:`OSError` for what cannot be read, which `rglob` passes over."""

    def fail(error: OSError) -> None:
        raise error

    for parent, folders, files in os.walk(folder, onerror=fail):
        yield from (Path(parent, name) for name in (*folders, *files))


def _add(tar: tarfile.TarFile, path: Path, name: str, mtime: int) -> None:
    found = path.lstat()
    member = tarfile.TarInfo(name)
    member.mtime = mtime
    if stat.S_ISLNK(found.st_mode):
        member.type, member.mode, member.linkname = tarfile.SYMTYPE, 0o777, str(path.readlink())
        tar.addfile(member)
    elif stat.S_ISDIR(found.st_mode):
        member.type, member.mode = tarfile.DIRTYPE, 0o755
        tar.addfile(member)
    elif stat.S_ISREG(found.st_mode):
        member.size = found.st_size
        member.mode = 0o755 if found.st_mode & 0o100 else 0o644
        with path.open("rb") as file:
            tar.addfile(member, file)
    else:
        raise ArtifactError(f"{path} is no file, folder or link: a release has no use for it")
