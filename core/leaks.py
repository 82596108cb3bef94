"""Looking for secrets in a repository's files and history, and in other text: what is looked at, and by whom."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Piece:
    """Some text that is looked at. ``place`` says to people where it is, ``path`` is its file's name there.

    ``line`` is the number of its first line in that file; 0: not known.
    """

    place: str
    path: str
    data: bytes = field(repr=False)
    line: int = 0


@dataclass(frozen=True)
class Leak:
    """What looks like a secret. ``fingerprint`` is the SHA-256 of its value: no report shows it as it is."""

    rule: str
    what: str
    confidence: str
    place: str
    path: str
    line: int
    fingerprint: str = field(repr=False)


@dataclass(frozen=True)
class Scanned:
    """What a scanner found, and over how much: ``fed`` bytes in ``pieces`` were given to it, and all were looked at."""

    leaks: tuple[Leak, ...]
    pieces: int
    fed: int
    tool: str
    seconds: float


class Scanner(Protocol):
    """A tool that knows what secrets look like."""

    def scan(self, pieces: Iterable[Piece]) -> Scanned:
        """Look at all of ``pieces``, as they come. Bounded in time and memory; nothing is asked of anybody else.

        Raises :class:`core.errors.CheckError` where the tool is not there, fails, or did not look at every byte.
        """
        ...


@dataclass(frozen=True)
class RepositoryState:
    """What a repository is, before anything of it is looked at.

    ``commits`` are those that ``git rev-list --all`` counts, ``unreachable`` those that are there and that no reference
    leads to; those of submodules that are checked out are among both. ``gaps`` are the reasons why its history cannot
    be seen whole, ``notes`` what is only worth knowing.
    """

    git: str
    commits: int
    unreachable: int
    gaps: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass
class Coverage:
    """How far a look has come, filled while pieces are taken.

    ``left_out`` are the names of what was not looked at, each with the reason; ``by_lines`` is how many versions of
    files that make sense only as a whole were looked at by their changed lines alone.
    """

    commits: int = 0
    files: int = 0
    binaries: int = 0
    by_lines: int = 0
    left_out: list[str] = field(default_factory=list)

    def add(self, inner: Coverage, below: str) -> None:
        """What a look at a part of it came to, whose names stand ``below`` a folder."""
        self.commits += inner.commits
        self.files += inner.files
        self.binaries += inner.binaries
        self.by_lines += inner.by_lines
        self.left_out += [f"{below}{name}" for name in inner.left_out]


class Repository(Protocol):
    """A Git repository. Nothing of it is ever executed, nothing fetched, and all is bounded in time and memory.

    Each call raises :class:`core.errors.CheckError`, and so does taking a piece, where it cannot be read to its end.
    """

    def state(self) -> RepositoryState:
        """Look at what it is."""
        ...

    def is_bare(self) -> bool:
        """Whether it has no working tree."""
        ...

    def tree(self, seen: Coverage) -> Iterator[Piece]:
        """The files of the working tree that Git tracks, or would offer to, as they are on the disk."""
        ...

    def history(self, seen: Coverage) -> Iterator[Piece]:
        """What every commit brought, and its message; commits that no reference leads to are among them."""
        ...
