"""The object database of a repository: what is in it by kind, and the contents that no patch shows."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from functools import cached_property
from pathlib import Path

from adapters.git_safe import BIG_BYTES, SafeGit
from adapters.work_tree import read_plain
from core.errors import CheckError
from core.leaks import Coverage, Piece
from core.unpacked import Unpacked

# Beyond this, binaries that are in the history and blobs that nothing leads to are only told of.
_MOST_BINARY = 256 * 1024 * 1024
_POINTER = re.compile(
    rb"(?:version https://git-lfs\.github\.com/spec/v1\n(?:ext-[^\n]+\n)*)?oid sha256:([0-9a-f]{64})\n(?:size \d+\n?)?"
)
_LONGEST_POINTER = 1024


def pointed_at(text: bytes) -> str | None:
    """The name of the content that a pointer of Git LFS stands for, or that a change of one brings.

    https://github.com/git-lfs/git-lfs/blob/main/docs/spec.md
    """
    found = _POINTER.fullmatch(text) if b"oid sha256:" in text[:_LONGEST_POINTER] else None
    return found[1].decode() if found and len(text) <= _LONGEST_POINTER else None


class Objects:
    """What ``git`` finds in the database of the repository at ``folder``."""

    def __init__(self, git: SafeGit, folder: Path) -> None:
        self._git, self._folder = git, folder

    @cached_property
    def by_kind(self) -> Mapping[str, set[str]]:
        """The names of all objects: commits, trees, blobs and tags."""
        check = "--batch-check=%(objecttype) %(objectname)"
        found: dict[str, set[str]] = {"commit": set(), "tree": set(), "blob": set(), "tag": set()}
        for line in self._git.say("cat-file", "--batch-all-objects", "--unordered", "--buffer", check).splitlines():
            kind, _, name = line.partition(" ")
            found.setdefault(kind, set()).add(name)
        return found

    @cached_property
    def common(self) -> Path:
        """The repository's own folder, which all of its working trees share."""
        said = Path(os.fsdecode(self._git.ask("rev-parse", "--git-common-dir").rstrip(b"\n")))
        return said if said.is_absolute() else self._folder / said

    def blobs(
        self, wanted: Mapping[str, str], seen: Coverage, unpacked: Unpacked, most: int = _MOST_BINARY
    ) -> Iterator[Piece]:
        """The contents of ``wanted``, a place and a path for each object, and what is inside: those not too big, and
        not more than ``most`` bytes of them.
        """
        small = self._small(wanted, seen, most)
        asked = "".join(f"{name}\n" for name in small).encode()
        with self._git.reading("cat-file", "--batch", "--buffer", stdin=asked) as out:
            for _ in small:
                name, kind, size = (*out.readline().decode("ascii", "replace").split(), "", "", "")[:3]
                if kind != "blob":
                    raise CheckError(f"the object {name[:12]} is missing: the repository is broken")
                data = out.read(int(size) + 1)[:-1]
                place, _, path = wanted[name].partition(":")
                seen.binaries += 1
                yield from unpacked.whole(Piece(place, path, data))

    def kept_by_lfs(self, wanted: Mapping[str, str], seen: Coverage, unpacked: Unpacked) -> Iterator[Piece]:
        """What Git LFS keeps beside the repository, by the names that pointers have for it."""
        for name, path in wanted.items():
            data = read_plain(self.common / "lfs" / "objects" / name[:2] / name[2:4] / name, BIG_BYTES)
            if isinstance(data, bytes):
                seen.binaries += 1
                yield from unpacked.whole(Piece(f"Git LFS {name[:12]}", path, data))
            else:
                why = f"{data} bytes" if isinstance(data, int) else "not fetched: run `git lfs fetch --all`"
                seen.left_out.append(f"{path} (in Git LFS, {why})")

    def _small(self, wanted: Mapping[str, str], seen: Coverage, most: int) -> list[str]:
        asked = "".join(f"{name}\n" for name in wanted).encode()
        small, total = [], 0
        for line in self._git.say("cat-file", "--batch-check", "--buffer", stdin=asked).splitlines():
            name, kind, size = (*line.split(), "", "")[:3]
            if kind != "blob":
                raise CheckError(f"the object {name[:12]} is missing: the repository is broken")
            if int(size) > BIG_BYTES or total + int(size) > most:
                seen.left_out.append(f"{wanted[name]} ({size} bytes)")
            else:
                total += int(size)
                small.append(name)
        return small
