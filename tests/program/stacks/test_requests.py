"""The cases that ship with the project hold for the lab's stack, as its Pulumi program declares it."""

from __future__ import annotations

from pathlib import Path

from cli.edge import against
from edge.cases.read import read_cases
from edge.cases.run import run_cases

ROOT = Path(__file__).resolve().parents[3]


def test_every_case_holds_for_the_lab() -> None:
    results = run_cases(read_cases(ROOT), against("lab"))
    assert {one.case.name: one.reasons for one in results if one.reasons} == {}
    assert len([one for one in results if not one.skipped]) >= 110
