"""SPF evaluated as a receiver does (RFC 7208), by pyspf over our resolver."""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import spf

from core.site import Resolver

MOST_LOOKUPS = spf.MAX_LOOKUP
MOST_VOID = spf.MAX_VOID_LOOKUPS
_SECONDS = 20.0
"""RFC 7208 §4.6.4: what an evaluation may take in all."""
_ANSWERED = ("NOERROR", "NXDOMAIN")


@dataclass(frozen=True)
class Evaluated:
    """What came of it: ``pass``, ``fail``, ``softfail``, ``neutral``, ``none``, ``permerror`` or ``temperror``.

    ``why`` is the library's sentence for the two errors; ``lookups`` and ``void`` count DNS (§4.6.4), past the limits
    too; ``mechanism`` is what matched.
    """

    result: str
    why: str
    lookups: int
    void: int
    mechanism: str


def evaluate(resolver: Resolver, address: str, sender: str, helo: str) -> Evaluated:
    """Whether ``address`` may send as ``sender`` ("" for the null sender: then as postmaster of ``helo``, §2.4)."""
    try:
        strict, counted = (_Query(resolver, address, sender, helo, strict=strict) for strict in (True, False))
    except spf.PermError as error:
        return Evaluated("permerror", str(error), 0, 0, "")
    result, _code, why = strict.check()
    counted.check()
    return Evaluated(
        result,
        why if result in ("permerror", "temperror") else "",
        counted.lookups,
        counted.void_lookups,
        str(strict.mechanism or ""),
    )


class _Query(spf.query):  # type: ignore[misc]
    """pyspf's evaluation with DNS by ``resolver``, which follows CNAMEs by itself.

    Not ``strict``, it goes on past an error, so that a record which takes 14 lookups is told from one that takes 11.
    """

    def __init__(self, resolver: Resolver, address: str, sender: str, helo: str, *, strict: bool) -> None:
        super().__init__(i=address, s=sender, h=helo, strict=strict)
        self._resolver = resolver
        self._ends = time.monotonic() + _SECONDS

    def dns(self, name: str, qtype: str, cnames: Any = None, ignore_void: bool = False) -> list[Any]:  # noqa: ARG002
        """pyspf's own hook: the records in its shapes. ``cnames`` is its way to follow them."""
        asked = str(name).rstrip(".").lower()
        if not all(0 < len(label) < 64 for label in asked.split(".")):
            return []
        if time.monotonic() > self._ends:
            raise spf.TempError("it takes too long")
        found = self._resolver.find(asked, qtype)
        if found.status not in _ANSWERED:
            raise spf.TempError(f"{qtype} {asked}: {found.status}")
        if not found.records and not ignore_void:
            self._count_void()
        return [_shaped(record, qtype) for record in found.records]

    def validated_ptrs(self) -> list[str]:
        """The names of the sender that lead back to it. DNS that does not say is no error here (§5.5)."""
        names: list[str] = []
        with suppress(spf.TempError):
            names = self.dns_ptr(self.i)[: spf.MAX_PTR]
        return [name for name in names if self._leads_back(name)]

    def _leads_back(self, name: str) -> bool:
        with suppress(spf.TempError):
            return bool(self.cidrmatch(self.dns_a(name, self.A), self.cidrmax))
        return False

    def _count_void(self) -> None:
        self.void_lookups += 1
        if self.void_lookups > MOST_VOID:
            self.note_error(f"more than {MOST_VOID} lookups found nothing")


def _shaped(record: str, qtype: str) -> Any:
    if qtype == "MX":
        preference, _, exchange = record.partition(" ")
        return int(preference), exchange
    if qtype in ("TXT", "SPF"):
        return (record.encode("utf-8", "surrogateescape"),)
    return record
