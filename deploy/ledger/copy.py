"""What of the ledgers is copied where nobody can rewrite it: ranges of lines, each an object whose name binds them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Protocol

from core.errors import StoreError
from core.terminal import clean
from deploy.fleet import Gathered, at_once
from deploy.ledger.chain import Ledger
from deploy.ledger.verify import Copied

_NAME = re.compile(r"(\d{8,10})-(\d{8,10})-([0-9a-f]{64})\.jsonl")


class Vault(Protocol):
    """Where objects are put once and never changed. Each call raises :class:`core.errors.StoreError`."""

    def names(self, folder: str) -> list[str]:
        """The names below ``folder/``, of what somebody tried to delete too."""
        ...

    def put(self, name: str, data: bytes) -> None:
        """Put a new object. One that is there already is left as it is, and is no error."""
        ...

    def get(self, name: str) -> bytes:
        """An object's content, as it was put first."""
        ...


def copy_all(vault: Vault, stack: str, ledgers: Mapping[str, Ledger]) -> Gathered[int]:
    """Put what is missing of each ledger: how many lines that was; the bad ones hold why it failed."""
    return at_once(ledgers, lambda name: _copy(vault, stack, ledgers[name]))


def _copy(vault: Vault, stack: str, ledger: Ledger) -> int:
    first = max((last + 1 for _, last, _ in _there(vault, stack, ledger.host)), default=0)
    lines = ledger.lines[first:]
    if lines:
        last = len(ledger.lines) - 1
        name = f"{_folder(stack, ledger.host)}/{first:08}-{last:08}-{ledger.hashes[last]}.jsonl"
        vault.put(name, b"".join(line + b"\n" for line in lines))
    return len(lines)


def copies_of(vault: Vault, stack: str, hosts: Iterable[str]) -> tuple[Copied, ...]:
    """All that was copied of these hosts. Raises :class:`StoreError`, for an object that is not what its name says."""
    found = at_once(hosts, lambda host: [_read(vault, host, each) for each in _there(vault, stack, host)])
    return tuple(copied for copies in found.or_raise().values() for copied in copies)


def _read(vault: Vault, host: str, each: tuple[int, int, str]) -> Copied:
    first, last, name = each
    lines = tuple(vault.get(name).split(b"\n")[:-1])
    if len(lines) != last - first + 1:
        raise StoreError(f"the copy {clean(name)} has {len(lines)} lines, and its name says {last - first + 1}")
    return Copied(host, first, lines)


def _there(vault: Vault, stack: str, host: str) -> list[tuple[int, int, str]]:
    """First and last line (from 0) and name of each object; a name that is not ours is passed over."""
    names = vault.names(_folder(stack, host))
    found = ((_NAME.fullmatch(name.rpartition("/")[2]), name) for name in names)
    return sorted((int(fits[1]), int(fits[2]), name) for fits, name in found if fits)


def _folder(stack: str, host: str) -> str:
    return f"{stack}/{host}"
