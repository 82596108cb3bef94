"""A Git repository to be looked through for secrets: its state, its files, all that its commits brought."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path

from adapters.git_history import Patches
from adapters.git_safe import BIG_BYTES, SafeGit
from adapters.side_by_side import SideBySide
from core.errors import CheckError
from core.leaks import Coverage, Piece, RepositoryState

_SECONDS = 240.0
# Beyond this, binaries that are in the history and blobs that nothing leads to are only told of.
_MOST_BINARY = 256 * 1024 * 1024
_NAMED = 5


class GitRepository:
    """Fulfils :class:`core.leaks.Repository` for the work tree (or bare repository) at ``folder``."""

    def __init__(self, folder: Path, seconds: float = _SECONDS) -> None:
        """``seconds`` is what each of Git's commands may take."""
        self._folder = folder
        self._git = SafeGit(folder, seconds)

    def state(self) -> RepositoryState:
        """What there is, and what of it cannot be seen from here."""
        version = self._said("--version")
        reachable, everything = self._reachable, self._objects["commit"]
        return RepositoryState(
            git=version.strip(),
            commits=len(reachable),
            unreachable=len(everything - set(reachable)),
            gaps=tuple(self._gaps()),
            notes=tuple(self._notes()),
        )

    def tree(self, seen: Coverage) -> Iterator[Piece]:
        """Each file, opened without following a link and read as far as it is not too big."""
        listed = self._git.ask("ls-files", "-z", "--cached", "--others", "--exclude-standard")
        for name in dict.fromkeys(listed.split(b"\0")):
            if name:
                yield from self._file(name, seen)

    def history(self, seen: Coverage) -> Iterator[Piece]:
        """Reachable commits first, newest first; then those that nothing leads to, binaries, tags' messages."""
        reachable, objects = self._reachable, self._objects
        others = sorted(objects["commit"] - set(reachable))
        commits = [*reachable, *others]
        # Git walks on one processor. Neighbours share their contents, so each walk has a stretch of its own.
        half = (len(commits) + 1) // 2
        halves = [Patches(self._git, part, Coverage()) for part in (commits[:half], commits[half:]) if part]
        try:
            yield from SideBySide([each.pieces() for each in halves], lambda piece: len(piece.data))
        finally:
            seen.commits += sum(each.seen.commits for each in halves)
            seen.files += sum(each.seen.files for each in halves)
        yield from self._blobs({name: place for half in halves for name, place in half.binaries.items()}, seen)
        told = {name for half in halves for name in half.blobs}
        # What was added and never committed; a blob that a patch told of was looked at there.
        alone = sorted(objects["blob"] - told - self._staged())
        yield from self._blobs({name: f"object {name[:12]} of no commit:" for name in alone}, seen)
        for name in sorted(objects["tag"]):
            yield Piece(f"tag {name[:12]}", "", self._git.ask("cat-file", "tag", name))

    @cached_property
    def _reachable(self) -> list[str]:
        """As of the first look: what is committed meanwhile is for the next."""
        return self._said("rev-list", "--all").split()

    @cached_property
    def _objects(self) -> dict[str, set[str]]:
        """All that is in the object database, by kind."""
        check = "--batch-check=%(objecttype) %(objectname)"
        found: dict[str, set[str]] = {"commit": set(), "tree": set(), "blob": set(), "tag": set()}
        for line in self._said("cat-file", "--batch-all-objects", "--unordered", "--buffer", check).splitlines():
            kind, _, name = line.partition(" ")
            found.setdefault(kind, set()).add(name)
        return found

    def _staged(self) -> set[str]:
        return {line.split(" ")[1] for line in self._said("ls-files", "--stage").splitlines()}

    def _gaps(self) -> Iterator[str]:
        if self._said("rev-parse", "--is-shallow-repository").strip() == "true":
            yield "it is a shallow clone: run `git fetch --unshallow` (in CI: fetch-depth 0)"
        config = self._said("config", "--local", "--list", "--name-only", "--no-includes").lower().splitlines()
        if any(key == "extensions.partialclone" or key.endswith(".promisor") for key in config):
            yield "it is a partial clone, in which objects are missing: clone it whole"
        for path in self._submodules():
            yield f"the submodule {path} has a history of its own: check that repository too"

    def _notes(self) -> Iterator[str]:
        common = Path(os.fsdecode(self._git.ask("rev-parse", "--git-common-dir").rstrip(b"\n")))
        folder = common if common.is_absolute() else self._folder / common
        if (folder / "info" / "grafts").exists():
            yield "info/grafts is there, and was not heeded"
        if (folder / "objects" / "info" / "alternates").exists():
            yield "objects are borrowed from another repository (alternates), and were looked at too"
        if self._said("for-each-ref", "--count=1", "refs/replace/").strip():
            yield "there are replacements (refs/replace), and they were not heeded"

    def _submodules(self) -> list[str]:
        staged = self._git.ask("ls-files", "-z", "--stage").split(b"\0")
        return [os.fsdecode(line.split(b"\t", 1)[1]) for line in staged if line.startswith(b"160000 ")]

    def _file(self, name: bytes, seen: Coverage) -> Iterator[Piece]:
        path = self._folder / os.fsdecode(name)
        shown = name.decode("utf-8", "replace")
        try:
            handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError as error:
            if not path.is_symlink() and path.exists():
                seen.left_out.append(f"{shown} ({error.strerror})")
            return
        kept = os.fstat(handle)
        if not stat.S_ISREG(kept.st_mode):
            # A submodule's folder is listed as a file is.
            os.close(handle)
            return
        with os.fdopen(handle, "rb") as file:
            if kept.st_size > BIG_BYTES:
                seen.left_out.append(f"{shown} ({kept.st_size} bytes)")
                return
            seen.files += 1
            yield Piece("working tree", shown, file.read(BIG_BYTES), 1)

    def _blobs(self, wanted: dict[str, str], seen: Coverage) -> Iterator[Piece]:
        """The contents that Git shows no lines of: once each, those that are not too big."""
        small = self._small(list(wanted), wanted, seen)
        with self._git.reading(
            "cat-file", "--batch", "--buffer", stdin="".join(f"{name}\n" for name in small).encode()
        ) as out:
            for _ in small:
                name, kind, size = (*out.readline().decode("ascii", "replace").split(), "", "", "")[:3]
                if kind != "blob":
                    raise CheckError(f"the object {name[:12]} is missing: the repository is broken")
                data = out.read(int(size) + 1)[:-1]
                place, _, path = wanted[name].partition(":")
                seen.binaries += 1
                yield Piece(place, path, data)

    def _small(self, names: list[str], wanted: dict[str, str], seen: Coverage) -> list[str]:
        asked = "".join(f"{name}\n" for name in names).encode()
        small, total = [], 0
        for line in self._git.ask("cat-file", "--batch-check", "--buffer", stdin=asked).decode("ascii").splitlines():
            name, kind, size = (*line.split(), "", "")[:3]
            if kind != "blob":
                raise CheckError(f"the object {name[:12]} is missing: the repository is broken")
            if int(size) > BIG_BYTES or total + int(size) > _MOST_BINARY:
                seen.left_out.append(f"{wanted[name]} ({size} bytes)")
            else:
                total += int(size)
                small.append(name)
        return small

    def _said(self, *words: str, stdin: bytes = b"") -> str:
        return self._git.ask(*words, stdin=stdin).decode("utf-8", "replace")
