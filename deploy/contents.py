"""What a release is made of, as a list that two machines can compare: each entry's path, kind and SHA-256.

The list's own SHA-256, the release's ``tree``, stands for all of it: not for the order, times and owners in an archive.
Hosts write the same list of what lies on their disks (``scripts/contents.sh``), and keep it beside each release.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, TypeAlias

Kind: TypeAlias = Literal["d", "f", "x", "l"]
"""A folder, a file, a file that may be executed, a symbolic link."""

_LACKS = re.compile(r"lacks (\d{1,9})-(\d{1,9})")


@dataclass(frozen=True)
class Item:
    """One entry. ``value`` is a file's SHA-256 in hex, a link's target, or ``-``; ``size`` is in bytes."""

    path: str
    kind: Kind
    value: str = "-"
    size: int = 0

    @property
    def is_file(self) -> bool:
        """Has it a content?"""
        return self.kind in ("f", "x")

    def line(self) -> str:
        """As it stands in the list. No name may have a tab or a line break: :mod:`deploy.reading` refuses those."""
        return f"{self.kind}\t{self.value}\t{self.path}\n"


@dataclass(frozen=True)
class Contents:
    """All entries of a release, sorted by the bytes of their paths. Made by :func:`contents_of`."""

    items: tuple[Item, ...] = ()

    @cached_property
    def text(self) -> bytes:
        """The list, a line an entry."""
        return "".join(item.line() for item in self.items).encode()

    @cached_property
    def tree(self) -> str:
        """The list's SHA-256, in hex."""
        return hashlib.sha256(self.text).hexdigest()

    @cached_property
    def bytes(self) -> int:
        """The sizes of all files together."""
        return sum(item.size for item in self.items)

    def lacking(self, said: Iterable[str]) -> frozenset[Item]:
        """The files that a host has not, by its lines ``lacks FIRST-LAST``: numbers of lines of the list, from 1.

        What the list has no line for is passed over: a host can ask for nothing else than what is in the release.
        """
        ranges = [(int(match[1]), int(match[2])) for line in said if (match := _LACKS.fullmatch(line))]
        return frozenset(
            item for first, last in ranges for item in self.items[max(first - 1, 0) : last] if item.is_file
        )


def contents_of(items: Iterable[Item]) -> Contents:
    """The list of ``items`` and of the folders that they lie in; of a folder that is named twice, one entry."""
    by_path = {item.path: item for item in items}
    for path in list(by_path):
        while (path := path.rpartition("/")[0]) and path not in by_path:
            by_path[path] = Item(path, "d")
    return Contents(tuple(sorted(by_path.values(), key=lambda item: item.path.encode())))
