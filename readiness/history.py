"""What earlier runs found, kept as files: what is otherwise now is what a founder wants to see first."""

from __future__ import annotations

import json
import os
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from core.errors import CheckError
from readiness.check import Row
from readiness.report.document import document
from readiness.report.model import ORDER, Judged, Report, State

KEPT = 50


@dataclass(frozen=True)
class KnownRow:
    """One row as it was last found: each check's state by its id, and when the one that was asked longest ago was."""

    row: Row
    began: str
    states: Mapping[str, State]

    @property
    def state(self) -> State:
        """The worst of its checks'."""
        return min(self.states.values(), key=ORDER.__getitem__)

    @property
    def held(self) -> int:
        """How many pass."""
        return sum(state is State.PASS for state in self.states.values())

    @property
    def asked(self) -> int:
        """How many are about anything here."""
        return sum(state is not State.NOT_APPLICABLE for state in self.states.values())

    @property
    def standing(self) -> list[str]:
        """The ids of those that fail or cannot be told."""
        return [id_ for id_, state in self.states.items() if state in (State.FAIL, State.CANNOT_TELL)]


class History:
    """The runs of one stack, a file each in ``folder``, named by when they began."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def runs(self) -> list[dict[str, Any]]:
        """Every run that can be read, oldest first."""
        return [found for path in self._files() if (found := _read(path)) is not None]

    def rows(self, checks: Collection[str]) -> list[KnownRow]:
        """Every row that was ever asked, check by check as it was last found.

        ``checks`` are the ids of those that there are now: what an older version asked stands in the way of nobody.
        """
        found: dict[Row, dict[str, tuple[State, str]]] = {}
        for run in self.runs():
            for row in run["rows"]:
                states = {check["id"]: (State(check["state"]), run["began"]) for check in row["checks"]}
                known = {id_: state for id_, state in states.items() if id_ in checks}
                found.setdefault(Row(row["row"]), {}).update(known)
        return [
            KnownRow(row, min(began for _, began in last.values()), {id_: state for id_, (state, _) in last.items()})
            for row in Row
            if (last := found.get(row))
        ]

    def compared(self, judged: Iterable[Judged]) -> list[Judged]:
        """Each with how it stood when it was last asked."""
        states: dict[str, str] = {}
        for run in self.runs():
            states |= {check["id"]: check["state"] for row in run["rows"] for check in row["checks"]}
        return [replace(each, before=states.get(each.result.check.id, "")) for each in judged]

    @property
    def last(self) -> str:
        """When the latest run began, "" without one."""
        latest = next((run for path in reversed(self._files()) if (run := _read(path)) is not None), None)
        return "" if latest is None else str(latest["began"])

    def keep(self, report: Report) -> Path:
        """Write ``report`` down, for whoever runs this alone to read, and drop the oldest over :data:`KEPT`.

        Raises :class:`CheckError`.
        """
        path = self._folder / f"{report.began.replace(':', '')}.json"
        aside = path.with_suffix(".new")
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                json.dump(document(report, pictures=False), file)
            aside.rename(path)
            for old in self._files()[:-KEPT]:
                old.unlink()
        except OSError as error:
            raise CheckError(f"{path} cannot be written ({error.strerror}): the run's results are not kept") from None
        return path

    def _files(self) -> list[Path]:
        return sorted(self._folder.glob("*.json"))


def _read(path: Path) -> dict[str, Any] | None:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        # One that was cut, or is of somebody else's making, says nothing of how things stood.
        return None
    return found if _is_run(found) else None


def _is_run(found: Any) -> bool:
    try:
        return isinstance(found["began"], str) and all(
            Row(row["row"]) and State(check["state"]) and isinstance(check["id"], str)
            for row in found["rows"]
            for check in row["checks"]
        )
    except (KeyError, TypeError, ValueError):
        return False
