"""What is written down: one record a request, and at the end one on what the app had stored."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

from core.errors import LabError

# What a proxy answers when the origin did not: RFC 9110 for 502 to 504, Cloudflare's own from 520.
GATEWAY_STATUSES = frozenset({502, 503, 504, *range(520, 527)})

SLOW_PATH = "/api/slow"


@dataclass(frozen=True)
class Record:
    """One request, never retried.

    ``at`` is when it was sent (seconds since the epoch), ``seconds`` how long until its answer was read whole or it
    failed. ``path`` has ``{id}`` for each id. ``status`` is None and ``error`` the kind of failure where no whole
    answer came. ``release`` and ``colour`` are the app's own words, "" where a proxy answered.
    """

    at: float
    seconds: float
    method: str
    path: str
    status: int | None
    error: str
    release: str
    colour: str
    ray: str
    client: int


@dataclass(frozen=True)
class Stored:
    """Posts answered 201, against what the app lists at the end: each must be there once."""

    accepted: int
    missing: int
    doubled: int

    @property
    def exact(self) -> bool:
        """Whether each accepted post is stored exactly once."""
        return not self.missing and not self.doubled


def is_lost(record: Record) -> bool:
    """Whether the release lost it: no whole answer, or a gateway error that the app did not make."""
    return record.status is None or (record.status in GATEWAY_STATUSES and not record.release)


def compare(accepted: Iterable[str], listed: Iterable[str]) -> Stored:
    """Compare the bodies answered 201 with those that the app lists."""
    wanted = list(accepted)
    found: dict[str, int] = {}
    for body in listed:
        found[body] = found.get(body, 0) + 1
    return Stored(
        accepted=len(wanted),
        missing=sum(1 for body in wanted if body not in found),
        doubled=sum(1 for count in found.values() if count > 1),
    )


def line(item: Record | Stored) -> str:
    """``item`` as a line of the file."""
    return json.dumps({type(item).__name__.lower(): asdict(item)}, separators=(",", ":")) + "\n"


def read(path: Path) -> tuple[list[Record], Stored | None]:
    """The records of a file, in the order they ended, and what was stored (None if the load was killed before that).

    Raises :class:`LabError` for a file that no load wrote.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise LabError(f"{path} cannot be read: {error}") from None
    items = [_parse(text, f"{path}, line {number}") for number, text in enumerate(lines, 1)]
    stored = [item for item in items if isinstance(item, Stored)]
    return [item for item in items if isinstance(item, Record)], stored[-1] if stored else None


def _parse(text: str, where: str) -> Record | Stored:
    try:
        item = json.loads(text)
        return Record(**item["record"]) if "record" in item else Stored(**item["stored"])
    except (ValueError, TypeError, KeyError):
        raise LabError(f"{where}: this is no record of a load") from None
