"""``python -m lab.bench``: what ``scripts/bench`` runs. Ratios of whole commands to their floor, taken in turn."""

from __future__ import annotations

import argparse
import io
import json
import statistics
import subprocess
import sys
import tarfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from core.errors import LabError, LaunchReadyError
from lab import api as lab
from lab.artifacts import build
from lab.bench import floor
from lab.place import Place, here

INVOKE = [sys.executable, "-m", "invoke"]
STACK = ["--stack", "lab"]


@dataclass(frozen=True)
class Figure:
    """Medians over the runs, in seconds, and the median of the ratios of each pair."""

    what: str
    hosts: int
    runs: int
    ours: float
    floor: float
    ratio: float


def main() -> int:
    """Returns the exit status."""
    options = _options()
    place = here()
    try:
        lab.require_none(place, "the bench")
        figures = _figures(place, options.hosts, options.runs)
    except LaunchReadyError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code
    listing = statistics.median(_timed([*INVOKE, "--list"]) for _ in range(options.runs))
    if options.json:
        print(json.dumps({"figures": [asdict(figure) for figure in figures], "invoke_list_seconds": listing}, indent=2))
        return 0
    print(f"{'what':<10}{'hosts':>6}{'ours':>10}{'floor':>10}{'ratio':>8}")
    for one in figures:
        print(f"{one.what:<10}{one.hosts:>6}{one.ours:>8.2f} s{one.floor:>8.2f} s{one.ratio:>8.2f}")
    print(f"invoke --list: {listing:.2f} s")
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="scripts/bench", description=__doc__)
    parser.add_argument("--hosts", type=int, nargs="+", default=[4, 16], help="fleet sizes, one after the other")
    parser.add_argument("--runs", type=int, default=5, help="pairs of each measurement; medians are shown")
    parser.add_argument("--json", action="store_true")
    return parser.parse_args()


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _figures(place: Place, counts: list[int], runs: int) -> list[Figure]:
    try:
        return [figure for count in counts for figure in _measure(place, count, runs)]
    finally:
        lab.down(place, _say)


def _measure(place: Place, count: int, runs: int) -> list[Figure]:
    _say(f"{count} hosts")
    hosts = lab.up(place, count, _say)["hosts"]
    _timed([*INVOKE, "up", *STACK])
    artifacts = build(place, _say)
    for key in ("v1", "v2"):
        _deploy(artifacts[key])
    versions = iter(["1.0.0", "2.0.0"] * runs)
    rollbacks = [(_rollback(next(versions)), _switch(hosts)) for _ in range(runs)]
    figures = [_figure("rollback", count, rollbacks)]
    renamed = [_renamed(artifacts["v2"], place, count, run) for run in range(runs)]
    releases = [(_deploy(artifact), _release(hosts, artifact)) for artifact in renamed]
    return [*figures, _figure("deploy", count, releases)]


def _figure(what: str, hosts: int, pairs: list[tuple[float, float]]) -> Figure:
    ours, floors = (statistics.median(times) for times in zip(*pairs, strict=True))
    ratio = statistics.median(time / least for time, least in pairs)
    figure = Figure(what, hosts, len(pairs), ours, floors, ratio)
    _say(f"{what}, {hosts} hosts: {figure.ours:.2f} s against {figure.floor:.2f} s, {figure.ratio:.2f} times")
    return figure


def _rollback(version: str) -> float:
    return _timed([*INVOKE, "rollback", *STACK, "--to", version])


def _deploy(artifact: Path) -> float:
    return _timed([*INVOKE, "deploy", *STACK, "--watch", "0", "--artifact", str(artifact)])


def _switch(hosts: list[dict[str, Any]]) -> float:
    return floor.all_at_once([floor.ssh(host, floor.SWITCH) for host in hosts])


def _release(hosts: list[dict[str, Any]], artifact: Path) -> float:
    sent = floor.all_at_once([floor.scp(host, artifact) for host in hosts])
    done = floor.all_at_once([floor.ssh(host, floor.RELEASE) for host in hosts])
    floor.all_at_once([floor.ssh(host, floor.UNDO) for host in hosts])
    return sent + done


def _timed(command: list[str]) -> float:
    began = time.perf_counter()
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300, stdin=subprocess.DEVNULL)
    if done.returncode:
        raise LabError(f"`{' '.join(command[2:])}` ended with {done.returncode}: {done.stderr.strip()[-300:]}")
    return time.perf_counter() - began


def _renamed(artifact: Path, place: Place, count: int, run: int) -> Path:
    """The same release under a version that no host has yet."""
    target = place.home / f"bench-{count}-{run}.tar.gz"
    with tarfile.open(artifact) as source, tarfile.open(target, "w:gz") as made:
        for member in source:
            content = source.extractfile(member) if member.isfile() else None
            if content and member.name.removeprefix("./") == "release.toml":
                data = content.read().replace(b'"2.0.0"', f'"9.{count}.{run}"'.encode())
                member.size = len(data)
                made.addfile(member, io.BytesIO(data))
            else:
                made.addfile(member, content)
    return target


if __name__ == "__main__":
    sys.exit(main())
