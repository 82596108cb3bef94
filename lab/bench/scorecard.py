"""The whole scorecard on a lab of two hosts, and each row of it alone: seconds of whole commands.

``python -m lab.bench.scorecard`` shows it alone; it needs root, and brings a lab up and down.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from core.errors import LabError, LaunchReadyError
from lab import api as lab
from lab.artifacts import build
from lab.bench.timed import timed
from lab.place import Place, here

INVOKE = [sys.executable, "-m", "invoke"]
STACK = ["--stack", "lab"]
ROWS = (
    "auth",
    "authorization",
    "secrets",
    "email",
    "rate-limits",
    "inputs",
    "headers",
    "monitoring",
    "deployment",
    "performance",
)
_READY = (0, 8)


@dataclass(frozen=True)
class Scored:
    """One run: whole-process seconds, requests to all hosts, checks by their state."""

    what: str
    seconds: float
    requests: int
    states: dict[str, int]

    def row(self) -> str:
        """A line of the table."""
        states = ", ".join(f"{count} {state}" for state, count in self.states.items() if count)
        return f"{self.what:<16}{self.seconds:>8.1f} s{self.requests:>10}   {states}"


def heading() -> str:
    """The table's first line."""
    return f"{'scorecard':<16}{'seconds':>10}{'requests':>10}   checks"


def scored(what: str, *options: str) -> Scored:
    """Run ``invoke check`` to its end. Raises :class:`LabError` if it ends otherwise than by a verdict."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "report.json"
        command = [*INVOKE, "check", *STACK, "--format", "json", "--out", str(out), *options]
        began = time.perf_counter()
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=900)
        seconds = time.perf_counter() - began
        if done.returncode not in _READY:
            raise LabError(f"`invoke check` ended with {done.returncode}: {done.stderr.strip()[-400:]}")
        report = json.loads(out.read_text(encoding="utf-8"))
    return Scored(what, seconds, sum(report["requests"].values()), report["counts"])


def measured(place: Place, say: lab.Say) -> list[Scored]:
    """All rows together, then each alone, on a lab of its own."""
    try:
        lab.up(place, 2, say)
        timed([*INVOKE, "up", *STACK])
        built = build(place, say)
        for key in ("v1", "v2"):
            timed([*INVOKE, "deploy", *STACK, "--watch", "0", "--artifact", str(built[key])])
        timed([*INVOKE, "rollback.drill", *STACK])
        made = [scored("all rows")]
        say(made[0].row())
        for row in ROWS:
            made.append(scored(row, "--row", row))
            say(made[-1].row())
        return made
    finally:
        lab.down(place, say)


def main() -> int:
    """Returns the exit status."""
    place = here()
    try:
        lab.require_none(place, "the bench")
        made = measured(place, lambda line: print(line, file=sys.stderr, flush=True))
    except LaunchReadyError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code
    print("\n".join([heading(), *(one.row() for one in made)]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
