"""How far rotations have come: a line of JSON for each step, in a file of this machine, and read again.

A value stands there sealed by the stack's passphrase and in no other form.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field

MADE, STORED, DEPLOYED, PROVED, RETIRED, DONE = "made", "stored", "deployed", "proved", "retired", "done"
GIVEN_UP = "given up"
_ENDS = (DONE, GIVEN_UP)


@dataclass
class Rotation:
    """One rotation of one secret: what was made, and what has been done with it. ``began`` is RFC 3339, UTC."""

    run: str
    secret: str
    who: str
    began: str
    sealed: str = field(repr=False)
    done: set[tuple[str, str]] = field(default_factory=set)
    over: bool = False

    def has(self, step: str, where: str = "") -> bool:
        """Was this step seen to be done?"""
        return (step, where) in self.done


def read(lines: Iterable[str]) -> list[Rotation]:
    """The rotations that a file tells of, oldest first. A line that a cut tore is passed over."""
    found: dict[str, Rotation] = {}
    for line in lines:
        known = _entry(line)
        if known is None:
            continue
        run, step = known["run"], known["step"]
        if step == MADE:
            found[run] = Rotation(run, known["secret"], known["who"], known["at"], known.get("sealed", ""))
        elif run in found:
            found[run].done.add((step, known.get("where", "")))
            found[run].over |= step in _ENDS
    return list(found.values())


def _entry(line: str) -> dict[str, str] | None:
    try:
        known = json.loads(line)
    except ValueError:
        return None
    needed = ("run", "step", "secret", "who", "at")
    if not isinstance(known, dict) or any(not isinstance(known.get(key), str) for key in needed):
        return None
    return {key: value for key, value in known.items() if isinstance(value, str)}


def unfinished(rotations: Iterable[Rotation], secret: str) -> Rotation | None:
    """The newest rotation of ``secret``, if it has not come to its end."""
    newest = next((each for each in reversed(list(rotations)) if each.secret == secret), None)
    return newest if newest is not None and not newest.over else None
