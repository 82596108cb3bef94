"""A history looked through for secrets, beside the scanner run alone on the same repository, round by round.

``python -m lab.bench.history`` shows it alone; it needs no lab.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from betterleaks.cli import get_binary_path

from core.errors import LabError
from lab.bench.timed import timed

COMMITS = 5000
_FILES = 400
_SEED = 7


@dataclass(frozen=True)
class Figure:
    """Medians in seconds: ours by its own word, ours as a whole command, the scanner's program; and the medians of each
    round's ratios of the first and the second to the last. ``commits`` were looked at by ours, which says so.
    """

    commits: int
    rounds: int
    ours: float
    command: float
    alone: float
    ratio: float
    command_ratio: float
    peak_megabytes: float

    def row(self) -> str:
        """A line of the table."""
        times = "".join(f"{value:>11.2f} s" for value in (self.ours, self.command, self.alone))
        ratios = f"{self.ratio:>9.2f}{self.command_ratio:>15.2f}"
        return f"{self.commits:>8}{times}{ratios}{self.peak_megabytes:>8.0f} MB"


def heading() -> str:
    """The table's first line."""
    return f"{'commits':>8}{'history':>13}{'command':>13}{'alone':>13}{'/alone':>9}{'command/alone':>15}{'memory':>11}"


def measured(commits: int, runs: int) -> Figure:
    """Make a repository, and look through it ``runs`` times with each, in turn."""
    with tempfile.TemporaryDirectory(prefix="launch-ready-bench-") as name:
        folder = Path(name) / "repository"
        make(folder, commits)
        rounds = [_round(folder, commits) for _ in range(runs)]
    return Figure(
        commits=commits,
        rounds=runs,
        ours=statistics.median(one[0] for one in rounds),
        command=statistics.median(one[1] for one in rounds),
        alone=statistics.median(one[2] for one in rounds),
        ratio=statistics.median(one[0] / one[2] for one in rounds),
        command_ratio=statistics.median(one[1] / one[2] for one in rounds),
        peak_megabytes=max(one[3] for one in rounds),
    )


def _round(folder: Path, commits: int) -> tuple[float, float, float, float]:
    scan = timed([sys.executable, "-m", "invoke", "secrets.scan", "--folder", str(folder), "--history", "--json"])
    said = json.loads(scan.said)
    if not any(f"of {commits} commits" in result["summary"] for result in said["results"]):
        raise LabError(f"not all of {commits} commits were looked at: {said['results']}")
    # The program itself, without the package's own command in Python that starts it.
    scanner = get_binary_path()
    alone = timed([scanner, "git", str(folder), "--silent", "--exit-code", "0"])
    return said["seconds"], scan.seconds, alone.seconds, scan.peak_bytes / 1_000_000


def make(folder: Path, commits: int) -> None:
    """A repository of ``commits`` commits of three files each, of prose that is no secret; the same each time."""
    subprocess.run(["git", "init", "-q", "-b", "main", str(folder)], check=True)
    command = ["git", "-C", str(folder), "fast-import", "--quiet"]
    with subprocess.Popen(command, stdin=subprocess.PIPE) as process:
        if process.stdin is None:
            raise TypeError("the input was asked for")
        _stream(process.stdin, commits)
        process.stdin.close()
    subprocess.run(["git", "-C", str(folder), "reset", "-q", "--hard"], check=True)


def _stream(into: IO[bytes], commits: int) -> None:
    chance = random.Random(_SEED)  # noqa: S311 - nothing secret
    words = ["".join(chance.choices("abcdefghijklmnop", k=chance.randint(3, 10))) for _ in range(3000)]
    files: dict[str, list[str]] = {}
    for number in range(1, commits + 1):
        when = 1_600_000_000 + number * 600
        into.write(f"commit refs/heads/main\ncommitter Ann <ann@example.test> {when} +0000\ndata 6\nchange\n".encode())
        for name in chance.sample(range(_FILES), 3):
            lines = files.setdefault(f"src/module{name}.py", [])
            for _ in range(chance.randint(2, 20)):
                lines.insert(chance.randrange(len(lines) + 1), "    " + " ".join(chance.choices(words, k=8)))
            data = ("\n".join(lines) + "\n").encode()
            into.write(f"M 100644 inline src/module{name}.py\ndata {len(data)}\n".encode() + data + b"\n")


def main() -> int:
    """Returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--commits", type=int, default=COMMITS)
    parser.add_argument("--runs", type=int, default=5)
    options = parser.parse_args()
    print(f"{heading()}\n{measured(options.commits, options.runs).row()}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
