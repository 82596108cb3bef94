"""A canary and a drain on real hosts, with visitors: what they get by release, what a bad one costs, what is cut."""

from __future__ import annotations

import http.client
import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from core.errors import HealthError, RevertedError
from core.settings.release import Release
from deploy.api import deploy
from deploy.artifact import Artifact
from deploy.canary import Plan
from deploy.contract import contract
from deploy.operation import World
from lab.hosts import api
from tests.faults.conftest import NAMES
from tests.faults.prober import any_certificate, source_to

if TYPE_CHECKING:
    from tests.faults.prober import any_certificate, source_to
from tests.faults.conftest import Machines

Live = Callable[..., Artifact]
VISITORS = 8
MOST_SECONDS = 120.0


class Visitors:
    """Threads that ask the hosts' nginx for ``/`` over kept connections; what came back is counted by release."""

    def __init__(self, addresses: list[str]) -> None:
        self.seen: Counter[tuple[str, int]] = Counter()
        self._over = threading.Event()
        self._ends = time.monotonic() + MOST_SECONDS
        self._threads = [
            threading.Thread(target=self._visit, args=(addresses[number % len(addresses)],))
            for number in range(VISITORS)
        ]

    def _visit(self, address: str) -> None:
        connection = connected(address)
        while not self._over.wait(0.005) and time.monotonic() < self._ends:
            connection.request("GET", "/")
            answer = connection.getresponse()
            answer.read()
            self.seen[answer.headers["X-Release"] or "", answer.status] += 1
        connection.close()

    def __enter__(self) -> Visitors:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join(30)


def connected(address: str) -> http.client.HTTPSConnection:
    source = (source_to(address), 0)
    return http.client.HTTPSConnection(address, 443, context=any_certificate(), timeout=60, source_address=source)


@contextmanager
def visited(machines: Machines) -> Iterator[Visitors]:
    with Visitors([host.address for host in machines.fleet.hosts]) as visitors:
        yield visitors


def world(machines: Machines, **changes: Any) -> World:
    made = machines.world()
    whole = {**json.loads(made.settings.model_dump_json()), **changes}
    return World(made.shells, made.edge, made.clock, made.progress, Release.model_validate_json(json.dumps(whole)))


def slots(machines: Machines, name: str) -> str:
    found = api.shell(machines.place, name, ["sh", "-c", "readlink /run/app/s?.sock"]).stdout.split()
    return "".join(link[0] for link in found)


def test_a_step_of_ten_percent_is_a_tenth_and_of_fifty_a_half(machines: Machines, live: Live) -> None:
    live("1.0.0")
    with visited(machines):
        done = deploy(world(machines), machines.build("2.0.0"), plan=Plan((10, 50, 100), 4))
    for step in done.canary:
        new, old = step["new"]["requests"], step["old"]["requests"]
        assert new + old > 100, step
        assert abs(new / (new + old) - step["percent"] / 100) < 0.03, step
        assert step["new"]["errors"] == step["old"]["errors"] == 0
    assert machines.serves() == ["200 2.0.0"] * 2
    assert [slots(machines, name) for name in NAMES] == ["c" * 10] * 2


def test_a_bad_release_costs_a_tenth_of_the_visitors_and_no_more(machines: Machines, live: Live) -> None:
    live("1.0.0")
    with visited(machines) as visitors, pytest.raises(RevertedError) as reverted:
        deploy(world(machines), machines.build("2.0.0", answers={"/": (500, "")}), plan=Plan((10, 50), 60))
    assert "2.0.0 was taken back from 10 % of the traffic: " in str(reverted.value)
    assert "answers were 5xx (" in str(reverted.value)
    bad = sum(count for (_, status), count in visitors.seen.items() if status != 200)
    assert set(visitors.seen) == {("1.0.0", 200), ("2.0.0", 500)}
    assert 0 < bad <= 0.11 * sum(visitors.seen.values()), visitors.seen
    assert machines.serves() == ["200 1.0.0"] * 2
    assert [slots(machines, name) for name in NAMES] == ["c" * 10] * 2


def test_a_boot_ends_a_canary(machines: Machines, live: Live) -> None:
    live("1.0.0", "2.0.0")
    point = "for slot in 0 1 2; do ln -sfn blue.sock /run/app/s$slot.sock; done"
    assert api.shell(machines.place, "app-1", ["sh", "-c", point]).returncode == 0
    assert slots(machines, "app-1") == "bbb" + "c" * 7
    api.power_cut(machines.place, "app-1")
    api.start(machines.place, "app-1")
    assert slots(machines, "app-1") == "c" * 10


@pytest.mark.parametrize(("drain", "status"), [(20, 200), (0.5, 502)], ids=["in time", "at the deadline"])
def test_what_is_in_flight_ends_on_the_old_release_or_is_cut_and_counted(
    machines: Machines, live: Live, drain: float, status: int
) -> None:
    live("1.0.0", "2.0.0")
    got: list[tuple[int, str | None]] = []

    def slow() -> None:
        connection = connected(machines.fleet.hosts[0].address)
        connection.request("GET", "/slow/15")
        answer = connection.getresponse()
        got.append((answer.status, answer.headers["X-Release"]))

    waits = threading.Thread(target=slow)
    waits.start()
    time.sleep(0.5)
    deploy(world(machines, drain_seconds=drain), machines.build("3.0.0"))
    machines.part()
    assert not got, "the switch alone cut it"
    done = deploy(world(machines, drain_seconds=drain), machines.build("4.0.0"))
    waits.join(60)
    assert [each[0] for each in got] == [status]
    assert done.cut == ({} if status == 200 else {"app-1": 1})


def test_a_contract_runs_as_the_app_on_one_host_and_ends_the_way_back(machines: Machines, live: Live) -> None:
    live("1.0.0")
    schema = "[schema]\nminimum = 1\nmaximum = 3\ntarget = 2\n"
    for version, command in (("2.0.0", "id -un; exit 4"), ("3.0.0", "test $(id -un) = app")):
        extra = f'{schema}[contract]\ncommand = ["sh", "-c", "{command}"]\ntarget = 3\n'
        deploy(world(machines), machines.build(version, extra=extra))
        machines.part()
        if version == "2.0.0":
            with pytest.raises(
                HealthError, match=r"(?s)app-1: the contract of 2\.0\.0 failed; its last words:.*\| app"
            ):
                contract(world(machines), lambda _question: True)
            machines.part()
    assert contract(world(machines), lambda _question: False).lost == ()
    machines.part()
    assert contract(world(machines), lambda _question: False).already
    assert machines.serves() == ["200 3.0.0"] * 2
