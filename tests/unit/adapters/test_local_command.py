"""A command on this machine, ended early with all that it started."""

from __future__ import annotations

import threading
import time
from pathlib import Path

from adapters.local_command import LocalCommand
from core.ports import Ran


def test_who_ends_it_ends_what_runs_with_its_children_and_lets_nothing_begin(tmp_path: Path) -> None:
    local, ran = LocalCommand(tmp_path, {}), []
    words = ("sh", "-c", "sleep 60 & echo $! >child; wait")
    thread = threading.Thread(target=lambda: ran.append(local.run(words, environment={}, timeout=60)))
    thread.start()
    child = tmp_path / "child"
    while not (child.exists() and child.read_text().strip()):
        time.sleep(0.01)
    local.end()
    thread.join(10)
    assert [each.status for each in ran] == [-9]
    # It was sent the signal with its parent, and ends when it is next scheduled.
    ends = time.monotonic() + 10
    while (state := _state(child.read_text().strip())) not in ("", "Z"):
        assert time.monotonic() < ends, f"it is still there ({state})"
        time.sleep(0.01)
    assert local.run(("true",), environment={}, timeout=5) == Ran(127, "", "it cannot be started: the run is over")


def _state(pid: str) -> str:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return ""
