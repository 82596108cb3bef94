"""What the bench makes of its measurements, and that it measures what it says."""

from __future__ import annotations

import json
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import Any

import pytest

from core.errors import LabError
from deploy.artifact import open_artifact
from lab.bench import artifacts
from lab.bench.figures import Round, figure
from lab.bench.peer import Pyinfra
from lab.bench.timed import Took, timed

ROOT = Path(__file__).resolve().parents[3]
HOST = {"name": "a", "address": "127.0.0.9", "ssh_port": 1, "user": "u", "identity_file": "i", "known_hosts": "k"}


def test_ratios_are_taken_round_by_round_and_memory_is_the_most() -> None:
    rounds = [Round(Took(1.0, 50_000_000, ""), 1.0, 4.0), Round(Took(9.0, 60_000_000, ""), 3.0, 9.0)]
    rounds.append(Round(Took(2.0, 40_000_000, ""), 1.0, 4.0))
    made = figure("rollback", 4, rounds)
    assert (made.ours, made.raw, made.pyinfra) == (2.0, 1.0, 4.0)
    assert (made.to_raw, made.to_pyinfra, made.peak_megabytes) == (2.0, 0.5, 60)


def _from_a_small_process(command: list[str]) -> dict[str, Any]:
    """As the bench is: a child counts what its parent has, until it runs its own program, and a test run has a lot."""
    code = (
        "import dataclasses, json, sys; from lab.bench.timed import timed;"
        " print(json.dumps(dataclasses.asdict(timed(sys.argv[1:]))))"
    )
    done = subprocess.run([sys.executable, "-c", code, *command], cwd=ROOT, capture_output=True, text=True, check=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_a_process_is_timed_with_the_memory_that_was_its_own() -> None:
    code = "import time; held = bytearray(80_000_000); held[::4096] = b'x' * len(held[::4096]); time.sleep(0.2)"
    took = _from_a_small_process([sys.executable, "-c", f"{code}; print('done')"])
    assert took["seconds"] >= 0.2
    assert 80_000_000 < took["peak_bytes"] < 400_000_000
    assert took["said"] == "done"
    with pytest.raises(LabError, match=r"ended with 3: oops"):
        timed([sys.executable, "-c", "import sys; sys.exit(print('oops') or 3)"])


def test_pyinfra_that_reaches_no_host_is_no_measurement(tmp_path: Path) -> None:
    program = tmp_path / "pyinfra"
    program.write_text("#!/bin/sh\necho '--> Results: Grand total -'\n")
    program.chmod(0o755)
    with pytest.raises(LabError, match=r"pyinfra did not do `switch.py` on every host"):
        Pyinfra(program, tmp_path, [HOST]).switch()
    program.write_text("#!/bin/sh\necho '    [a]  Success'\n")
    assert Pyinfra(program, tmp_path, [HOST]).switch() > 0


def test_what_is_released_has_a_version_of_its_own_and_no_migrations(tmp_path: Path) -> None:
    assert open_artifact(artifacts.small(tmp_path, "9.4.0")).version == "9.4.0"
    original = tmp_path / "app.tar.gz"
    text = (
        'name = "app"\nversion = "2.0.0"\ncommand = ["x"]\nhealth_path = "/"\nenvironment = []\n\n[migrations]\n'
        'command = ["m"]\n\n[schema]\nminimum = 1\nmaximum = 2\ntarget = 2\n'
    )
    (tmp_path / "release.toml").write_text(text)
    with tarfile.open(original, "w:gz") as tar:
        tar.add(tmp_path / "release.toml", "release.toml")
    manifest = open_artifact(artifacts.renamed(original, tmp_path, "9.4.1")).manifest
    assert (manifest.version, manifest.migrations) == ("9.4.1", None)
    assert manifest.schema_ is not None
