"""Faults of releasing: who did it, what was recorded, where back is, what is at the edge, what a backup is worth."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from datetime import timedelta
from types import SimpleNamespace
from typing import Any, TypeAlias

import pytest
import requests

from core.settings.readiness import Restore
from lab import artifacts
from lab.artifacts.variants import FAULTY, VARIANTS
from lab.hosts.inside import shell
from lab.place import here
from lab.proof.run import must
from lab.proof.switches import STACK
from readiness.check import Outcome, Result
from readiness.rows.deployment import PROBES
from readiness.run import Limits, run
from readiness.target import Target

Fault: TypeAlias = Callable[[Target, dict[str, Any]], AbstractContextManager[Target]]
HOST = "app-1"
JOURNAL = "/srv/app/journal.jsonl"


def _root(script: str) -> str:
    done = shell(here(), HOST, ["sh", "-euc", script])
    assert done.returncode == 0, done.stderr
    return done.stdout


@contextmanager
def _journal(script: str) -> Iterator[None]:
    """The host's journal changed; as it was afterwards, its owner and mode too."""
    _root(f"cp -a {JOURNAL} /root/journal")
    try:
        _root(script)
        yield
    finally:
        _root(f"cp -a /root/journal {JOURNAL}; rm /root/journal")


@contextmanager
def _laptop(target: Target, _lab: dict[str, Any]) -> Iterator[Target]:
    # The name of who released, in the lines of the live release: what a laptop's deploy would have written.
    with _journal(f'sed -i \'s/"who":"[^"]*"/"who":"ann@laptop"/\' {JOURNAL}'):
        yield target


@contextmanager
def _edited(target: Target, _lab: dict[str, Any]) -> Iterator[Target]:
    with _journal(f'sed -i \'2s/"seconds":[0-9.]*/"seconds":0.001/\' {JOURNAL}'):
        yield target


@contextmanager
def _cut_off(target: Target, _lab: dict[str, Any]) -> Iterator[Target]:
    with _journal(f"sed -i '$d' {JOURNAL}"):
        yield target


@contextmanager
def _later(target: Target, _lab: dict[str, Any]) -> Iterator[Target]:
    clock = target.clock
    late = SimpleNamespace(now=lambda: clock.now() + timedelta(days=31), monotonic=clock.monotonic, sleep=clock.sleep)
    yield _with(target, clock=late)


@contextmanager
def _no_way_back(target: Target, _lab: dict[str, Any]) -> Iterator[Target]:
    names = _root(
        "cd /srv/app; live=$(readlink -f slots/$(basename $(readlink /run/app/current.sock) .sock));"
        " for each in releases/*; do [ $(readlink -f $each) = $live ] || echo ${each#releases/}; done"
    ).split()
    move = "; ".join(f"mv /srv/app/releases/{name}/.launch/release.json /root/release-{name}" for name in names)
    back = "; ".join(f"mv /root/release-{name} /srv/app/releases/{name}/.launch/release.json" for name in names)
    _root(move)
    try:
        yield target
    finally:
        _root(back)


@contextmanager
def _idle_is_dead(target: Target, _lab: dict[str, Any]) -> Iterator[Target]:
    idle = "$( [ $(basename $(readlink /run/app/current.sock) .sock) = blue ] && echo green || echo blue )"
    _root(f"systemctl kill --signal=STOP app@{idle}")
    try:
        yield target
    finally:
        _root(f"systemctl kill --signal=CONT app@{idle}")


@contextmanager
def _record_changed(target: Target, lab: dict[str, Any]) -> Iterator[Target]:
    with requests.Session() as session:
        session.headers["Authorization"] = f"Bearer {lab['cloudflare']['token']}"
        base = f"{lab['cloudflare']['base_url']}/zones"
        zone = session.get(base, params={"name": "community.test"}, timeout=5).json()["result"][0]["id"]
        record = {"type": "TXT", "name": "by-hand.community.test", "content": '"x"', "ttl": 300}
        made = session.post(f"{base}/{zone}/dns_records", json=record, timeout=5).json()["result"]["id"]
        try:
            yield target
        finally:
            session.delete(f"{base}/{zone}/dns_records/{made}", timeout=5)


def _restored(script: str) -> Fault:
    @contextmanager
    def fault(target: Target, _lab: dict[str, Any]) -> Iterator[Target]:
        restore = Restore(name="database", command=("sh", "-c", script))
        readiness = target.settings.readiness
        releasing = readiness.releasing.model_copy(update={"restores": (restore,)})
        changed = readiness.model_copy(update={"releasing": releasing})
        yield _with(target, settings=replace(target.settings, readiness=changed))

    return fault


def _with(target: Target, **changed: Any) -> Target:
    return replace(target, **changed)


FAULTS: dict[str, tuple[str, Fault]] = {
    "released by a laptop": ("deployment.by-ci", _laptop),
    "a line of the ledger edited": ("deployment.ledger-whole", _edited),
    "the ledger's last line cut off": ("deployment.ledger-whole", _cut_off),
    "no drill for a month": ("deployment.drill-recent", _later),
    "the release before is gone": ("deployment.way-back", _no_way_back),
    "the release before hangs": ("deployment.way-back", _idle_is_dead),
    "a record made by hand": ("deployment.no-drift", _record_changed),
    "a backup that does not restore": ("deployment.backups-restore", _restored("echo 'no such dump' >&2; exit 3")),
    "a backup of last year": ("deployment.backups-restore", _restored("echo backup of 2025-01-01T00:00:00Z")),
    "a backup of no day": ("deployment.backups-restore", _restored("true")),
}


def _decide(target: Target, check: str) -> Result:
    probe = next(probe for probe in PROBES if check in {each.id for each in probe.checks})
    found = run([probe], target, Limits(), lambda _result, _seconds: None)
    return next(result for result in found.results if result.check.id == check)


@pytest.fixture(scope="module")
def released(seeded: object, target: Target) -> Target:
    """Two releases by CI, and a drill between them: what a platform that is well has behind it."""
    del seeded
    place = here()
    built = artifacts.build(place, print, variants=(VARIANTS[0], FAULTY))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LAUNCH_READY_WHO", "ci")
        for variant in (VARIANTS[0], FAULTY):
            must(place, print, "deploy", *STACK, "--watch", "0", "--artifact", str(built[variant.key]))
        must(place, print, "rollback.drill", *STACK)
    return target


@pytest.mark.parametrize("check", [each.id for probe in PROBES for each in probe.checks])
def test_what_was_released_well_passes(released: Target, check: str) -> None:
    result = _decide(released, check)
    assert result.outcome is Outcome.PASS, f"{result.outcome}: {result.summary}"


@pytest.mark.parametrize(("check", "fault"), FAULTS.values(), ids=list(FAULTS))
def test_a_fault_of_releasing_is_found(released: Target, lab: dict[str, Any], check: str, fault: Fault) -> None:
    with fault(released, lab) as changed:
        result = _decide(changed, check)
    assert result.outcome is Outcome.FAIL, f"{result.outcome}: {result.summary}"
