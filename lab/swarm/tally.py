"""What a swarm counts: each request once, by kind; the time of each answer; each loss with its reason."""

from __future__ import annotations

import json
import time
from array import array
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
import numpy.typing as npt

from core.errors import LabError
from lab.load.records import GATEWAY_STATUSES, Stored
from lab.swarm.wire import Answer

KINDS = ("get", "post", "upload", "download", "slow", "websocket", "events")
MOST_LOSSES = 200
NONE_STORED = Stored(0, 0, 0)


@dataclass
class Counts:
    """One kind. Each that was sent is answered, lost, or (a stream) cut cleanly at a drain's end; nothing is left over.

    ``wrong`` are answers of the app or a proxy with another status than the one wanted, 5xx among them as ``errors``.
    """

    sent: int = 0
    answered: int = 0
    lost: int = 0
    cut: int = 0
    wrong: int = 0
    errors: int = 0

    def __add__(self, other: Counts) -> Counts:
        return Counts(*(mine + its for mine, its in zip(asdict(self).values(), asdict(other).values(), strict=True)))

    @property
    def open(self) -> int:
        """Sent, and not yet settled."""
        return self.sent - self.answered - self.lost - self.cut


@dataclass
class Streams:
    """Pushed posts over WebSockets and server-sent events, against what had been accepted while a stream was open."""

    expected: int = 0
    received: int = 0
    missing: int = 0
    doubled: int = 0

    def __add__(self, other: Streams) -> Streams:
        return Streams(*(mine + its for mine, its in zip(asdict(self).values(), asdict(other).values(), strict=True)))


@dataclass(frozen=True)
class Loss:
    """One request that was lost, or answered otherwise than wanted: when (epoch, s), what, through which door, why."""

    at: float
    kind: str
    door: str
    reason: str


@dataclass
class Samples:
    """Every answer's time. ``at`` is when it was sent (epoch, s), ``seconds`` until it was whole; ``who`` indexes
    ``names``, each a release, its colour and the door."""

    at: npt.NDArray[np.float64]
    seconds: npt.NDArray[np.float32]
    kind: npt.NDArray[np.uint8]
    who: npt.NDArray[np.uint16]
    names: list[tuple[str, str, str]]


@dataclass
class Tally:
    """All of it, as one process counts."""

    counts: dict[str, Counts] = field(default_factory=lambda: {kind: Counts() for kind in KINDS})
    streams: Streams = field(default_factory=Streams)
    losses: list[Loss] = field(default_factory=list)
    unwanted: list[Loss] = field(default_factory=list)
    reasons: Counter[str] = field(default_factory=Counter)
    statuses: Counter[str] = field(default_factory=Counter)
    stored: Stored = NONE_STORED
    files: Stored = NONE_STORED
    connections: int = 0

    def __post_init__(self) -> None:
        self._at, self._seconds = array("d"), array("f")
        self._kind, self._who = array("B"), array("H")
        self._names: dict[tuple[str, str, str], int] = {}

    @property
    def sent(self) -> int:
        """Requests of all kinds."""
        return sum(each.sent for each in self.counts.values())

    @property
    def lost(self) -> int:
        """Those that were lost."""
        return sum(each.lost for each in self.counts.values())

    def answer(self, kind: str, door: str, at: float, answer: Answer, wanted: int) -> bool:
        """Count an answer; returns whether it is the one wanted. A proxy's gateway error is a loss."""
        if answer.status in GATEWAY_STATUSES and not answer.release:
            self.lose(kind, door, at, f"status {answer.status} from a proxy")
            return False
        counts = self.counts[kind]
        counts.answered += 1
        self._sample(kind, door, at, answer.release, answer.colour)
        if answer.status == wanted:
            return True
        counts.wrong += 1
        counts.errors += answer.status >= 500
        self.statuses[f"{kind} {answer.status}"] += 1
        if len(self.unwanted) < MOST_LOSSES:
            self.unwanted.append(Loss(at, kind, door, f"status {answer.status} of {answer.release or 'a proxy'}"))
        return False

    def lose(self, kind: str, door: str, at: float, reason: str) -> None:
        """Count a loss."""
        self.counts[kind].lost += 1
        self.reasons[f"{kind}: {reason}"] += 1
        if len(self.losses) < MOST_LOSSES:
            self.losses.append(Loss(at, kind, door, reason))

    def _sample(self, kind: str, door: str, at: float, release: str, colour: str) -> None:
        self._at.append(at)
        self._seconds.append(time.time() - at)
        self._kind.append(KINDS.index(kind))
        self._who.append(self._names.setdefault((release, colour, door), len(self._names)))

    def save(self, path: Path) -> None:
        """Write everything to ``path``, a ``.npz``."""
        known: dict[str, Any] = {
            "counts": {kind: asdict(each) for kind, each in self.counts.items()},
            "streams": asdict(self.streams),
            "losses": [asdict(each) for each in self.losses],
            "unwanted": [asdict(each) for each in self.unwanted],
            "reasons": self.reasons,
            "statuses": self.statuses,
            "stored": asdict(self.stored),
            "files": asdict(self.files),
            "connections": self.connections,
            "names": list(self._names),
        }
        np.savez(
            path,
            known=np.array(json.dumps(known)),
            at=np.array(self._at),
            seconds=np.array(self._seconds),
            kind=np.array(self._kind),
            who=np.array(self._who),
        )


def read(paths: Iterable[Path]) -> tuple[Tally, Samples]:
    """What the processes of a load wrote, as one. Raises :class:`LabError` if one of them wrote nothing whole."""
    whole, parts = Tally(), []
    names: list[tuple[str, str, str]] = []
    for path in paths:
        try:
            with np.load(path, allow_pickle=False) as saved:
                known = json.loads(str(saved["known"]))
                columns = [saved[name] for name in ("at", "seconds", "kind", "who")]
            _add(whole, known)
        except (OSError, EOFError, ValueError, KeyError, TypeError, BadZipFile) as error:
            raise LabError(f"a load left no whole count in {path} ({type(error).__name__}): it was ended") from None
        columns[3] = columns[3] + np.uint16(len(names))
        names += [(str(name[0]), str(name[1]), str(name[2])) for name in known["names"]]
        parts.append(columns)
    if not parts:
        raise LabError("there is nothing to count: no load ran")
    at, seconds, kind, who = (np.concatenate(column) for column in zip(*parts, strict=True))
    order = np.argsort(at, kind="stable")
    return whole, Samples(at[order], seconds[order], kind[order], who[order], names)


def _add(whole: Tally, known: dict[str, Any]) -> None:
    for kind, each in known["counts"].items():
        whole.counts[kind] += Counts(**each)
    whole.streams += Streams(**known["streams"])
    whole.losses += [Loss(**each) for each in known["losses"]]
    whole.unwanted += [Loss(**each) for each in known["unwanted"]]
    whole.reasons.update(known["reasons"])
    whole.statuses.update(known["statuses"])
    whole.stored = _both(whole.stored, known["stored"])
    whole.files = _both(whole.files, known["files"])
    whole.connections += known["connections"]


def _both(one: Stored, other: dict[str, int]) -> Stored:
    return Stored(one.accepted + other["accepted"], one.missing + other["missing"], one.doubled + other["doubled"])
