"""``python -m lab.bench``: what ``scripts/bench`` runs. Whole commands beside raw OpenSSH and pyinfra, each in turn."""

from __future__ import annotations

import argparse
import json
import statistics
import sys
from dataclasses import asdict
from pathlib import Path

from core.errors import LaunchReadyError
from lab import api as lab
from lab.artifacts import build
from lab.bench import artifacts, decisions, floor, history, peer, review, zone_plan
from lab.bench.figures import Figure, Round, figure, heading
from lab.bench.timed import Took, timed
from lab.place import Place, here

INVOKE = [sys.executable, "-m", "invoke"]
STACK = ["--stack", "lab"]


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
    listing = statistics.median(timed([*INVOKE, "--list"]).seconds for _ in range(options.runs))
    decided = decisions.figures(options.runs)
    looked = history.measured(options.commits, options.runs) if options.commits else None
    reviewed = review.measured(options.steps, options.runs) if options.steps else []
    planned = [zone_plan.measured(records) for records in options.records]
    if options.json:
        shown = {
            "figures": [asdict(one) for one in figures],
            "invoke_list_seconds": listing,
            "decisions": [asdict(one) for one in decided],
            "history": asdict(looked) if looked else None,
            "reviews": [asdict(one) for one in reviewed],
            "zone_plans": [asdict(one) for one in planned],
        }
        print(json.dumps(shown, indent=2))
        return 0
    print("\n".join([heading(), *(one.row() for one in figures)]))
    print(f"invoke --list: {listing:.2f} s")
    print("\n".join(["", decisions.heading(), *(one.row() for one in decided)]))
    if looked:
        print("\n".join(["", history.heading(), looked.row()]))
    if reviewed:
        print("\n".join(["", review.heading(), *(one.row() for one in reviewed)]))
    print("\n".join(["", zone_plan.heading(), *(one.row() for one in planned)]))
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="scripts/bench", description=__doc__)
    parser.add_argument("--hosts", type=int, nargs="+", default=[4, 32], help="fleet sizes, one after the other")
    parser.add_argument("--runs", type=int, default=5, help="rounds of each measurement; medians are shown")
    parser.add_argument("--records", type=int, nargs="*", default=[1000], help="DNS records of the zones to plan")
    parser.add_argument("--commits", type=int, default=history.COMMITS, help="of the history to scan; 0: none")
    parser.add_argument("--steps", type=int, default=review.STEPS, help="of the preview to review; 0: none")
    parser.add_argument("--json", action="store_true")
    return parser.parse_args()


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _figures(place: Place, counts: list[int], runs: int) -> list[Figure]:
    pyinfra = peer.install(place.cache, _say)
    made: list[Figure] = []
    for count in counts:
        # Each fleet anew: hosts that were there before would be releases ahead of those that came.
        try:
            made += _Fleet(place, count, pyinfra).measured(runs)
        finally:
            lab.down(place, _say)
    return made


class _Fleet:
    """A lab of ``count`` hosts on which two releases of the app are kept, one of them live."""

    def __init__(self, place: Place, count: int, pyinfra: Path) -> None:
        _say(f"{count} hosts")
        self._count = count
        self._hosts = lab.up(place, count, _say)["hosts"]
        self._folder = place.home / "bench"
        self._peer = peer.Pyinfra(pyinfra, self._folder, self._hosts)
        timed([*INVOKE, "up", *STACK])
        built = build(place, _say)
        self._app = built["v2"]
        for key in ("v1", "v2"):
            _deploy(built[key])

    def measured(self, runs: int) -> list[Figure]:
        """The figures of this fleet, each said as it is known."""
        versions = ["1.0.0", "2.0.0"]
        made = [self._figure("rollback", [self._rollback(versions[run % 2]) for run in range(runs)])]
        small = [artifacts.small(self._folder, self._version("small", run)) for run in range(runs)]
        made.append(self._figure("deploy, small", [self._release(artifact) for artifact in small]))
        app = (artifacts.renamed(self._app, self._folder, self._version("app", run)) for run in range(runs))
        made.append(self._figure("deploy, app", [self._release(artifact) for artifact in app]))
        return made

    def _version(self, what: str, run: int) -> str:
        return f"9.{self._count}.{run}-{what}"

    def _figure(self, what: str, rounds: list[Round]) -> Figure:
        made = figure(what, self._count, rounds)
        _say(made.row())
        return made

    def _rollback(self, version: str) -> Round:
        ours = timed([*INVOKE, "rollback", *STACK, "--to", version])
        raw = floor.all_at_once([floor.ssh(host, floor.SWITCH) for host in self._hosts])
        return Round(ours, raw, self._peer.switch())

    def _release(self, artifact: Path) -> Round:
        ours = _deploy(artifact)
        raw = floor.all_at_once([floor.scp(host, artifact) for host in self._hosts])
        raw += floor.all_at_once([floor.ssh(host, floor.RELEASE) for host in self._hosts])
        self._undo()
        pyinfra = self._peer.release(artifact)
        self._undo()
        return Round(ours, raw, pyinfra)

    def _undo(self) -> None:
        floor.all_at_once([floor.ssh(host, floor.UNDO) for host in self._hosts])


def _deploy(artifact: Path) -> Took:
    return timed([*INVOKE, "deploy", *STACK, "--watch", "0", "--artifact", str(artifact)])


if __name__ == "__main__":
    sys.exit(main())
