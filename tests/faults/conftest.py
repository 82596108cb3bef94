"""Real hosts of the test's own, beside any lab that is up: another net, another folder, the same cached tree."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from adapters.clock import SystemClock
from adapters.edge import HttpsEdge
from adapters.ssh import SshShell
from core.settings.hosts import Edge, Fleet, Hosts, fleet_of
from core.settings.release import Release
from deploy.artifact import Artifact
from deploy.operation import World
from lab.hosts import api
from lab.pki import Pki
from lab.place import Place, here
from tests.tiny_release import build

NAMES = ("app-1", "app-2")
SETTINGS = """{"health": {"timeout_seconds": 6}, "drain_seconds": 0.2, "verify_seconds": 5, "watch": {"seconds": 0},
    "disk_margin_bytes": 0}"""


class Quiet:
    """Fulfils :class:`deploy.progress.Progress`."""

    def phase(self, *_what: object) -> None:
        """Nothing."""

    def note(self, _text: str) -> None:
        """Nothing."""


@dataclass
class Machines:
    """The hosts, and what a test does with them."""

    place: Place
    folder: Path
    fleet: Fleet
    worlds: list[World]

    def world(self, **shell_options: float) -> World:
        """A new releaser: connections of its own."""
        shells = {host.name: SshShell(host, **shell_options) for host in self.fleet.hosts}
        edge = HttpsEdge("https://app.community.test", self.fleet.edge)
        made = World(shells, edge, SystemClock(), Quiet(), Release.model_validate_json(SETTINGS))
        self.worlds.append(made)
        return made

    def part(self) -> None:
        """Cut the connections of every releaser."""
        for world in self.worlds:
            for shell in world.shells.values():
                shell.close()
        self.worlds.clear()

    def serves(self) -> list[str]:
        """What nginx on each host answers now."""
        probe = ["/usr/local/lib/app/probe", "/healthz"]
        return [api.shell(self.place, name, probe).stdout.strip() for name in NAMES]

    def unlocked(self) -> bool:
        """Can each host's lock be had within two seconds?"""
        take = ["flock", "-w", "2", "/run/launch/lock", "true"]
        return all(api.shell(self.place, name, take).returncode == 0 for name in NAMES)

    def build(self, version: str, **options: object) -> Artifact:
        """A tiny release."""
        return build(self.folder, version, **options)  # type: ignore[arg-type]


def bring_up(root: Path, net: int, disk_bytes: Mapping[str, int] | None = None) -> Machines:
    place = Place(root, net)
    (root / ".cache").symlink_to(here().cache.resolve())
    api.boot(place, NAMES, lambda _line: None, disk_bytes)
    pki = Pki(place.home / "pki")
    certificate, key = pki.origin_certificate("app", ["community.test", "*.community.test"])
    for name in NAMES:
        api.install_origin_certificate(place, name, certificate, key)
    inventory = root / "inventory.json"
    edge = Edge(address=place.host(1), ca_file=str(pki.origin_ca_file))
    inventory.write_text(json.dumps({"hosts": api.inventory(place, NAMES), "edge": edge.model_dump()}))
    fleet = fleet_of(Hosts(inventory=str(inventory)), root)
    return Machines(place, root, fleet, [])


@pytest.fixture(scope="session")
def _booted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machines]:
    machines = bring_up(tmp_path_factory.mktemp("hosts"), (here().net + 99) % 254 + 1)
    yield machines
    api.halt(machines.place)


@pytest.fixture
def machines(_booted: Machines) -> Iterator[Machines]:
    """Two hosts that were just prepared: no release, no journal, everything on."""
    for name in NAMES:
        if not api.alive(_booted.place, name):
            api.start(_booted.place, name)
        wipe = (
            "systemctl stop app@blue app@green; rm -rf /srv/app/live /srv/app/slots/* /srv/app/releases/*"
            " /srv/app/releases/.[ip]* /srv/app/journal.jsonl /run/app/*;"
            " systemd-tmpfiles --create /usr/lib/tmpfiles.d/app.conf"
        )
        assert api.shell(_booted.place, name, ["sh", "-c", wipe]).returncode == 0
    yield _booted
    _booted.part()


@pytest.fixture
def live(machines: Machines) -> Callable[..., Artifact]:
    """Deploy tiny releases, one after the other, and leave the last one live."""
    from deploy.api import deploy

    def put(*versions: str) -> Artifact:
        for version in versions:
            artifact = machines.build(version)
            deploy(machines.world(), artifact)
            machines.part()
        return artifact

    return put
