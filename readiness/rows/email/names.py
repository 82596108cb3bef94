"""DNS as one probe asks it: every question once, kept as evidence, and none that was not answered taken for no."""

from __future__ import annotations

from collections.abc import Callable

from core.errors import CheckError
from core.site import Found, Resolver
from readiness.check import Check, Result, Said, unknown

_ANSWERED = ("NOERROR", "NXDOMAIN")
_LONGEST = 600
_MOST_LINES = 80


class Names:
    """A resolver that remembers. It fulfils :class:`core.site.Resolver` for one thread."""

    def __init__(self, resolver: Resolver) -> None:
        self._resolver = resolver
        self._known: dict[tuple[str, str], Found] = {}

    def find(self, name: str, type_: str) -> Found:
        """What DNS says, whatever that is."""
        key = name.rstrip(".").lower(), type_
        if key not in self._known:
            self._known[key] = self._resolver.find(key[0], type_)
        return self._known[key]

    def records(self, name: str, type_: str) -> tuple[str, ...]:
        """The records, none where there are none. Raises :class:`CheckError` where DNS did not say."""
        found = self.find(name, type_)
        if found.status not in _ANSWERED:
            raise CheckError(f"DNS does not say what {type_} {name} has ({found.status}): see to its name servers")
        return found.records

    def texts(self, name: str, version: str) -> list[str]:
        """The TXT records that begin with ``version`` (``v=spf1``), followed by an end, a space or a semicolon."""
        long = len(version)
        return [
            text
            for text in self.records(name, "TXT")
            if text[:long].lower() == version.lower() and text[long : long + 1].strip(" \t;") == ""
        ]

    def addresses(self, name: str) -> tuple[str, ...]:
        """IPv4 and IPv6."""
        return (*self.records(name, "A"), *self.records(name, "AAAA"))

    def said(self, title: str = "DNS") -> Said:
        """All that was asked and answered, a record a line."""
        lines = [line for found in self._known.values() for line in _lines(found)]
        more = [f"… and {len(lines) - _MOST_LINES} more"] if len(lines) > _MOST_LINES else []
        return Said(title, "\n".join(lines[:_MOST_LINES] + more))


def judged(check: Check, names: Names, judge: Callable[[], Result]) -> Result:
    """What ``judge`` says, or that it cannot be told, with what DNS had said until then."""
    try:
        return judge()
    except CheckError as error:
        return unknown(check, str(error), names.said())


def _lines(found: Found) -> list[str]:
    where = " → ".join((found.name, *found.chain))
    if not found.records:
        return [f"{where} {found.type}: {'none' if found.status == 'NOERROR' else found.status}"]
    return [f"{where} {found.ttl} {found.type} {record[:_LONGEST]}" for record in found.records]
