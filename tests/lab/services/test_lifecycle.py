"""A lab's whole life, in a checkout of its own: up, harmed, mended, interrupted, down."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import dns.flags
import dns.message
import dns.query
import dns.rcode
import pytest
from cloudflare import Cloudflare

from core.errors import LabError
from core.settings.hosts import Hosts, fleet_of
from lab import api
from lab.hosts import mounts, processes
from lab.hosts.host import machines
from lab.place import Place, here
from lab.services import process

ROOT = Path(__file__).resolve().parents[3]
# Nets of their own, beside that of the lab which other tests share.
NET, OTHER_NET = ((here().net + away) % 254 + 1 for away in (100, 50))
UP = """
import sys
from pathlib import Path
from lab import api
from lab.place import Place
api.up(Place(Path(sys.argv[1]), int(sys.argv[2])), 1)
"""


def quiet(_line: str) -> None:
    """Say nothing."""


def empty_place(folder: Path, net: int) -> Place:
    """A checkout with nothing in it but the cache, which is the real one."""
    here().cache.mkdir(exist_ok=True)
    (folder / ".cache").symlink_to(here().cache.resolve())
    return Place(folder, net)


@pytest.fixture
def bare(tmp_path: Path) -> Iterator[Place]:
    """A place with no lab in it."""
    place = empty_place(tmp_path, OTHER_NET)
    yield place
    api.down(place, quiet)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """A place whose lab is up with one app host."""
    made = empty_place(tmp_path_factory.mktemp("checkout"), NET)
    api.up(made, 1, quiet)
    yield made
    api.down(made, quiet)
    require_nothing_left(made)


def require_nothing_left(place: Place) -> None:
    assert process.running(place.home) == {}
    assert processes.scan(machines(place)) == {}
    assert mounts.below(place.root) == []
    assert list(place.root.iterdir()) == [place.cache]


def pids(place: Place) -> dict[str, int | None]:
    parts = api.parts(place)
    assert {part.name: part.state for part in parts if part.state != "up"} == {}
    return {part.name: part.pid for part in parts}


def within(seconds: float, holds: Callable[[], object]) -> bool:
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def ask(place: Place, name: str, kind: str, over: Any = dns.query.udp) -> dns.message.Message:
    answer = over(dns.message.make_query(name, kind), place.dns[0], timeout=2)
    assert isinstance(answer, dns.message.Message)
    return answer


@pytest.fixture
def client(place: Place) -> Cloudflare:
    known = api.up(place, say=quiet)["cloudflare"]
    return Cloudflare(api_token=known["token"], base_url=known["base_url"])


@pytest.fixture
def zone_id(place: Place, client: Cloudflare) -> Iterator[str]:
    zone = client.zones.create(account={"id": api.status(place)["cloudflare"]["account_id"]}, name="dns.test")
    assert zone is not None
    yield zone.id
    client.zones.delete(zone_id=zone.id)


def test_the_status_document_tells_a_client_all_and_root_alone_reads_it(place: Place) -> None:
    known = api.status(place)
    assert known == json.loads(place.status_file.read_text())
    assert place.status_file.stat().st_mode & 0o777 == 0o600
    assert set(known["cloudflare"]) == {"base_url", "token", "account_id"}
    assert (known["net"], known["zones"], len(known["hosts"])) == (NET, [], 1)
    fleet = fleet_of(Hosts(inventory=str(place.status_file)), place.root)
    assert [host.address for host in fleet.hosts] == [place.host(1)]
    assert fleet.edge is not None
    assert fleet.edge.address == place.edge[0]
    assert Path(fleet.edge.ca_file).is_file()


def test_up_on_a_lab_that_is_up_touches_nothing(place: Place) -> None:
    before = pids(place)
    api.up(place, say=quiet)
    assert pids(place) == before


def test_what_the_api_holds_is_answered_within_a_second(place: Place, client: Cloudflare, zone_id: str) -> None:
    records = client.dns.records
    records.create(zone_id=zone_id, type="A", name="app.dns.test", content="192.0.2.1", ttl=1, proxied=True)
    records.create(zone_id=zone_id, type="TXT", name="long.dns.test", content=f'"{"x" * 1500}"', ttl=60)
    direct = records.create(zone_id=zone_id, type="A", name="direct.dns.test", content="192.0.2.2", ttl=60)
    assert direct is not None
    assert within(1, lambda: ask(place, "direct.dns.test", "A").answer)
    assert [str(rdata) for rdata in ask(place, "app.dns.test", "A").answer[0]] == [place.edge[0]]
    assert ask(place, "long.dns.test", "TXT").flags & dns.flags.TC
    [text] = ask(place, "long.dns.test", "TXT", dns.query.tcp).answer[0]
    assert b"".join(text.strings) == b"x" * 1500
    assert [len(string) for string in text.strings] == [255] * 5 + [225]
    assert api.status(place)["zones"] == ["dns.test"]
    records.delete(direct.id, zone_id=zone_id)
    assert within(1, lambda: ask(place, "direct.dns.test", "A").rcode() == dns.rcode.NXDOMAIN)


def test_a_zone_that_was_deleted_is_refused_within_a_second(place: Place, client: Cloudflare, zone_id: str) -> None:
    other = client.zones.create(account={"id": api.status(place)["cloudflare"]["account_id"]}, name="gone.test")
    assert other is not None
    assert within(1, lambda: ask(place, "gone.test", "SOA").rcode() == dns.rcode.NOERROR)
    client.zones.delete(zone_id=other.id)
    assert within(1, lambda: ask(place, "gone.test", "SOA").rcode() == dns.rcode.REFUSED)
    assert ask(place, "dns.test", "SOA").rcode() == dns.rcode.NOERROR


@pytest.mark.parametrize("name", ["cloudflare", "aws", "mail", "sink", "dns", "edge", "app-1", "db"])
def test_a_part_that_was_killed_is_mended_and_the_others_left_alone(place: Place, name: str) -> None:
    before = pids(place)
    pid = before[name]
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    assert within(3, lambda: process.read_process(pid) is None)
    assert {part.name: part.state for part in api.parts(place)}[name] == "dead"
    api.up(place, say=quiet)
    after = pids(place)
    assert after.pop(name) != before.pop(name)
    assert after == before


def test_what_was_declared_outlives_the_api_and_dns(place: Place, client: Cloudflare, zone_id: str) -> None:
    client.dns.records.create(zone_id=zone_id, type="A", name="kept.dns.test", content="192.0.2.3", ttl=60)
    assert within(1, lambda: ask(place, "kept.dns.test", "A").answer)
    running = pids(place)
    for name in ("cloudflare", "dns"):
        os.kill(running[name] or 0, signal.SIGKILL)
    api.up(place, say=quiet)
    assert ask(place, "kept.dns.test", "A").answer


def test_another_number_of_hosts_adds_or_removes_the_last_ones(place: Place) -> None:
    before = pids(place)
    assert [host["name"] for host in api.up(place, 2, quiet)["hosts"]] == ["app-1", "app-2"]
    assert [host["name"] for host in api.up(place, say=quiet)["hosts"]] == ["app-1", "app-2"]
    assert [host["name"] for host in api.up(place, 1, quiet)["hosts"]] == ["app-1"]
    assert pids(place) == before


@pytest.mark.parametrize("hosts", [0, -1, 201])
def test_a_number_of_hosts_that_cannot_be_is_refused(bare: Place, hosts: int) -> None:
    with pytest.raises(LabError, match="1 to 200"):
        api.up(bare, hosts, quiet)
    require_nothing_left(bare)


def test_a_taken_address_is_named_with_its_holder_and_nothing_is_started(bare: Place) -> None:
    with socket.socket() as mine:
        mine.bind((bare.host(1), 443))
        mine.listen()
        with pytest.raises(LabError, match=rf"{bare.host(1)}:443 is taken by .*\(pid {os.getpid()}\)"):
            api.up(bare, 1, quiet)
    require_nothing_left(bare)


def started(place: Place) -> subprocess.Popen[str]:
    """A process that brings the lab up, and has got as far as its first part."""
    upper = subprocess.Popen(
        [sys.executable, "-u", "-c", UP, str(place.root), str(place.net)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert upper.stdout is not None
    assert upper.stdout.readline()
    return upper


def test_an_interrupted_up_leaves_nothing(bare: Place) -> None:
    upper = started(bare)
    upper.send_signal(signal.SIGINT)
    upper.communicate(timeout=30)
    assert upper.returncode != 0
    require_nothing_left(bare)


def test_a_part_that_cannot_start_takes_all_others_down_again(bare: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with pytest.raises(LabError, match="ended with exit status 1"):
        api.up(bare, 1, quiet)
    require_nothing_left(bare)


def test_an_up_that_nobody_listens_to_any_more_leaves_nothing(bare: Place) -> None:
    def gone(_line: str) -> None:
        raise BrokenPipeError

    with pytest.raises(BrokenPipeError):
        api.up(bare, 1, gone)
    require_nothing_left(bare)


def test_what_a_killed_up_left_is_taken_down(bare: Place) -> None:
    upper = started(bare)
    upper.kill()
    upper.communicate(timeout=10)
    assert process.running(bare.home) or processes.scan(machines(bare))
    api.down(bare, quiet)
    require_nothing_left(bare)


def test_what_a_killed_up_left_is_brought_up_whole(bare: Place) -> None:
    upper = started(bare)
    upper.kill()
    upper.communicate(timeout=10)
    api.up(bare, 1, quiet)
    assert set(pids(bare)) == {"cloudflare", "aws", "mail", "sink", "dns", "edge", "app-1", "db"}


def test_another_user_is_sent_away_and_the_lab_left_alone(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    before = pids(place)
    with monkeypatch.context() as patched:
        patched.setattr(os, "geteuid", lambda: 65534)
        for attempt in (lambda: api.up(place, say=quiet), lambda: api.down(place, quiet)):
            with pytest.raises(LabError, match="as root"):
                attempt()
    assert pids(place) == before


def test_down_without_a_lab_says_so(bare: Place) -> None:
    said: list[str] = []
    api.down(bare, said.append)
    assert said == ["the lab is not up"]


def test_down_works_when_half_of_the_lab_is_gone(bare: Place) -> None:
    upper = api.up(bare, 1, quiet)
    assert upper["hosts"]
    bare.status_file.unlink()
    processes.kill(processes.scan(machines(bare))[f"{machines(bare)}app-1"])
    api.down(bare, quiet)
    require_nothing_left(bare)
