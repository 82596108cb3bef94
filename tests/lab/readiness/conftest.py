"""One lab for all of these cases, with the release of seeded faults, and the checks as `invoke check` runs them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from importlib import import_module
from typing import Any, TypeAlias

import pytest

from cli.target import reached_target
from core.settings.other_zones import OtherZones
from lab import artifacts
from lab.artifacts.variants import FAULTY, VARIANTS
from lab.hosts import identity
from lab.hosts.host import named
from lab.place import here
from lab.proof.run import must
from lab.proof.switches import STACK
from readiness.check import Result
from readiness.pace import Pace
from readiness.probe import Probe
from readiness.rows import all_probes
from readiness.rows.email import bounces
from readiness.rows.monitoring import tracker
from readiness.run import Limits, run
from readiness.target import Target

page_loads = import_module("readiness.rows.performance.pages")
flow_loads = import_module("readiness.rows.performance.flows")
fuzz = import_module("readiness.rows.inputs.fuzz")

Seeded: TypeAlias = Callable[..., AbstractContextManager[None]]
Decide: TypeAlias = Callable[..., Result]
DecideAll: TypeAlias = Callable[..., dict[str, Result]]


@pytest.fixture(scope="package")
def seeded(lab: dict[str, Any]) -> Iterator[Seeded]:
    """``with seeded("flag"):`` has the fault on, on every host, until the block ends; the release ``faulty`` is live.

    The good release is the one before it. A lab that is up already must be new, or have the same artefacts: a version
    never changes its content.
    """
    place, variants = here(), (VARIANTS[0], FAULTY)
    must(place, print, "up", *STACK)
    built = artifacts.build(place, print, variants=variants)
    with pytest.MonkeyPatch.context() as patch:
        # The stack's file says that this is CI.
        patch.setenv("LAUNCH_READY_WHO", "ci")
        for variant in variants:
            must(place, print, "deploy", *STACK, "--watch", "0", "--artifact", str(built[variant.key]))
    files = [named(place, host["name"]).root / identity.FAULTS.lstrip("/") for host in lab["hosts"]]

    @contextmanager
    def turned_on(*flags: str) -> Iterator[None]:
        for file in files:
            identity.put(file, "".join(f"{flag}\n" for flag in flags), 0o644)
        try:
            yield
        finally:
            for file in files:
                file.unlink()

    yield turned_on
    for file in files:
        file.unlink(missing_ok=True)


@pytest.fixture(scope="package")
def target(seeded: Seeded) -> Iterator[Target]:
    """The lab as the checks see it, for the whole folder: accounts are made once."""
    with pytest.MonkeyPatch.context() as patch:
        # Pacing is for platforms that others use: this lab is the tests' own.
        patch.setattr(Pace, "wait", lambda _self, _host: None)
        # The lab's error tracker has an event as soon as the request is answered.
        patch.setattr(tracker, "WAIT_SECONDS", 2.0)
        # Where a fault keeps a bounce from coming, nobody waits for it as long as the internet may take.
        patch.setattr(bounces, "_SECONDS", 1.0)
        # One load of one page, and a few requests of each flow: what a fault does is far over the limits.
        for module, name, value in (
            (page_loads, "LOADS", 1),
            (page_loads, "MOST_PAGES", 1),
            (flow_loads, "SAMPLES", 16),
            (flow_loads, "ENOUGH", 16),
            (flow_loads, "_ASKERS", 4),
            # Hashes of passwords are slow on purpose, and slower beside other tests.
            (flow_loads, "_LOGINS", 0.2),
            # A stream of events is not listened to for as long.
            (fuzz, "LONGEST", 4.0),
        ):
            patch.setattr(module, name, value)
        with reached_target("lab") as (reached, _pace):
            # The faults are slower than that, and the machine may have more to do than this.
            patient = reached.settings.readiness.model_copy(update={"api_p95_ms": 1000})
            yield replace(reached, settings=replace(reached.settings, readiness=patient))


@pytest.fixture(scope="package")
def probes() -> dict[str, Probe]:
    """The probe that decides each check, by the check's id."""
    return {check.id: probe for probe in all_probes() for check in probe.checks}


@pytest.fixture(scope="package")
def decide(target: Target, probes: dict[str, Probe]) -> Decide:
    """The result of one check, by its id, as soon as its probe knows it: nobody waits for the probe's other checks.

    A second argument is another target than the lab as it is declared.
    """

    def decided(id_: str, on: Target | None = None) -> Result:
        return next(result for result in probes[id_].run(on or target) if result.check.id == id_)

    return decided


@pytest.fixture(scope="package")
def decide_all(target: Target, probes: dict[str, Probe]) -> DecideAll:
    """The same for all checks of the probe that decides this one."""

    def decided(id_: str, on: Target | None = None) -> dict[str, Result]:
        return _ran(probes[id_], on or target)

    return decided


@pytest.fixture(scope="package")
def honest(target: Target, probes: dict[str, Probe]) -> Decide:
    """As ``decide``, with no fault on: a probe is run once for all of its checks."""
    known: dict[str, Result] = {}

    def decided(id_: str) -> Result:
        if id_ not in known:
            known.update(_ran(probes[id_], target))
        return known[id_]

    return decided


def answering(target: Target, *names: str) -> Target:
    """Nothing else is declared than these names: a scan of one takes seconds."""
    dns = target.settings.dns.model_copy(update={"web": names})
    return replace(target, settings=replace(target.settings, dns=dns, other_zones=OtherZones()))


@contextmanager
def edge_follows(target: Target) -> Iterator[None]:
    """Wait, at the end of the block, for the edge to be at another revision than before it: it has what was changed."""

    def revision() -> str:
        trace = target.visitor().ask("GET", target.url("/cdn-cgi/trace")).text
        return trace.partition("lab_revision=")[2].partition("\n")[0]

    before = revision()
    yield
    ends = time.monotonic() + 5
    while revision() == before:
        assert time.monotonic() < ends, f"the edge stays at revision {before}"
        time.sleep(0.02)


def told(results: Mapping[str, Result]) -> str:
    """What came of each check, for who reads that a test failed."""
    return "\n".join(f"{check}: {one.outcome}: {one.summary}" for check, one in results.items())


def _ran(probe: Probe, target: Target) -> dict[str, Result]:
    found = run([probe], target, Limits(), lambda _result, _seconds: None)
    return {result.check.id: result for result in found.results}
