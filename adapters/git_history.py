"""What every commit of a repository brought, read out of one run of ``git log``.

Every line of a patch has a character before it that says what it is, so no content can pass for a header; commits are
told apart by a word that is made anew for each run. The stream is cut into files, and a file into hunks, by bytes'
own functions: a history has a hundred times as many lines as files, and Python would be slower than Git and the scanner
together if it looked at each.
"""

from __future__ import annotations

import io
import re
import secrets
from collections.abc import Iterator, Sequence
from typing import IO

from adapters.git_objects import pointed_at
from adapters.git_safe import SafeGit
from core.errors import CheckError
from core.leaks import Coverage, Piece

_FIRST = re.compile(rb"-[0-9,]+ \+(\d+)")
_COMBINED = re.compile(rb"@@@+ ((?:-\d+(?:,\d+)? )+)\+(\d+)(?:,(\d+))? @@")
_COUNT = re.compile(rb"-\d+(?:,(\d+))? ")
_INDEX = re.compile(rb"\nindex [0-9a-f,]{40,}\.\.([0-9a-f]{40,64})")
_PLACED = re.compile(rb"\n(?:\+\+\+|rename to) [^\n]+")
_NO_NEWLINE = b"\n\\ No newline at end of file"
_FILE = b"\ndiff --"
_APART = b"\n\n"
# What the scanner's rules see only where the lines before and after stand too: a key may come line by line.
_MANY_LINES = (b"PRIVATE KEY", b"kind: Secret")
_CHUNK = 1 << 18
_SHORT = 12
_WORDS = (
    *("log", "-p", "-U0", "--cc", "--full-index", "--no-color", "--no-ext-diff", "--no-textconv", "--no-notes"),
    *("--src-prefix=a/", "--dst-prefix=b/", "-M100%", "--encoding=none", "--no-walk=unsorted"),
)


class Patches:
    """Reads the patches of ``commits``. Afterwards ``blobs`` has what they bring, each object with its path, and
    ``pointers`` what Git LFS keeps of it; ``binaries`` says where those without lines are, and ``whole`` has the paths
    whose files must be seen whole to be understood.
    """

    def __init__(self, git: SafeGit, commits: Sequence[str], seen: Coverage) -> None:
        self._git, self._commits, self.seen = git, commits, seen
        self._mark = secrets.token_hex(16).encode()
        self._place = ""
        self._names: dict[bytes, str] = {}
        self._people: set[bytes] = set()
        self.binaries: dict[str, str] = {}
        self.blobs: dict[str, str] = {}
        self.whole: set[str] = set()
        self.pointers: dict[str, str] = {}

    def pieces(self) -> Iterator[Piece]:
        """A piece for each file of each commit, and one for its message. Raises :class:`CheckError` for a gap."""
        mark = self._mark.decode()
        words = (*_WORDS, f"--format={mark}%H%n%an <%ae> %cn <%ce>%n%B{mark}", "--stdin")
        with self._git.reading(*words, stdin="\n".join(self._commits).encode() + b"\n") as out:
            yield from self._read(out)
        if self.seen.commits != len(self._commits):
            raise CheckError(f"git log gave {self.seen.commits} of {len(self._commits)} commits")

    def paths(self) -> Iterator[str]:
        """The name of every file that a commit brought, once."""
        yield from dict.fromkeys(self._names.values())

    def _read(self, out: IO[bytes]) -> Iterator[Piece]:
        """Between two marks stands by turns a message, and what its commit did to files."""
        rest, message = b"", False
        # As much again as is waiting for its end: a file of any size is looked through twice at most.
        while chunk := out.read(max(_CHUNK, len(rest))):
            *parts, rest = (rest + chunk).split(self._mark)
            for part in parts:
                yield from self._message(part) if message else self._files(part)
                message = not message
            if not message and (cut := rest.rfind(_FILE)) > 0:
                yield from self._files(rest[:cut])
                rest = rest[cut:]
        yield from self._files(rest)

    def _message(self, part: bytes) -> Iterator[Piece]:
        commit, people, body = (*part.split(b"\n", 2), b"", b"")[:3]
        self._place = f"commit {commit[:_SHORT].decode('ascii', 'replace')}"
        self.seen.commits += 1
        if people not in self._people:
            self._people.add(people)
            yield Piece(f"author of {self._place}", "", people)
        yield Piece(f"message of {self._place}", "", body)

    def _files(self, part: bytes) -> Iterator[Piece]:
        for file in part.split(_FILE)[1:]:
            at = file.find(b"\n@@")
            head, hunks = (file, b"") if at < 0 else (file[:at], file[at:])
            new = _new(head)
            if new and not new.strip("0"):
                continue
            path = self._path(head)
            self.seen.files += 1
            self.blobs.setdefault(new, path)
            added, first = _combined(hunks) if hunks.startswith(b"\n@@@") else _plain(hunks)
            if b"\0" in added or added.startswith(b"BZh") or (not hunks and b"\nBinary files " in head):
                # Also where an attribute has it compared by lines: it may be packed, or in another encoding.
                self.binaries.setdefault(new, f"{self._place}:{path}")
            if added:
                if any(mark in added for mark in _MANY_LINES):
                    self.whole.add(path)
                if pointer := pointed_at(added):
                    self.pointers[pointer] = path
                yield Piece(self._place, path, added, first)

    def _path(self, head: bytes) -> str:
        found = _PLACED.search(head)
        name = found[0] if found else _named(head[: (head + b"\n").index(b"\n")])
        if name not in self._names:
            self._names[name] = _plainly(name)
        return self._names[name]


def _new(head: bytes) -> str:
    found = _INDEX.search(head)
    return found[1].decode() if found else ""


def _plain(hunks: bytes) -> tuple[bytes, int]:
    """The lines that hunks without context add, and the number of the first where they stand together, or 0.

    Hunks stay apart: what is between two was not added by this commit, and may be a rule's whole context.
    """
    found = [(hunk, at) for hunk in hunks.split(b"\n@@ ") if (at := hunk.find(b"\n+")) >= 0]
    if not found:
        return b"", 0
    # Until its first character goes, no line that is content begins with anything but "+".
    added = _APART.join([hunk[at:] for hunk, at in found])
    if _NO_NEWLINE in added:
        added = added.replace(_NO_NEWLINE, b"")
    place = _FIRST.match(found[0][0]) if len(found) == 1 else None
    return added.replace(b"\n+", b"\n")[1:], int(place[1]) if place else 0


def _combined(hunks: bytes) -> tuple[bytes, int]:
    """As :func:`_plain`, of a merge: the lines that are in none of its parents as they are."""
    lines = io.BytesIO(hunks[1:])
    added: list[bytes] = []
    firsts = []
    for line in lines:
        if (found := _COMBINED.match(line)) is None:
            continue
        old = [_count(count) for count in _COUNT.findall(found[1])]
        if new := _merged(lines, old, _count(found[3])):
            added += [_APART, *new] if added else new
            firsts.append(int(found[2]))
    return b"".join(added), firsts[0] if len(firsts) == 1 else 0


def _count(text: bytes | None) -> int:
    return int(text) if text else 1


def _merged(lines: IO[bytes], old: list[int], new: int) -> list[bytes]:
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


def _named(line: bytes) -> bytes:
    """Of ``git a/X b/X`` what ``+++`` would say, which does not follow; for a merge it is ``cc X``."""
    kind, _, rest = line.partition(b" ")
    return b"\n+++ " + rest[len(rest) // 2 + 1 :] if kind == b"git" else b"\nrename to " + rest


def _plainly(header: bytes) -> str:
    """The path that a line of a patch's head has, which begins with ``b/`` there if it is no rename's."""
    what, _, name = header[1:].removesuffix(b"\t").partition(b" ")
    if what == b"rename":
        return _unquoted(name.removeprefix(b"to "))
    return _unquoted(name).removeprefix("b/")


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
