"""A handover as values: parts, each with a few words, a table, and commands to type."""

from __future__ import annotations

from dataclasses import dataclass

from readiness.check import Table


@dataclass(frozen=True)
class Part:
    """One section. ``commands`` are what to type, each with why."""

    title: str
    said: tuple[str, ...] = ()
    table: Table | None = None
    commands: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Handover:
    """All of it; ``made`` is RFC 3339, UTC."""

    stack: str
    site: str
    made: str
    parts: tuple[Part, ...]
