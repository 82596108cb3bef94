"""The journal: a line of JSON for each thing that was done to a host, on that host, appended and synced.

Each step stands there before it is done and once it was seen to be done. It is what a rollback reads when nothing else
is left, so a reader passes over what it does not know and over a line that a power cut tore. The host chains the lines:
each ends with its number, ``seq`` from 0, and ``prev``, the SHA-256 of the line before it.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from typing import Any

# What is about to be done, and what was then seen, in the order of a command.
BEGIN = "begin"
MIGRATING, MIGRATE = "migrating", "migrate"
START, HEALTHY = "start", "healthy"
CANARY = "canary"
CONTRACT = "contract"
SWITCHING, SWITCH = "switching", "switch"
DONE, REFUSED, REVERTED = "done", "refused", "reverted"
ENDS = (DONE, REFUSED, REVERTED)
DEPLOY, ROLLBACK, CATCH_UP, DRILL = "deploy", "rollback", "catch-up", "drill"
# What is done beside releases, by whoever needs no lock for it: a line of its own, which decides nothing of a release.
MAINTENANCE, PREPARE = "maintenance", "prepare"


@dataclass(frozen=True)
class Entry:
    """One line. ``run`` is the same on every host for one command; ``at`` is UTC, RFC 3339; ``seconds`` since it began.

    ``schema`` is the database's version that a migration brought it to, where the release says so. ``evidence`` is what
    a command leaves with its first and its last line: the heads of the hosts' journals, phases, what was watched.
    """

    at: str
    run: str
    who: str
    action: str
    step: str
    version: str
    digest: str
    colour: str
    result: str
    seconds: float
    schema: int | None = None
    evidence: Mapping[str, Any] | None = None

    def line(self) -> str:
        """The entry as it stands in the file; what is unset is left out."""
        known = {name: value for name, value in asdict(self).items() if value is not None}
        return json.dumps(known, separators=(",", ":"))


_TYPES = {"at": str, "run": str, "who": str, "action": str, "step": str, "version": str}
_TYPES |= {"digest": str, "colour": str, "result": str}


def parse(lines: Iterable[str]) -> tuple[Entry, ...]:
    """The entries of a journal's lines, oldest first; a torn or foreign line is passed over."""
    return tuple(entry for line in lines if (entry := _entry(line)) is not None)


def of_releases(entries: Iterable[Entry]) -> tuple[Entry, ...]:
    """The entries that say what became of releases. The others would look like commands that every host has seen."""
    return tuple(entry for entry in entries if entry.action not in (MAINTENANCE, PREPARE))


def aside(who: str, at: datetime, action: str, step: str, evidence: Mapping[str, Any] | None = None) -> str:
    """The line of what was done beside releases: maintenance that is ``on`` or ``off``, hosts that are ``prepared``."""
    run = secrets.token_hex(6)
    return Entry(stamp(at), run, who, action, step, "", "", "", "ok", 0.0, evidence=evidence).line()


def _entry(line: str) -> Entry | None:
    try:
        found = json.loads(line)
    except ValueError:
        return None
    if not isinstance(found, dict) or any(not isinstance(found.get(key), kind) for key, kind in _TYPES.items()):
        return None
    seconds, schema = found.get("seconds"), found.get("schema")
    evidence = found.get("evidence")
    if not isinstance(seconds, int | float) or not isinstance(schema, int | None):
        return None
    if not isinstance(evidence, dict | None):
        return None
    return Entry(**{field.name: found[field.name] for field in fields(Entry) if field.name in found})


def stamp(moment: datetime) -> str:
    """A moment as the journal writes it: UTC, to the millisecond."""
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def good_releases(entries: Iterable[Entry], elsewhere: Collection[str] = ()) -> list[str]:
    """The versions that the traffic was on for good, oldest first, without those that were rolled back from.

    A deploy puts its version on top; a rollback takes off what is above its target (or puts the target on top, where
    it was not below). What was refused, reverted or cut short never counted, unless its run was done ``elsewhere``; nor
    did a drill, which ends where it began.
    """
    stack: list[str] = []
    for entry in entries:
        if entry.action == DRILL or (entry.step != DONE and not (entry.step == BEGIN and entry.run in elsewhere)):
            continue
        if entry.action == ROLLBACK and entry.version in stack:
            del stack[stack.index(entry.version) :]
        stack = [version for version in stack if version != entry.version]
        stack.append(entry.version)
    return stack


def unfinished(entries: Iterable[Entry]) -> Entry | None:
    """The beginning of the last command that nothing says the end of.

    One that was done made good whatever had been cut short before it. One that was refused or taken back did not: it
    left the host as it found it.
    """
    begun: list[Entry] = []
    for entry in entries:
        if entry.step == BEGIN:
            begun.append(entry)
        elif entry.step == DONE:
            begun.clear()
        elif entry.step in ENDS:
            begun = [one for one in begun if one.run != entry.run]
    return begun[-1] if begun else None


def overtaken(cut: Entry, entries: Iterable[Entry]) -> bool:
    """Has another command begun since ``cut``?"""
    return [entry.run for entry in entries if entry.step == BEGIN][-1:] != [cut.run]


def schema_level(entries: Iterable[Entry]) -> int | None:
    """The highest version that a migration brought the database to: a way back in the code is none in the schema."""
    known = list(entries)
    refused = {entry.run for entry in known if entry.step == REFUSED}
    levels = [
        entry.schema
        for entry in known
        if entry.schema is not None and (entry.step == MIGRATE or (_takes_away(entry) and entry.run not in refused))
    ]
    return max(levels, default=None)


def _takes_away(entry: Entry) -> bool:
    """A contract that began: one that was cut short may have been done, and what it took is not there any more."""
    return entry.step == MIGRATING and entry.action == CONTRACT
