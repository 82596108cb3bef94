"""The cases that ship with the project hold for the lab's stack and the example's, as their program declares them."""

from __future__ import annotations

from pathlib import Path

import pytest

from cli.edge import against
from edge.cases.read import read_cases
from edge.cases.run import run_cases

ROOT = Path(__file__).resolve().parents[3]


@pytest.mark.parametrize("stack", ["lab", "example"])
def test_every_case_holds(stack: str) -> None:
    results = run_cases(read_cases(ROOT), against(stack))
    assert {one.case.name: one.reasons for one in results if one.reasons} == {}
    assert len([one for one in results if not one.skipped]) >= 140
