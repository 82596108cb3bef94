"""The proof itself, on a lab that is up."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from core.errors import LabError
from lab.artifacts import build
from lab.artifacts.variants import VARIANTS
from lab.place import Place
from lab.proof.load import running
from lab.proof.plan import Proof, swarms
from lab.proof.switches import STACK, Releases, Say, alternate, invoke
from lab.proof.verdict import Outcome, judge


def _nothing(_number: int) -> None:
    """Breaks nothing."""


def prove(
    place: Place, status: dict[str, Any], proof: Proof, say: Say, disturb: Callable[[int], None] = _nothing
) -> Outcome:
    """Prepare the lab of ``status``, load it, release under the load, and judge. ``disturb`` as in
    :func:`lab.proof.switches.alternate`. Raises :class:`LabError` for what keeps it from being tried.
    """
    proof.check()
    releases = _releases(build(place, say))
    must(place, say, "up", *STACK)
    must(place, say, "deploy", *STACK, "--watch", "0", "--artifact", str(releases.before))
    with running(swarms(proof, place, status), place.home, place.root) as load:
        say("every client is signed in")
        switches = alternate(place, proof, releases, load, say, disturb)
        say("the load ends, and what was stored is counted")
        tally, samples = load.finish()
    return judge(proof, tally, samples, switches)


def _releases(artifacts: dict[str, Path]) -> Releases:
    versions = {one.key: tomllib.loads(one.release_toml())["version"] for one in VARIANTS}
    return Releases(artifacts["v1"], artifacts["v2"], versions["v1"], versions["v2"])


def must(place: Place, say: Say, *arguments: str) -> None:
    """Run an Invoke task that has to end well. Raises :class:`LabError`."""
    say(f"invoke {' '.join(arguments[:3])}")
    status, output = invoke(place, *arguments)
    if status:
        raise LabError(f"`invoke {' '.join(arguments)}` ended with status {status}:\n{output[-1500:]}")
