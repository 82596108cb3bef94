"""The moment itself: every host's traffic moves, or none's does in the end.

First the link that nginx follows, which a power cut forgets; only once every host has been seen to answer with the new
version, the link that the next boot goes by. So a host that dies between the two comes back as the others then are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from core.errors import FencedError, HostError, SplitError
from core.terminal import clean
from deploy import commands
from deploy.commands import Check
from deploy.fleet import Gathered, at_once, told
from deploy.health import start_one
from deploy.journal import SWITCH, SWITCHING
from deploy.layout import Colour
from deploy.operation import Operation
from deploy.plan import Place


@dataclass(frozen=True)
class Mark:
    """Where nginx's log stood at the switch, and which socket the release had: a restart gives it another."""

    inode: int
    offset: int
    socket: str


def switch_all(operation: Operation, check: Check, places: Mapping[str, Place]) -> Gathered[Mark]:
    """Move every host to its place's colour and see each answer. The bad ones may have moved, or not."""

    def switch(name: str) -> Mark:
        seconds = operation.world.settings.verify_seconds
        colour, must = places[name].colour, operation.must_record
        entry = operation.entry(SWITCHING, colour)
        script = commands.switch(operation.world.layout, colour, check, seconds, entry, must_record=must)
        return read_switch(name, check, operation.step(name, script, seconds))

    return at_once(places, switch, see_through=True)


def read_switch(name: str, check: Check, lines: Sequence[str]) -> Mark:
    """What ``switch`` said. Raises :class:`HostError` where nginx did not answer with the version."""
    words = dict(line.partition(" ")[::2] for line in lines)
    if "verified" not in words:
        answer = clean(words.get("unverified", ""))[:100] or "nothing"
        raise HostError(f"{name}: nginx there answers {answer!r} for {check.path}, not {check.status} {check.version}")
    inode, offset, socket = words["switched"].split()
    return Mark(int(inode), int(offset), socket)


def commit_all(operation: Operation, places: Mapping[str, Place]) -> Gathered[bool]:
    """Make what serves now what the next boot serves; true where the journal took the line too."""

    def commit(name: str) -> bool:
        entry = operation.entry(SWITCH, places[name].colour)
        script = commands.commit(operation.world.layout, places[name].colour, entry, must_record=operation.must_record)
        return "unrecorded" not in operation.step(name, script)

    return at_once(places, commit, see_through=True)


def switch_back(operation: Operation, places: Mapping[str, Place], paths: Mapping[str, str]) -> Gathered[str]:
    """Put every host's traffic, now and for the next boot, back to where its place says it was.

    What it goes back to is asked for its health first, and started again if it does not answer. ``paths`` has each
    version's health path. Each value is how it is now, in words; it is run on all hosts, for a host whose answer was
    lost may have moved.
    """

    def back(name: str) -> str:
        where = places[name]
        check = Check(
            paths.get(where.before_version or "", "/"),
            operation.world.settings.health.status,
            where.before_version or "",
        )
        return _back(operation, name, where.before, check)

    return at_once(places, back)


def _back(operation: Operation, name: str, before: Colour | None, check: Check) -> str:
    layout, seconds = operation.world.layout, operation.world.settings.verify_seconds
    if before is not None:
        start_one(operation, name, before, check, reuse=True)
    intent = operation.entry(SWITCHING, before, "switching back")
    script = commands.switch(layout, before, check, seconds, intent, must_record=False)
    lines = operation.step(name, script, seconds)
    if before is not None:
        read_switch(name, check, lines)
    entry = operation.entry(SWITCH, before, "switched back")
    operation.step(name, commands.commit(layout, before, entry, must_record=False))
    return f"back on {check.version or 'nothing'}"


def require_whole(places: Mapping[str, Place], back: Gathered[str], cause: str, version: str) -> None:
    """Raise :class:`SplitError`, naming what each host serves, unless all are back and serve one version.

    Raises :class:`FencedError` where another command has the hosts by now: it decides what they serve.
    """
    unknown = f"{version}, or what it served before: it did not say"
    serves = {name: unknown if name in back.bad else places[name].before_version for name in places}
    if not back.bad and len(set(serves.values())) <= 1:
        return
    reasons = "\n".join(str(reason) for reason in back.bad.values())
    if any(isinstance(reason, FencedError) for reason in back.bad.values()):
        raise FencedError(f"{cause}\n{reasons}")
    raise SplitError(
        f"the hosts do not serve the same: {told(serves)}\n{cause}\n{reasons}\n"
        "bring the hosts back that failed, then run `invoke rollback`, which makes all of them serve one version"
    )
