"""Each step of a deploy and of a rollback, and each way to lose it: what is left, and what makes it good.

A part of the matrix in every run; all of it, with its table, by ``--matrix FILE`` (scripts/prove-crashes).
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.hosts import api
from lab.place import here
from tests.faults.conftest import NAMES, bring_up
from tests.faults.matrix import DISK_BYTES, Outcome, Stage, cells, play
from tests.faults.table import table

# Each step and each fault at least once, what was found to be hard among them.
FEW = (
    "deploy-lock-killed",
    "deploy-begin-ssh_cut",
    "deploy-upload-disk_full",
    "deploy-migrate-killed",
    "deploy-start-power_off",
    "deploy-healthy-app_hangs",
    "deploy-switch-killed",
    "deploy-switch-clock_jump",
    "deploy-commit-power_off",
    "deploy-watch-killed",
    "deploy-finish-ssh_cut",
    "rollback-lock-clock_jump",
    "rollback-start-killed",
    "rollback-healthy-disk_full",
    "rollback-switch-killed",
    "rollback-commit-ssh_cut",
    "rollback-finish-killed",
)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """All cells where their table is asked for."""
    whole = metafunc.config.getoption("--matrix")
    wanted = [cell for cell in cells() if whole or cell.name.startswith(FEW)]
    if "cell" in metafunc.fixturenames:
        metafunc.parametrize("cell", wanted, ids=[cell.name for cell in wanted])


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """Two hosts of the matrix's own, with disks that can be filled."""
    sizes = dict.fromkeys(NAMES, DISK_BYTES)
    machines = bring_up(tmp_path_factory.mktemp("matrix"), (here().net + 149) % 254 + 1, sizes)
    made = Stage(machines)
    made.forks.set_forkserver_preload(["tests.faults.matrix"])
    yield made
    machines.part()
    api.halt(machines.place)


@pytest.fixture(scope="module")
def outcomes(request: pytest.FixtureRequest) -> Iterator[list[Outcome]]:
    """What the cells came to; the table is written when all are over."""
    found: list[Outcome] = []
    yield found
    if path := request.config.getoption("--matrix"):
        Path(path).write_text(table(found, len(cells())), encoding="utf-8")


def test_a_cell_ends_whole(cell: object, stage: Stage, outcomes: list[Outcome]) -> None:
    outcomes.append(play(stage, cell))  # type: ignore[arg-type]
