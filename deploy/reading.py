"""One pass over a release's ``.tar.gz``: what is in it, and every reason against it. Nothing is unpacked here."""

from __future__ import annotations

import gzip
import hashlib
import posixpath
import tarfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Self

from core.errors import ArtifactError
from core.terminal import clean
from core.text import has_half_pairs
from deploy.contents import Contents, Item, contents_of
from deploy.manifest import MANIFEST
from deploy.manifest import MOST_BYTES as MOST_MANIFEST

RESERVED = ".launch"
MOST_BYTES = 4 * 1024**3
MOST_MEMBERS = 100_000
_MOST_NAMES = 64 * 1024
_LONGEST_NAME = 2048
# Folders of one member, on average: each has a line in the list though the tar need not name it.
_DEEPEST = 32
_PIECE = 1 << 20
DAMAGE = (
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


class _Header(tarfile.TarInfo):
    """A member's header; one that would have megabytes of names read into memory is refused."""

    @classmethod
    def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> Self:
        """As the base class does."""
        header = super().frombuf(buf, encoding, errors)
        if header.type in _NAMES and header.size > _MOST_NAMES:
            raise tarfile.ReadError(f"a header of {header.size} bytes")
        return header


class Reading:
    """One pass over the members: :meth:`read`, then ``reasons`` against it, ``manifest``, ``bytes`` and ``members``."""

    def __init__(self, path: Path, most_bytes: int, most_members: int) -> None:
        self.path = path
        self.most_bytes = most_bytes
        self.most_members = most_members
        self.bytes = 0
        self.manifest: bytes | None = None
        self._kinds: dict[str, tarfile.TarInfo] = {}
        self._items: dict[str, Item] = {}
        self._depth = 0
        self._reasons: list[str] = []

    @property
    def members(self) -> int:
        """How many names there are."""
        return len(self._kinds)

    @property
    def reasons(self) -> list[str]:
        """Every reason against it."""
        return self._reasons + [
            f"member {clean(name)[:120]!r} lies below the link or file {clean(parent)[:120]!r}"
            for name in self._kinds
            for parent in _parents(name)
            if parent in self._kinds and not self._kinds[parent].isdir()
        ]

    def contents(self) -> Contents:
        """The list of what is in it."""
        return contents_of(self._items.values())

    def read(self, file: IO[bytes]) -> None:
        """Every member, then the rest of the file, so that a cut or a flipped bit anywhere is found."""
        try:
            self._read(file)
        except DAMAGE as error:
            reason = clean(str(error))[:120]
            raise ArtifactError(f"{self.path} is damaged or no .tar.gz ({reason}): build it again") from None

    def _read(self, file: IO[bytes]) -> None:
        # Not tarfile's own gzip: it passes over the checksum.
        with gzip.GzipFile(fileobj=file) as plain, members_of(plain) as tar:
            for member in tar:
                self._member(tar, member)
            end = tar.offset
            while plain.read(1 << 16):
                self._bounded(plain.tell())
            if plain.tell() < end + tarfile.BLOCKSIZE:
                raise EOFError("it ends before the tar does")

    def _bounded(self, unpacked: int = 0) -> None:
        if (
            max(self.bytes, unpacked) > self.most_bytes
            or len(self._kinds) > self.most_members
            or self._depth > self.most_members * _DEEPEST
        ):
            raise ArtifactError(
                f"{self.path} unpacks to more than {self.most_bytes} bytes or {self.most_members} members:"
                " it is no release that a host should take"
            )

    def _member(self, tar: tarfile.TarFile, member: tarfile.TarInfo) -> None:
        name = posixpath.normpath(member.name)
        self.bytes += max(member.size, 0) if member.isreg() else 0
        self._depth += name.count("/")
        reasons = [f"member {clean(member.name)[:120]!r} {why}" for why in self._why_not(member, name)]
        self._reasons += reasons
        self._kinds[name] = member
        self._bounded()
        if not reasons and name != ".":
            self._items[name] = self._item(tar, member, name)

    def _why_not(self, member: tarfile.TarInfo, name: str) -> Iterator[str]:
        yield from _why_not(member, name)
        seen = self._kinds.get(name)
        if seen and not (member.isdir() and seen.isdir()):
            yield "is there twice"
        if member.islnk() and not self._linked(member):
            yield f"is a hard link to what is no file before it, {clean(member.linkname)[:120]!r}"

    def _linked(self, member: tarfile.TarInfo) -> Item | None:
        linked = self._items.get(posixpath.normpath(member.linkname))
        return linked if linked and linked.is_file else None

    def _item(self, tar: tarfile.TarFile, member: tarfile.TarInfo, name: str) -> Item:
        if member.isdir():
            return Item(name, "d")
        if member.issym():
            return Item(name, "l", member.linkname)
        if linked := self._linked(member) if member.islnk() else None:
            return Item(name, linked.kind, linked.value, linked.size)
        digest = hashlib.sha256()
        wanted = name == MANIFEST and member.size <= MOST_MANIFEST
        text = b""
        source = tar.extractfile(member)
        while source and (piece := source.read(_PIECE)):
            digest.update(piece)
            text += piece if wanted else b""
        if name == MANIFEST:
            self.manifest = text if wanted else b"\xff"
        return Item(name, "x" if member.mode & 0o111 else "f", digest.hexdigest(), member.size)


def members_of(plain: gzip.GzipFile) -> tarfile.TarFile:
    """A tar that is read once, from its beginning to its end."""
    return tarfile.open(fileobj=plain, mode="r|", tarinfo=_Header, encoding="utf-8")


def _why_not(member: tarfile.TarInfo, name: str) -> Iterator[str]:
    if member.name.startswith("/") or ".." in member.name.split("/"):
        yield "leads out of the release: names must be relative, without `..`"
    if name == "." and not member.isdir():
        yield "names the release itself"
    if name.split("/")[0] == RESERVED:
        yield f"is in {RESERVED}/, which is kept for what the host adds"
    yield from _why_not_text(member.name, "name")
    if member.issym() or member.islnk():
        yield from _why_not_link(member, name)
    elif not (member.isreg() or member.isdir()):
        yield "is no file, folder or link"
    if member.isreg() and member.mode & 0o7000:
        yield "is setuid, setgid or sticky"


def _why_not_text(text: str, what: str) -> Iterator[str]:
    if any(character < " " or character in "\x7f\\" for character in text):
        yield f"has a line break, a control character or a backslash in its {what}"
    if has_half_pairs(text):
        yield f"has a {what} that is not UTF-8"
    if len(text.encode(errors="surrogateescape")) > _LONGEST_NAME:
        yield f"has a {what} of more than {_LONGEST_NAME} bytes"


def _why_not_link(member: tarfile.TarInfo, name: str) -> Iterator[str]:
    yield from _why_not_text(member.linkname, "target")
    base = posixpath.dirname(name) if member.issym() else ""
    target = posixpath.normpath(posixpath.join(base, member.linkname))
    if member.linkname == "":
        yield "links to nothing"
    elif member.linkname.startswith("/") or target == ".." or target.startswith("../"):
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
