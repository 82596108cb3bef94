"""Backups and drift, as commands and the API's answers have them."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from core.ports import Ran
from core.settings.readiness import Restore
from drift.compare import Compared
from drift.differences import Difference
from readiness.check import Outcome, Result
from readiness.rows.deployment.outside import backups, drift

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)
FRESH = "restored 9 tables\nbackup of 2026-11-30T03:00:00Z\n"


def _backups(ran: Ran, *, declared: bool = True) -> Result:
    restores = (Restore(name="database", command=("restore",)),) if declared else ()
    target: Any = SimpleNamespace(
        settings=SimpleNamespace(readiness=SimpleNamespace(releasing=SimpleNamespace(restores=restores))),
        clock=SimpleNamespace(monotonic=lambda: 1.0, now=lambda: NOW),
        local=SimpleNamespace(run=lambda *_words, **_options: ran),
    )
    return next(iter(backups(target)))


@pytest.mark.parametrize(
    ("ran", "outcome", "said"),
    [
        (Ran(0, FRESH, ""), Outcome.PASS, "1 restored: database"),
        (Ran(0, "backup of 2026-11-30T03:00:00", ""), Outcome.PASS, "1 restored"),
        (Ran(0, "", FRESH), Outcome.FAIL, "does not say of when"),
        (Ran(0, "backup of yesterday", ""), Outcome.FAIL, "does not say of when"),
        (Ran(0, "backup of 2026-11-29T03:00:00Z", ""), Outcome.FAIL, "33 hours old"),
        (Ran(3, FRESH, "no such\x1b[2J dump"), Outcome.FAIL, "status 3"),
        (Ran(124, "", "it took longer than 120 s"), Outcome.FAIL, "longer than 120 s"),
    ],
)
def test_a_backup_is_worth_what_its_restore_says(ran: Ran, outcome: Outcome, said: str) -> None:
    result = _backups(ran)
    assert result.outcome is outcome
    assert said in result.summary
    assert "\x1b" not in result.summary


def test_a_stack_without_backups_is_told() -> None:
    result = _backups(Ran(0, "", ""), declared=False)
    assert result.outcome is Outcome.CANNOT_TELL
    assert "releasing.restores" in result.summary


@pytest.mark.parametrize(
    ("found", "outcome"),
    [
        (Compared(looked_at=9), Outcome.PASS),
        (Compared(looked_at=0), Outcome.CANNOT_TELL),
        (Compared(looked_at=9, not_compared=["X y: this type is not compared"]), Outcome.CANNOT_TELL),
        (Compared(looked_at=9, differences=[Difference("undeclared", "DnsRecord", "TXT x")]), Outcome.FAIL),
    ],
)
def test_drift_is_none_only_where_all_was_compared(found: Compared, outcome: Outcome) -> None:
    target: Any = SimpleNamespace(drift=lambda: found)
    assert next(iter(drift(target))).outcome is outcome
