"""What the page is made from, beside the records of the load."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path

from core.errors import LabError
from lab.load.records import Stored

BUDGET_SECONDS = 600.0

# What an event may be, and the word for it on the page.
KINDS = {
    "started": "deploy started",
    "switched": "switched",
    "refused": "refused",
    "reverted": "reverted by itself",
    "rolled-back": "rolled back",
    "note": "note",
}


@dataclass(frozen=True)
class Event:
    """Something that was done at ``at`` (seconds since the epoch). ``kind`` is one of :data:`KINDS`."""

    at: float
    label: str
    kind: str


@dataclass(frozen=True)
class Timing:
    """How long a switch or a rollback took; ``budgeted`` ones are measured against the budget."""

    label: str
    seconds: float
    budgeted: bool = False


@dataclass(frozen=True)
class Facts:
    """What the records do not say: what was timed, what the app had stored, and the rollback's budget in seconds."""

    timings: tuple[Timing, ...] = ()
    stored: Stored | None = None
    budget: float = BUDGET_SECONDS
    title: str = "Releases under load"


def read_events(path: Path) -> list[Event]:
    """Events from a JSON list of ``{"at": epoch seconds, "label": text, "kind": …}``. Raises :class:`LabError`."""
    try:
        items = json.loads(path.read_text(encoding="utf-8"))
        return [_event(item["at"], item["label"], item["kind"]) for item in items]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise LabError(f"{path} is not a list of events: {type(error).__name__}: {error}") from None


def _event(at: object, label: object, kind: object) -> Event:
    if not isinstance(at, int | float) or isinstance(at, bool) or not math.isfinite(at):
        raise ValueError(f"at is {at!r} and must be seconds since the epoch")
    if not isinstance(label, str) or kind not in KINDS:
        raise ValueError(f"label must be a text and kind one of {', '.join(KINDS)}")
    return Event(float(at), label, str(kind))
