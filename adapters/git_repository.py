"""A Git repository to be looked through for secrets: its state, its files, all that its commits brought."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import cached_property
from pathlib import Path

from adapters.git_history import Patches
from adapters.git_objects import Objects, pointed_at
from adapters.git_safe import SafeGit
from adapters.side_by_side import SideBySide
from adapters.work_tree import WorkTree
from core.errors import CheckError
from core.leaks import Coverage, Piece, RepositoryState
from core.unpacked import Unpacked

_SECONDS = 240.0
_WALKERS = 2
_STRETCHES = 8
_SHORTEST = 100
_DEEPEST = 5
_MOST_SUBMODULES = 100
_MOST_WHOLE = 64 * 1024 * 1024
_NAME = "name of a file"


class GitRepository:
    """Fulfils :class:`core.leaks.Repository` for the work tree (or bare repository) at ``folder``."""

    def __init__(self, folder: Path, seconds: float = _SECONDS, depth: int = 0) -> None:
        """``seconds`` is what each of Git's commands may take; ``depth``, how many repositories this one is inside."""
        self._folder = folder
        self._seconds, self._depth = seconds, depth
        # A submodule is itself or nothing: without this, Git would take the repository around it for it.
        self._git = SafeGit(folder, seconds, ceiling=folder.parent if depth else None)
        self._objects = Objects(self._git, folder)

    def state(self) -> RepositoryState:
        """What there is, and what of it cannot be seen from here; submodules that are checked out are part of it."""
        reachable, everything = self._reachable, self._objects.by_kind["commit"]
        own = RepositoryState(
            git=self._git.say("--version").strip(),
            commits=len(reachable),
            unreachable=len(everything - set(reachable)),
            gaps=tuple(self._gaps()),
            notes=tuple(self._notes()),
        )
        for path, inner in self._inside.items():
            try:
                own = _with(own, path, inner.state())
            except CheckError as error:
                raise CheckError(f"submodule {path}: {error}") from None
        return own

    def is_bare(self) -> bool:
        """Whether it has no working tree."""
        return self._git.say("rev-parse", "--is-bare-repository").strip() == "true"

    def tree(self, seen: Coverage) -> Iterator[Piece]:
        """Each file, opened without following a link and read as far as it is not too big; and what is inside of it."""
        listed = self._git.ask("ls-files", "-z", "--cached", "--others", "--exclude-standard")
        files, unpacked, pointers = WorkTree(self._folder), Unpacked(seen.left_out), dict[str, str]()
        for name in dict.fromkeys(listed.split(b"\0")):
            if name and (piece := files.piece(name, seen)):
                yield Piece(_NAME, piece.path, piece.path.encode("utf-8", "replace"))
                yield from unpacked.whole(piece)
                if pointer := pointed_at(piece.data):
                    pointers[pointer] = piece.path
        yield from self._objects.kept_by_lfs(pointers, seen, unpacked)
        for path, inner in self._inside.items():
            yield from _below(path, inner.tree, seen)

    def history(self, seen: Coverage) -> Iterator[Piece]:
        """Reachable commits first, newest first; then those that nothing leads to, and what no patch shows."""
        reachable, objects = self._reachable, self._objects.by_kind
        others = sorted(objects["commit"] - set(reachable))
        commits = [*reachable, *others]
        # Git walks on one processor. Neighbours share their contents, so each walk has a stretch of its own: more of
        # them than walkers, for files grow, and the newest commits may take three times as long as the oldest.
        length = max(_SHORTEST, -(-len(commits) // _STRETCHES))
        stretches = [Patches(self._git, commits[at : at + length], Coverage()) for at in range(0, len(commits), length)]
        waiting = iter(stretches)
        walkers = [_walked(waiting) for _ in range(_WALKERS)]
        try:
            yield from SideBySide(walkers, lambda piece: len(piece.data))
        finally:
            seen.commits += sum(each.seen.commits for each in stretches)
            seen.files += sum(each.seen.files for each in stretches)
        yield from self._beside(stretches, seen)
        for path, inner in self._inside.items():
            yield from _below(path, inner.history, seen)

    def _beside(self, stretches: list[Patches], seen: Coverage) -> Iterator[Piece]:
        """What the patches of ``stretches`` did not show, or not as it must be seen."""
        unpacked = Unpacked(seen.left_out)
        told = {name: path for each in stretches for name, path in each.blobs.items()}
        wanted = {name: place for each in stretches for name, place in each.binaries.items()}
        wanted |= {name: f"index:{path}" for name, path in self._staged.items() if name not in told}
        # What was added and never committed; a blob that a patch told of was looked at there.
        alone = sorted(self._objects.by_kind["blob"] - told.keys() - self._staged.keys())
        wanted |= {name: f"object {name[:12]} of no commit:" for name in alone}
        yield from self._objects.blobs(wanted, seen, unpacked)
        yield from self._whole(stretches, told, seen)
        pointers = {name: path for each in stretches for name, path in each.pointers.items()}
        yield from self._objects.kept_by_lfs(pointers, seen, unpacked)
        for path in sorted({path for each in stretches for path in each.paths()}):
            yield Piece(_NAME, path, path.encode("utf-8", "replace"))
        for name in sorted(self._objects.by_kind["tag"]):
            yield Piece(f"tag {name[:12]}", "", self._git.ask("cat-file", "tag", name))

    def _whole(self, stretches: list[Patches], told: Mapping[str, str], seen: Coverage) -> Iterator[Piece]:
        """Every version of what makes sense only as a whole, such as a key that came line by line."""
        paths = {path for each in stretches for path in each.whole}
        wanted = {name: f"object {name[:12]}:{path}" for name, path in told.items() if name and path in paths}
        beside = Coverage()
        yield from self._objects.blobs(wanted, beside, Unpacked(beside.left_out), _MOST_WHOLE)
        seen.by_lines += len(beside.left_out)

    @cached_property
    def _reachable(self) -> list[str]:
        """As of the first look: what is committed meanwhile is for the next."""
        return self._git.say("rev-list", "--all").split()

    @cached_property
    def _index(self) -> list[tuple[str, str, str]]:
        """Mode, object and path of all that is staged."""
        staged = self._git.ask("ls-files", "-z", "--stage").split(b"\0")
        entries = [line.partition(b"\t") for line in staged if line]
        return [(*os.fsdecode(entry).split(" ")[:2], os.fsdecode(path)) for entry, _, path in entries]  # type: ignore[misc]

    @cached_property
    def _staged(self) -> Mapping[str, str]:
        return {name: path for mode, name, path in self._index if not mode.startswith("16")}

    @cached_property
    def _submodules(self) -> Mapping[str, str]:
        """Path → the commit that is pinned."""
        return {path: name for mode, name, path in self._index if mode.startswith("16")}

    @cached_property
    def _inside(self) -> Mapping[str, GitRepository]:
        """The submodules that are checked out, below this folder and not by a link."""
        if self._depth >= _DEEPEST:
            return {}
        top = self._folder.resolve()
        places = ((path, self._folder / path) for path in list(self._submodules)[:_MOST_SUBMODULES])
        return {
            path: GitRepository(place, self._seconds, self._depth + 1)
            for path, place in places
            if (place / ".git").exists() and place.resolve() == top / path
        }

    def _gaps(self) -> Iterator[str]:
        if self._git.say("rev-parse", "--is-shallow-repository").strip() == "true":
            yield "it is a shallow clone: run `git fetch --unshallow` (in CI: fetch-depth 0)"
        config = self._git.say("config", "--local", "--list", "--name-only", "--no-includes").lower().splitlines()
        if any(key == "extensions.partialclone" or key.endswith(".promisor") for key in config):
            yield "it is a partial clone, in which objects are missing: clone it whole"
        for path, pinned in self._submodules.items():
            if path not in self._inside:
                yield f"the submodule {path} is not checked out here: run `git submodule update --init --recursive`"
            elif pinned not in self._inside[path]._objects.by_kind["commit"]:
                yield f"the submodule {path} lacks its commit {pinned[:12]}: run `git submodule update`"

    def _notes(self) -> Iterator[str]:
        common = self._objects.common
        if (common / "info" / "grafts").exists():
            yield "info/grafts is there, and was not heeded"
        if (common / "objects" / "info" / "alternates").exists():
            yield "objects are borrowed from another repository (alternates), and were looked at too"
        if self._git.say("for-each-ref", "--count=1", "refs/replace/").strip():
            yield "there are replacements (refs/replace), and they were not heeded"
        if not self.is_bare() and (above := self._git.say("rev-parse", "--show-prefix").strip()):
            yield f"it is the folder {above} of a repository: of its files only those below were looked at"


def _walked(waiting: Iterator[Patches]) -> Iterator[Piece]:
    """Whoever is done takes the next: a list's iterator gives each of its items once, whoever asks."""
    for patches in waiting:
        yield from patches.pieces()


def _with(own: RepositoryState, path: str, inner: RepositoryState) -> RepositoryState:
    """The state of a repository together with that of a submodule."""
    said = f"{inner.commits} commits are those of the submodule {path}"
    return replace(
        own,
        commits=own.commits + inner.commits,
        unreachable=own.unreachable + inner.unreachable,
        gaps=(*own.gaps, *(f"submodule {path}: {gap}" for gap in inner.gaps)),
        notes=(*own.notes, said, *(f"submodule {path}: {note}" for note in inner.notes)),
    )


def _below(path: str, look: Callable[[Coverage], Iterator[Piece]], seen: Coverage) -> Iterator[Piece]:
    """What a look at a submodule gives, by its places and paths in the repository around it."""
    inner = Coverage()
    try:
        for piece in look(inner):
            within = f"{path}/{piece.path}" if piece.path else ""
            yield replace(piece, place=f"submodule {path}, {piece.place}", path=within)
    finally:
        seen.add(inner, f"{path}/")
