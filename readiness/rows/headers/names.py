"""Every name that the stack says answers by the web, and where each is meant to lead."""

from __future__ import annotations

from dataclasses import dataclass

from core.settings.names import APEX, full_name
from core.settings.other_zones import RedirectZone
from core.settings.stack import Stack

WWW = "www"


@dataclass(frozen=True)
class Name:
    """A name, its zone, and the name that visitors end at: itself, where it serves."""

    name: str
    zone: str
    ends_at: str

    @property
    def serves(self) -> bool:
        """Whether it is a last place."""
        return self.name == self.ends_at


def web_names(stack: Stack) -> list[Name]:
    """Those of ``dns.web``, and of the zones that redirect. Parked zones have none."""
    zone = stack.zone.name
    own = [Name(full_name(name, zone), zone, _end(stack, name)) for name in stack.dns.web]
    for other in stack.other_zones.zones:
        if isinstance(other, RedirectZone):
            own += [Name(full_name(name, other.name), other.name, _end(stack, other.to)) for name in other.names]
    return own


def own_names(stack: Stack) -> frozenset[str]:
    """The names that checks may ask."""
    return frozenset(name.name for name in web_names(stack))


def _end(stack: Stack, name: str) -> str:
    canonical = stack.redirects.canonical
    ends = canonical if canonical and name in (APEX, WWW) else name
    return full_name(ends, stack.zone.name)
