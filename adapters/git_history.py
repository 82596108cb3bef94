"""What every commit of a repository brought, read out of one run of ``git log``.

A patch says how many lines each of its hunks has, so no content can pass for a header; commits are told apart by a word
that is made anew for each run.
"""

from __future__ import annotations

import itertools
import re
import secrets
from collections.abc import Iterator, Sequence
from typing import IO

from adapters.git_safe import SafeGit
from core.errors import CheckError
from core.leaks import Coverage, Piece

_PLAIN = re.compile(rb"@@ -\d+(?:,(\d+))? \+(\d+)(?:,(\d+))? @@")
_COMBINED = re.compile(rb"@@@+ ((?:-\d+(?:,\d+)? )+)\+(\d+)(?:,(\d+))? @@")
_COUNT = re.compile(rb"-\d+(?:,(\d+))? ")
_INDEX = re.compile(rb"index [0-9a-f,]{40,}\.\.([0-9a-f]{40,64})")
_SHORT = 12


class Patches:
    """Reads the patches of ``commits``; ``blobs`` gets what they bring, ``binaries`` where those without lines are."""

    def __init__(self, git: SafeGit, commits: Sequence[str], seen: Coverage) -> None:
        self._git, self._commits, self.seen = git, commits, seen
        self._mark = secrets.token_hex(16).encode()
        self._commit = ""
        self._path = ""
        self._new = ""
        self._added: list[bytes] = []
        self._firsts: list[int] = []
        self.binaries: dict[str, str] = {}
        self.blobs: set[str] = set()

    def pieces(self) -> Iterator[Piece]:
        """A piece for each file of each commit, and one for its message. Raises :class:`CheckError` for a gap."""
        mark = self._mark.decode()
        words: tuple[str, ...] = (
            "log",
            "-p",
            "-U0",
            "--cc",
            "--full-index",
            "--no-color",
            "--no-ext-diff",
            "--no-textconv",
        )
        words += ("-M100%", "--no-notes", "--no-walk=unsorted", f"--format={mark}%H%n%B%n{mark}", "--stdin")
        with self._git.reading(*words, stdin="\n".join(self._commits).encode() + b"\n") as lines:
            yield from self._read(lines)
        if self.seen.commits != len(self._commits):
            raise CheckError(f"git log gave {self.seen.commits} of {len(self._commits)} commits")

    def _read(self, lines: IO[bytes]) -> Iterator[Piece]:
        for line in lines:
            start = line[:2]
            if start == b"@@":
                self._hunk(line, lines)
            elif start == b"in":
                self._index(line)
            elif start == b"++":
                self._path = _unquoted(line[4:].strip(b"\r\n").removesuffix(b"\t")).removeprefix("b/")
                self.seen.files += 1
            elif start == b"di":
                yield from self._file()
                self._path, self._new = _named(line), ""
            elif start == b"Bi" and self._new.strip("0"):
                self.binaries.setdefault(self._new, f"commit {self._commit[:_SHORT]}:{self._path}")
            elif line.startswith(self._mark):
                yield from self._file()
                self._commit = line[len(self._mark) :].strip().decode("ascii", "replace")
                self.seen.commits += 1
                yield from self._message(lines)
        yield from self._file()

    def _file(self) -> Iterator[Piece]:
        """What the commit adds to one file: its lines' numbers are known where they stand together."""
        if self._added:
            first = self._firsts[0] if len(self._firsts) == 1 else 0
            yield Piece(f"commit {self._commit[:_SHORT]}", self._path, b"".join(self._added), first)
            self._added, self._firsts = [], []

    def _index(self, line: bytes) -> None:
        found = _INDEX.match(line)
        self._new = found[1].decode() if found else ""
        self.blobs.add(self._new)

    def _message(self, lines: IO[bytes]) -> Iterator[Piece]:
        body = []
        for line in lines:
            if line.startswith(self._mark):
                break
            body.append(line)
        yield Piece(f"message of commit {self._commit[:_SHORT]}", "", b"".join(body))

    def _hunk(self, header: bytes, lines: IO[bytes]) -> None:
        if (plain := _PLAIN.match(header)) is not None:
            added, first = _plain(lines, _count(plain[1]), _count(plain[3])), plain[2]
        elif (found := _COMBINED.match(header)) is not None:
            old = [_count(count) for count in _COUNT.findall(found[1])]
            added, first = _combined(lines, old, _count(found[3])), found[2]
        else:
            raise CheckError(f"git log says something that is no patch, in commit {self._commit[:_SHORT]}")
        if added:
            # Apart: what is between two hunks was not added by this commit, and may be a rule's whole context.
            self._added += [b"\n\n", *added] if self._added else added
            self._firsts.append(int(first))


def _count(text: bytes | None) -> int:
    return int(text) if text else 1


def _plain(lines: IO[bytes], old: int, new: int) -> list[bytes]:
    """The lines that a hunk without context adds: first come those that go."""
    for _ in range(old):
        lines.readline()
    if not new:
        return []
    first = lines.readline()
    if first[:1] == b"\\":
        first = lines.readline()
    added = [first, *itertools.islice(lines, new - 1)]
    if len(added) != new or not added[-1]:
        raise CheckError("git log ends in the middle of a patch")
    return [line[1:] for line in added]


def _combined(lines: IO[bytes], old: list[int], new: int) -> list[bytes]:
    """The lines of a merge that are not in every parent. A column a parent: git-diff(1), combined diff format."""
    added: list[bytes] = []
    width = len(old)
    while new > 0 or any(count > 0 for count in old):
        line = lines.readline()
        if not line:
            raise CheckError("git log ends in the middle of a merge's patch")
        if line[:1] == b"\\":
            continue
        columns = line[:width]
        if b"-" in columns:
            old = [count - (columns[at : at + 1] == b"-") for at, count in enumerate(old)]
            continue
        new -= 1
        old = [count - (columns[at : at + 1] == b" ") for at, count in enumerate(old)]
        if b"+" in columns:
            added.append(line[width:])
    return added


def _named(line: bytes) -> str:
    """The path in ``diff --git a/X b/X``, where no ``+++`` follows; ``diff --cc X`` for a merge."""
    rest = line.split(b" ", 2)[2].strip(b"\r\n")
    if rest.startswith(b"a/") and len(rest) % 2 == 1:
        half = rest[len(rest) // 2 + 1 :]
        return _unquoted(half).removeprefix("b/")
    return _unquoted(rest)


_ESCAPES = {b"n": b"\n", b"t": b"\t", b"r": b"\r", b"a": b"\a", b"b": b"\b", b"f": b"\f", b"v": b"\v"}
_ESCAPE = re.compile(rb"\\([0-7]{3}|.)", re.DOTALL)


def _unquoted(name: bytes) -> str:
    """A path as Git quotes it (``core.quotePath``)."""
    if len(name) >= 2 and name.startswith(b'"') and name.endswith(b'"'):
        name = _ESCAPE.sub(_escaped, name[1:-1])
    return name.decode("utf-8", "replace")


def _escaped(found: re.Match[bytes]) -> bytes:
    text = found[1]
    return bytes([int(text, 8) & 0xFF]) if len(text) == 3 else _ESCAPES.get(text, text)
