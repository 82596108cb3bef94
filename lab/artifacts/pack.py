"""A folder as a tar.gz whose bytes depend on names, modes and contents alone.

After https://reproducible-builds.org/docs/archives/: sorted members, no owner, no time, no file name in gzip's header.
"""

from __future__ import annotations

import gzip
import io
import os
import tarfile
from pathlib import Path

# 1980-01-01, the oldest time that every archive format can hold.
EPOCH = 315532800


def pack(folder: Path, target: Path) -> None:
    """Write ``folder``'s files to ``target``, which appears whole or not at all."""
    aside = target.with_name(f"{target.name}.{os.getpid()}.new")
    try:
        with (
            aside.open("wb") as raw,
            gzip.GzipFile(filename="", mode="wb", fileobj=raw, mtime=0, compresslevel=6) as packed,
            tarfile.open(fileobj=packed, mode="w", format=tarfile.USTAR_FORMAT) as tar,
        ):
            for path in sorted(folder.rglob("*"), key=lambda path: path.relative_to(folder).as_posix()):
                _add(tar, path, path.relative_to(folder).as_posix())
        aside.rename(target)
    finally:
        aside.unlink(missing_ok=True)


def _add(tar: tarfile.TarFile, path: Path, name: str) -> None:
    member = tarfile.TarInfo(name)
    member.mtime = EPOCH
    if path.is_dir():
        member.type, member.mode = tarfile.DIRTYPE, 0o755
        tar.addfile(member)
        return
    content = path.read_bytes()
    member.size = len(content)
    member.mode = 0o755 if path.stat().st_mode & 0o100 else 0o644
    tar.addfile(member, io.BytesIO(content))
