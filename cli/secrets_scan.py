"""`invoke secrets.scan`: a repository looked through for secrets, whoever's it is."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from invoke.context import Context

from cli.guard import ROOT, command
from cli.world import JSON
from core.errors import NotReadyError, SettingsError

if TYPE_CHECKING:
    from readiness.check import Result


@command(help={"folder": "the repository (this one without it)", "history": "its history alone", "json": JSON})
def scan(_context: Context, folder: str = "", history: bool = False, json: bool = False) -> None:
    """
    Look through a repository's files and all of its history for secrets: what `invoke check` does, of any repository.

    Nothing of it is executed, and nothing fetched. Every commit is looked at, or it is said which part was not.
    Findings that somebody closed stand in its secrets-baseline.yaml. The stack's own values are for `invoke check`.

        invoke secrets.scan
        invoke secrets.scan --folder vendored/library

    Exit status: 0 nothing is open; 8 something is, or it could not be seen whole; 2 there is no such folder.
    """
    from cli.output import show

    place = Path(folder).resolve() if folder else ROOT
    if not place.is_dir():
        raise SettingsError(f"--folder is {folder}: there is no such folder")
    with tempfile.TemporaryDirectory(prefix="launch-ready-scan-") as scratch:
        found, seconds = _looked(place, Path(scratch), history_alone=history)
    show({"seconds": round(seconds, 3), "results": [_document(each) for each in found]} if json else _text(found))
    if any(each.outcome not in ("pass", "not applicable") for each in found):
        raise NotReadyError("not all of it is well: docs/readiness-secrets.md says what to do")


def _looked(place: Path, scratch: Path, *, history_alone: bool) -> tuple[list[Result], float]:
    """What was found, and the seconds that looking took."""
    from datetime import UTC, datetime

    from adapters.betterleaks import Betterleaks
    from adapters.git_repository import GitRepository
    from readiness.rows.secrets.baseline import Judge, load
    from readiness.rows.secrets.repository import scanned_history, scanned_tree
    from readiness.rows.secrets.spellings import Spotter

    began = time.monotonic()
    judge = Judge(load(place), datetime.now(UTC).date())
    repository, scanner, nobodys = GitRepository(place), Betterleaks(scratch), Spotter({})
    found = [scanned_history(repository, scanner, nobodys, judge)[0]]
    if not history_alone:
        found.insert(0, scanned_tree(repository, scanner, nobodys, judge)[0])
    return found, time.monotonic() - began


def _document(result: Result) -> dict[str, Any]:
    return {"check": result.check.id, "outcome": result.outcome.value, "summary": result.summary}


def _text(found: list[Result]) -> str:
    from core.terminal import clean
    from readiness.check import Said, Table

    lines = []
    for result in found:
        lines.append(clean(f"{result.outcome.value:<12} {result.check.id}: {result.summary}"))
        for evidence in result.evidence:
            if isinstance(evidence, Said):
                lines += [f"  {clean(line)}" for line in evidence.text.splitlines()]
            elif isinstance(evidence, Table):
                lines += [f"  {clean('  '.join(row))}" for row in evidence.rows]
    return "\n".join(lines)
