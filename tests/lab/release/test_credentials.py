"""Secrets and what changed, on hosts that are folders: by the scripts that real hosts run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from core.errors import HealthError, HostError, SettingsError
from core.ports import Event
from core.secret import Secret
from core.settings.after import Purge
from core.settings.credentials import Credential, Credentials
from deploy.after import After
from deploy.api import deploy
from deploy.artifact import Artifact
from deploy.catch_up import catch_up
from deploy.credentials import Sources
from deploy.forward import Deployed
from rollback.api import rollback
from rollback.unfinished import resume

Builder = Callable[..., Artifact]
ASKS = 'secrets = ["SESSION_KEY"]\n'


@dataclass
class Store:
    value: str = field(default="correct horse battery staple", repr=False)

    def read(self, _wanted: Credential) -> Secret:
        return Secret(self.value)


@dataclass
class Following:
    """A purger and a marker that keep what they are asked for."""

    name: str = "slack"
    purged: list[tuple[Any, Any]] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)

    def purge(self, urls: Any, prefixes: Any, *, everything: bool) -> None:
        assert not everything
        self.purged.append((urls, prefixes))

    def send(self, event: Event) -> None:
        self.events.append(event)


def with_secrets(fleet: Any, store: Store) -> Any:
    declared = Credentials(items=(Credential(name="SESSION_KEY", env="CI_KEY"),))
    return replace(fleet.world, sources=Sources(declared, {"env": store}))


def held_by(fleet: Any, colour: str) -> set[str]:
    """What the release in ``colour`` was started with, over all hosts."""
    return {(host.root / "credentials" / colour / "SESSION_KEY").read_text() for host in fleet.hosts.values()}


def everything_under(root: Path) -> bytes:
    kept = [file for file in root.rglob("*") if file.is_file() and "credentials" not in file.parts]
    return b"".join(file.read_bytes() for file in kept)


def test_each_release_has_its_own_secrets_and_goes_back_to_them(fleet: Any, builder: Builder) -> None:
    store = Store("the first of the keys")
    fleet.settings = fleet.settings.model_copy(update={"keep": 5})
    deploy(with_secrets(fleet, store), builder("1.0.0", extra=ASKS))
    assert held_by(fleet, "blue") == {"the first of the keys"}
    store.value = "the second of the keys"
    done = deploy(with_secrets(fleet, store), builder("2.0.0", extra=ASKS))
    assert held_by(fleet, "green") == {"the second of the keys"}
    assert list(done.phases)[:4] == ["preflight", "secrets", "upload", "credentials"]
    store.value = "the third of the keys"
    deploy(with_secrets(fleet, store), builder("3.0.0", extra=ASKS))
    assert held_by(fleet, "blue") == {"the third of the keys"}

    # no store, a release that is cold, and a slot that was another's
    assert rollback(fleet.world).version == "2.0.0"
    back = rollback(fleet.world, "1.0.0")
    assert back.cold == ("a", "b", "c")
    assert held_by(fleet, "blue") == {"the first of the keys"}


def test_a_refused_release_gives_the_slot_back_with_the_secrets_that_it_had(fleet: Any, builder: Builder) -> None:
    store = Store("the first of the keys")
    deploy(with_secrets(fleet, store), builder("1.0.0", extra=ASKS))
    deploy(with_secrets(fleet, store), builder("2.0.0", extra=ASKS))
    store.value = "the third of the keys"
    with pytest.raises(HealthError):
        deploy(with_secrets(fleet, store), builder("3.0.0", extra=ASKS, health=500))
    assert held_by(fleet, "blue") == {"the first of the keys"}


def test_no_value_is_in_a_script_the_journal_or_a_file_but_its_own(fleet: Any, builder: Builder) -> None:
    store = Store("a key that nobody may see")
    world = with_secrets(fleet, store)
    deploy(world, builder("1.0.0", extra=ASKS))
    for host in fleet.hosts.values():
        assert not any(store.value in script for script in host.ran)
        assert store.value.encode() not in everything_under(host.root)
    assert store.value not in repr(world) + repr(fleet.told)


def test_a_name_without_a_place_ends_it_before_anything_is_sent(fleet: Any, builder: Builder) -> None:
    with pytest.raises(SettingsError, match="asks for the secret SESSION_KEY, and launch-ready:credentials has none"):
        deploy(fleet.world, builder("1.0.0", extra=ASKS))
    assert [phase for phase, _ in fleet.told.phases] == ["preflight", "secrets"]
    assert all(not (host.root / "srv/app/journal.jsonl").exists() for host in fleet.hosts.values())
    assert fleet.unlocked()


def test_a_host_that_takes_no_secrets_is_named_before_anything_is_sent(fleet: Any, builder: Builder) -> None:
    sudo = fleet.hosts["b"].root / "bin/sudo"
    sudo.write_text(sudo.read_text().replace("*/credentials\\ names)", "*/nothing)"))
    with pytest.raises(HostError, match=r"^b: .*run scripts/prepare-host on it again as root$"):
        deploy(with_secrets(fleet, Store()), builder("1.0.0", extra=ASKS))
    assert all(not list((host.root / "srv/app/releases").iterdir()) for host in fleet.hosts.values())


def test_only_the_files_that_changed_are_purged_on_the_way_and_on_the_way_back(fleet: Any, builder: Builder) -> None:
    following = Following()
    purge = Purge.model_validate_json('{"changed": [{"folder": "static", "path": "/static/"}], "hosts": ["a.example"]}')
    fleet.settings = fleet.settings.model_copy(update={"purge": purge})
    world = replace(fleet.world, after=After(following, (following,)), stack="lab")
    same = {"static/same.css": "same"}
    deploy(world, builder("1.0.0", files={**same, "static/app.css": "1", "static/gone it.js": "x", "other/a": "1"}))
    assert following.purged == []
    deploy(world, builder("2.0.0", files={**same, "static/app.css": "2", "static/sub/new.js": "y", "other/a": "2"}))
    urls = tuple(f"https://a.example/static/{name}" for name in ("app.css", "gone%20it.js", "sub/new.js"))
    assert following.purged == [(urls, ())]
    rollback(world)
    assert following.purged == [(urls, ())] * 2
    assert [(event.happening, event.serves, event.left) for event in following.events] == [
        ("live", "1.0.0", ""),
        ("live", "2.0.0", "1.0.0"),
        ("rolled back", "1.0.0", "2.0.0"),
    ]


def dies_while_secrets_are_given(fleet: Any) -> None:
    """From the first host's secrets on, nothing of this controller reaches any host."""
    dead: list[bool] = []

    def fail(script: str) -> bool:
        dead.extend([True] * ('credentials" put' in script))
        return bool(dead)

    for host in fleet.hosts.values():
        host.fail = fail


def test_a_deploy_that_died_while_secrets_were_given_is_resumed_with_the_stores(fleet: Any, builder: Builder) -> None:
    store = Store("the first of the keys")
    deploy(with_secrets(fleet, store), builder("1.0.0", extra=ASKS))
    dies_while_secrets_are_given(fleet)
    with pytest.raises(HostError, match="the connection was lost"):
        deploy(with_secrets(fleet, store), builder("2.0.0", extra=ASKS))
    for host in fleet.hosts.values():
        host.fail = lambda _script: False
    store.value = "the second of the keys"
    with pytest.raises(SettingsError, match="asks for the secret SESSION_KEY"):
        resume(fleet.world)
    assert set(fleet.serves().values()) == {"200 1.0.0"}
    done = resume(with_secrets(fleet, store))
    assert isinstance(done, Deployed)
    assert set(fleet.serves().values()) == {"200 2.0.0"}
    assert held_by(fleet, "green") == {"the second of the keys"}


def test_a_host_that_is_caught_up_gets_the_secrets_that_the_stores_have_now(fleet: Any, builder: Builder) -> None:
    store = Store("the first of the keys")
    for version in ("1.0.0", "2.0.0"):
        deploy(with_secrets(fleet, store), builder(version, extra=ASKS))
    away = fleet.hosts.pop("c")
    assert rollback(fleet.world).version == "1.0.0"
    fleet.hosts["c"] = away
    store.value = "the second of the keys"
    with pytest.raises(SettingsError, match="asks for the secret SESSION_KEY"):
        catch_up(fleet.world)
    catch_up(with_secrets(fleet, store))
    assert set(fleet.serves().values()) == {"200 1.0.0"}
    assert (away.root / "credentials/of.1.0.0/SESSION_KEY").read_text() == "the second of the keys"


def test_a_host_that_kept_nothing_gets_both_releases_and_the_secrets_of_both(fleet: Any, builder: Builder) -> None:
    store, away = Store("the first of the keys"), fleet.hosts.pop("c")
    deploy(with_secrets(fleet, store), builder("1.0.0", extra=ASKS))
    deploy(with_secrets(fleet, store), builder("2.0.0", extra=ASKS))
    fleet.hosts["c"] = away
    catch_up(with_secrets(fleet, store))
    kept = sorted(folder.name for folder in (away.root / "credentials").glob("of.*"))
    assert kept == ["of.1.0.0", "of.2.0.0"]
    assert rollback(fleet.world).version == "1.0.0"
    assert set(fleet.serves().values()) == {"200 1.0.0"}
