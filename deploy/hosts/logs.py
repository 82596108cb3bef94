"""``logs``: what a release says on every host, in the order of time, without what is secret."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from core.errors import SettingsError
from core.ports import Shell
from deploy.fleet import Gathered, at_once
from deploy.hosts import commands
from deploy.layout import COLOURS, Layout
from deploy.operation import said
from deploy.redact import redact

MOST_LINES = 10_000
_SECONDS = 60.0
_AGO = re.compile(r"([1-9][0-9]{0,5})([smhd])")
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


@dataclass(frozen=True)
class Wanted:
    """Which lines: of ``colour`` (``live``: whichever has the traffic), since some seconds ago, the last ``lines``."""

    colour: str = "live"
    since_seconds: int = 600
    lines: int = 200


@dataclass(frozen=True)
class Said:
    """A host's lines, and where its journal stood."""

    lines: tuple[str, ...]
    cursor: str


def wanted(colour: str, since: str, lines: str) -> Wanted:
    """What was typed, understood. Raises :class:`SettingsError`."""
    if colour and colour not in COLOURS:
        raise SettingsError(f"--colour is {colour!r}, and there are blue and green")
    match = _AGO.fullmatch(since)
    if match is None:
        raise SettingsError(f"--since is {since!r}, and it takes a number with s, m, h or d, such as 10m")
    if not lines.isdecimal() or not 1 <= int(lines) <= MOST_LINES:
        raise SettingsError(f"--lines is {lines!r}, and it takes a number from 1 to {MOST_LINES}")
    return Wanted(colour or "live", int(match[1]) * _UNITS[match[2]], int(lines))


def logs(shells: Mapping[str, Shell], layout: Layout, ask: Wanted, cursors: Mapping[str, str]) -> Gathered[Said]:
    """Ask every host; with a cursor of a host, only for what came after it."""

    def ask_one(name: str) -> Said:
        since = f"-{ask.since_seconds}s"
        script = commands.logs(layout, ask.colour, since, ask.lines, cursors.get(name, ""))
        return read(said(name, shells[name].run(script, timeout=_SECONDS)), cursors.get(name, ""))

    return at_once(shells, ask_one)


def read(lines: Iterable[str], before: str) -> Said:
    """What a host said: its lines redacted once more, and the last cursor, ``before`` where it has none."""
    kept: list[str] = []
    cursor = before
    for line in lines:
        word, _, rest = line.partition(" ")
        if word == "cursor":
            cursor = rest
        elif word == "log":
            kept.append(redact(rest))
    return Said(tuple(kept), cursor)


def merged(found: Mapping[str, Said]) -> Iterator[tuple[str, str]]:
    """Host and line in the order of time. A line with no time of its own stays behind the one it goes on from."""
    timed: list[tuple[str, str, str]] = []
    for name, one in found.items():
        at = ""
        for line in one.lines:
            at = line.split(" ", 1)[0] if line[:1].isdigit() else at
            timed.append((at, name, line))
    for _at, name, line in sorted(timed, key=lambda each: each[0]):
        yield name, line
