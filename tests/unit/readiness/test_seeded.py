"""The page of seeded faults, and that no row goes without."""

from __future__ import annotations

from pathlib import Path

from readiness.check import Row
from readiness.rows import all_probes
from tests.lab.readiness.page import lines, page

ROOT = Path(__file__).resolve().parents[3]


def test_the_page_is_what_the_tests_put_into_the_lab() -> None:
    wanted = "run `python -m tests.lab.readiness.page >docs/seeded-faults.md`"
    assert (ROOT / "docs" / "seeded-faults.md").read_text() == page(), wanted


def test_the_page_of_the_checks_has_their_number() -> None:
    assert f"\n{len(list(lines()))} faults are put into the lab" in (ROOT / "docs" / "check.md").read_text()


def test_every_row_has_faults_and_each_is_for_a_check_that_is_there() -> None:
    rows = {check.id: check.row for probe in all_probes() for check in probe.checks}
    assert {rows[check] for check, _, _ in lines()} == set(Row)
    assert len(list(lines())) >= 40
