"""Ledgers read from hosts, whole and byte by byte: a script that only reads, in pieces, with a bound."""

from __future__ import annotations

import base64
import binascii
import zlib
from collections.abc import Iterable

from core.errors import HostError
from core.ports import Shell
from deploy import commands
from deploy.facts import failure
from deploy.fleet import Gathered, at_once
from deploy.ledger.chain import Ledger
from deploy.operation import World

MOST_BYTES = 256 * 1024 * 1024
_PIECE = 8 * 1024 * 1024
_SECONDS = 60.0
_GZIP = 31


def read_ledgers(world: World, hosts: Iterable[str] | None = None) -> Gathered[Ledger]:
    """Each host's ledger, whole; the bad ones hold why it could not be read. Nothing is locked."""
    names = list(world.shells if hosts is None else hosts)
    return at_once(names, lambda name: read_ledger(world, name))


def read_ledger(world: World, name: str) -> Ledger:
    """One host's ledger. Raises :class:`HostError`, for one over :data:`MOST_BYTES` too."""
    data = bytearray()
    while True:
        piece, size = _piece(world.shells[name], world, len(data))
        data += piece
        if size > MOST_BYTES:
            raise HostError(f"{name}: its journal has {size} bytes, and more than {MOST_BYTES} are not read")
        if len(data) >= size or not piece:
            return Ledger.of(name, bytes(data))


def _piece(shell: Shell, world: World, offset: int) -> tuple[bytes, int]:
    ran = shell.run(commands.ledger(world.layout, offset, _PIECE), timeout=_SECONDS)
    if ran.status:
        raise HostError(f"{shell.name}: {failure(ran)}")
    words = dict(line.partition(" ")[::2] for line in ran.out.splitlines())
    try:
        # bounded: what was packed must not grow without end here
        return zlib.decompressobj(_GZIP).decompress(base64.b64decode(words["data"]), _PIECE), int(words["size"])
    except (KeyError, ValueError, binascii.Error, zlib.error) as error:
        raise HostError(f"{shell.name}: its journal cannot be read ({type(error).__name__})") from None
