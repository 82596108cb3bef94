"""Faults of releasing: who did it, what was recorded, where back is, what is at the edge, what a backup is worth."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import replace
from datetime import timedelta
from types import SimpleNamespace
from typing import Any, TypeAlias

import pytest
import requests

from core.settings.readiness import Restore
from lab.hosts.inside import shell
from lab.place import here
from lab.proof.run import must
from lab.proof.switches import STACK
from readiness.check import Outcome
from readiness.target import Target
from tests.lab.readiness.conftest import Decide

Fault: TypeAlias = Callable[[Target, dict[str, Any]], AbstractContextManager[Target]]
HOST = "app-1"
JOURNAL = "/srv/app/journal.jsonl"


def _root(script: str, host: str = HOST) -> str:
    done = shell(here(), host, ["sh", "-euc", script])
    assert done.returncode == 0, done.stderr
    return done.stdout


@contextmanager
def _journal(script: str, *hosts: str) -> Iterator[None]:
    """The journal of one host, or of ``hosts``, changed; as it was afterwards, its owner and mode too."""
    with ExitStack() as stack:
        for host in hosts or (HOST,):
            _root(f"cp -a {JOURNAL} /root/journal", host)
            stack.callback(_root, f"cp -a /root/journal {JOURNAL}; rm /root/journal", host)
            _root(script, host)
        yield


def _drilled(old: str, new: str) -> Fault:
    """What every host's record says of the drill."""

    @contextmanager
    def fault(target: Target, lab: dict[str, Any]) -> Iterator[Target]:
        script = f"sed -i 's/{old}/{new}/' {JOURNAL}; grep -q '{new}' {JOURNAL}"
        with _journal(script, *(host["name"] for host in lab["hosts"])):
            yield target

    return fault


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
def _behind(target: Target, _lab: dict[str, Any]) -> Iterator[Target]:
    live = _root("basename $(readlink /run/app/current.sock)").strip()
    idle = "green.sock" if live == "blue.sock" else "blue.sock"
    turn = "ln -sfn {} /run/app/by-hand.sock; mv -T /run/app/by-hand.sock /run/app/current.sock"
    was = _root("readlink /run/app/current.sock").strip()
    _root(turn.format(was.replace(live, idle)))
    try:
        yield target
    finally:
        _root(turn.format(was))


@contextmanager
def _closed(target: Target, _lab: dict[str, Any]) -> Iterator[Target]:
    _root("echo '<h1>Back soon</h1>' >/srv/app/maintenance.html; chmod 644 /srv/app/maintenance.html")
    try:
        yield target
    finally:
        _root("rm /srv/app/maintenance.html")


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
    "the last drill took too long": (
        "deployment.drill-in-budget",
        _drilled('"forth_seconds":[0-9.]*', '"forth_seconds":901.5'),
    ),
    "the last drill lost requests": ("deployment.drill-in-budget", _drilled('"lost":0', '"lost":2')),
    "a host serves the release before": ("deployment.hosts-agree", _behind),
    "a host shows the maintenance page": ("deployment.hosts-agree", _closed),
    "the release before is gone": ("deployment.way-back", _no_way_back),
    "the release before hangs": ("deployment.way-back", _idle_is_dead),
    "a record made by hand": ("deployment.no-drift", _record_changed),
    "a backup that does not restore": ("deployment.backups-restore", _restored("echo 'no such dump' >&2; exit 3")),
    "a backup of last year": ("deployment.backups-restore", _restored("echo backup of 2025-01-01T00:00:00Z")),
    "a backup of no day": ("deployment.backups-restore", _restored("true")),
}


@pytest.fixture(scope="module")
def released(seeded: object, target: Target) -> Target:
    """Two releases by CI, and a drill between them: what a platform that is well has behind it."""
    del seeded
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LAUNCH_READY_WHO", "ci")
        must(here(), print, "rollback.drill", *STACK)
    return target


@pytest.mark.parametrize(("check", "fault"), FAULTS.values(), ids=list(FAULTS))
def test_a_fault_of_releasing_is_found_and_nothing_is_without_it(
    released: Target, lab: dict[str, Any], honest: Decide, decide: Decide, check: str, fault: Fault
) -> None:
    clean = honest(check)
    assert clean.outcome is Outcome.PASS, f"{clean.outcome}: {clean.summary}"
    with fault(released, lab) as changed:
        result = decide(check, changed)
    assert result.outcome is Outcome.FAIL, f"{result.outcome}: {result.summary}"
