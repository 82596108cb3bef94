"""A secret that was replaced brought to the live release, on hosts that are folders: by the scripts of real hosts."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from core.errors import HealthError, HostError, LaunchReadyError
from core.secret import Secret
from core.settings.credentials import Credential, Credentials
from deploy.api import deploy
from deploy.artifact import Artifact
from deploy.credentials import Sources
from deploy.redeploy import redeploy
from deploy.running import prove
from rollback.api import rollback
from rollback.unfinished import resume

from .test_credentials import ASKS, Store, everything_under, held_by

pytestmark = pytest.mark.slow
Builder = Callable[..., Artifact]
OLD, NEW = "the first of the keys", "the second of the keys"


def with_store(fleet: Any, store: Store) -> Any:
    declared = Credentials(items=(Credential(name="SESSION_KEY", env="CI_KEY"),))
    return replace(fleet.world, sources=Sources(declared, {"env": store}))


@pytest.fixture
def store(fleet: Any, builder: Builder) -> Store:
    """A store with the new value; 2.0.0 is live with the old one, and 1.0.0 would be gone back to with it too."""
    made = Store(OLD)
    for version in ("1.0.0", "2.0.0"):
        deploy(with_store(fleet, made), builder(version, extra=ASKS))
    made.value = NEW
    return made


def serving(fleet: Any) -> str:
    return str((fleet.hosts["a"].root / "run/app/current.sock").readlink()).removesuffix(".sock")


def test_the_live_release_is_restarted_beside_itself_and_no_request_is_lost(fleet: Any, store: Store) -> None:
    over, statuses = threading.Event(), set()

    def visit() -> None:
        while not over.is_set():
            statuses.update(fleet.serves().values())

    visitor = threading.Thread(target=visit)
    visitor.start()
    done = redeploy(with_store(fleet, store), ["SESSION_KEY"])
    over.set()
    visitor.join()
    assert statuses == {"200 2.0.0"}
    assert (done.version, set(done.kept)) == ("2.0.0", {"1.0.0", "2.0.0"})
    assert serving(fleet) == "blue"
    assert held_by(fleet, "blue") == {NEW}
    assert fleet.boots() == dict.fromkeys(fleet.hosts, "2.0.0")
    assert prove(fleet.world, {"SESSION_KEY": Secret(NEW)}).keys() == fleet.hosts.keys()
    with pytest.raises(HostError, match="what serves there has another value of SESSION_KEY"):
        prove(fleet.world, {"SESSION_KEY": Secret(OLD)})
    assert all(NEW.encode() not in everything_under(host.root / "srv") for host in fleet.hosts.values())

    # The way back is warm and has the new value; the old one is nowhere.
    for host in fleet.hosts.values():
        held = [file.read_text() for file in (host.root / "credentials").rglob("SESSION_KEY") if file.is_file()]
        assert set(held) == {NEW}
    back = rollback(fleet.world)
    assert (back.version, back.cold) == ("1.0.0", ())
    prove(fleet.world, {"SESSION_KEY": Secret(NEW)})


def test_done_twice_it_starts_the_release_anew_each_time(fleet: Any, store: Store) -> None:
    redeploy(with_store(fleet, store), ["SESSION_KEY"])
    store.value = "the third of the keys"
    redeploy(with_store(fleet, store), ["SESSION_KEY"])
    assert serving(fleet) == "green"
    prove(fleet.world, {"SESSION_KEY": Secret("the third of the keys")})


def test_a_release_that_is_not_healthy_with_it_gets_no_traffic(fleet: Any, store: Store) -> None:
    for host in fleet.hosts.values():
        host.fail = lambda script: False
    broken = fleet.hosts["c"]
    (broken.root / "srv/app/slots/green/serve.py").rename(broken.root / "srv/app/slots/green/gone.py")
    with pytest.raises(HealthError, match=r"2\.0\.0 got no traffic"):
        redeploy(with_store(fleet, store), ["SESSION_KEY"])
    assert set(fleet.serves().values()) == {"200 2.0.0"}
    prove(fleet.world, {"SESSION_KEY": Secret(OLD)})


@pytest.mark.parametrize(
    "step",
    ['credentials" put', "switched $mark", "echo withdrawn"],
)
def test_cut_at_a_step_it_is_done_again_and_comes_to_its_end(fleet: Any, store: Store, step: str) -> None:
    def fail(script: str) -> bool:
        return step in script

    fleet.hosts["b"].fail = fail
    with pytest.raises(LaunchReadyError):
        redeploy(with_store(fleet, store), ["SESSION_KEY"])
    fleet.hosts["b"].fail = lambda _script: False
    assert set(fleet.serves().values()) == {"200 2.0.0"}
    redeploy(with_store(fleet, store), ["SESSION_KEY"])
    assert set(fleet.serves().values()) == {"200 2.0.0"}
    prove(fleet.world, {"SESSION_KEY": Secret(NEW)})
    assert resume(fleet.world) is None


def test_hosts_that_serve_different_versions_are_left_alone(fleet: Any, store: Store, builder: Builder) -> None:
    away = fleet.hosts.pop("c")
    deploy(with_store(fleet, store), builder("3.0.0", extra=ASKS))
    fleet.hosts["c"] = away
    with pytest.raises(HostError, match="there is no one release to restart: a serves 3"):
        redeploy(with_store(fleet, store), ["SESSION_KEY"])
