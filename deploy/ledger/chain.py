"""One host's ledger, and the chain that its lines make.

A line names its number and the SHA-256 of the line before it (``journal()`` in ``deploy/scripts/lib.sh``), or, where a
power cut tore that one, of all the lines from the last one that is whole. So whatever is edited, removed, inserted or
moved shows at the next line; what the last line is, only a witness can tell.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from deploy.journal import Entry, parse

_LINK = re.compile(rb',"seq":(0|[1-9][0-9]{0,9}),"prev":"([0-9a-f]{64})"\}')
NOTHING = hashlib.sha256().hexdigest()
"""The SHA-256 of a line that is not there: what the first line names, and the head of an empty ledger."""


@dataclass(frozen=True)
class Fault:
    """What is wrong with a host's ledger. ``line`` counts from 1; none: it is not about a line that is there."""

    host: str
    line: int | None
    what: str


@dataclass(frozen=True)
class Link:
    """What a line says of itself: its number, and the SHA-256 of the line before."""

    seq: int
    prev: str


@dataclass(frozen=True)
class Ledger:
    """The lines of one host's journal, as bytes, without their ends."""

    host: str
    lines: tuple[bytes, ...]

    @staticmethod
    def of(host: str, data: bytes) -> Ledger:
        """The ledger in a journal's bytes; a last line that was left open counts."""
        lines = data.split(b"\n")
        return Ledger(host, tuple(lines[:-1] if not lines[-1] else lines))

    @cached_property
    def hashes(self) -> tuple[str, ...]:
        """What a line after each line would name, in hexadecimal; the head of the ledger that ended there."""
        hashes, running = [], hashlib.sha256()
        for line in self.lines:
            running = hashlib.sha256() if link_of(line) else running.copy()
            running.update(line)
            hashes.append(running.hexdigest())
        return tuple(hashes)

    @cached_property
    def entries(self) -> tuple[tuple[int, Entry], ...]:
        """The entries that can be read, with the line that each stands on, from 1."""
        found = ((number, parse([line.decode("utf-8", "replace")])) for number, line in enumerate(self.lines, 1))
        return tuple((number, entry) for number, entries in found for entry in entries)

    @property
    def unchained(self) -> int:
        """How many lines at the beginning are from before the chain."""
        return next((at for at, line in enumerate(self.lines) if link_of(line)), len(self.lines))


def link_of(line: bytes) -> Link | None:
    """The link at the end of a line, or none for a line that has none."""
    found = _LINK.search(line)
    return Link(int(found[1]), found[2].decode()) if found and found.end() == len(line) else None


def chain_faults(ledger: Ledger) -> Iterator[Fault]:
    """Every place where the chain does not hold. Lines from before it began are bound by its first."""
    for at in range(ledger.unchained, len(ledger.lines)):
        link = link_of(ledger.lines[at])
        what = _unlinked(ledger, at) if link is None else _linked(ledger, at, link)
        if what:
            yield Fault(ledger.host, at + 1, what)


def _unlinked(ledger: Ledger, at: int) -> str | None:
    """A power cut tears a line: it is the beginning of one, which is never a whole object."""
    line = ledger.lines[at]
    if is_object(line):
        return "it is an entry outside the chain: it was inserted or edited"
    if line.endswith(b"}"):
        return "it is no entry, and no power cut tears the beginning of a line: it was edited"
    return None


def _linked(ledger: Ledger, at: int, link: Link) -> str | None:
    if not is_object(ledger.lines[at]):
        return "it is no JSON object: it was edited"
    if link.seq != at:
        return f"it says that it is line {link.seq + 1}: lines were removed, inserted or moved before it"
    before = ledger.hashes[at - 1] if at else NOTHING
    if link.prev != before:
        what = _named(ledger, at) if at else "it is not the first"
        return f"{what}: the line before should have the SHA-256 {link.prev[:16]}…, and has {before[:16]}…"
    return None


def _named(ledger: Ledger, at: int) -> str:
    """What the line ``at`` (from 0) binds."""
    first = at
    while first > 1 and not link_of(ledger.lines[first - 1]):
        first -= 1
    return f"line {at} was edited or exchanged" if first == at else f"one of the lines {first} to {at} was edited"


def is_object(line: bytes) -> bool:
    """Is the line a whole object of JSON?"""
    try:
        return isinstance(json.loads(line), dict)
    except ValueError:
        return False
