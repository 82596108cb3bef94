"""A drill on real hosts, through the edge of nginx with TLS, and the ledger that it leaves."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from core.settings.proof import Drill
from deploy.artifact import Artifact
from deploy.ledger.read import read_ledgers
from deploy.ledger.verify import Evidence, verify
from lab.hosts import api
from rollback.api import rollback
from rollback.drill import drill

Live = Callable[..., Artifact]
NAMES = ("app-1", "app-2")
REWRITE = 'sed -i \'2s/"who":"[^"]*"/"who":"eve@x"/\' /srv/app/journal.jsonl'


def drilled(machines: Any) -> Any:
    world = machines.world()
    settings = world.settings.model_copy(update={"drill": Drill(stay_seconds=1, requests_per_second=10)})
    object.__setattr__(world, "settings", settings)
    return drill(world)


def test_there_and_back_under_requests_with_nothing_lost_and_an_edit_found(machines: Any, live: Live) -> None:
    live("1.0.0", "2.0.0")
    done = drilled(machines)
    assert done.passed, done.reasons
    assert done.counted.requests >= 20
    assert (done.counted.lost, done.counted.errors, done.counted.wrong) == (0, 0, 0)
    assert machines.serves() == ["200 2.0.0"] * 2
    machines.part()
    assert machines.unlocked()

    whole = verify(read_ledgers(machines.world()).or_raise(), Evidence())
    assert not any(verdict.faults for verdict in whole.values())
    assert api.shell(machines.place, "app-2", ["sh", "-c", REWRITE]).returncode == 0
    found = verify(read_ledgers(machines.world()).or_raise(), Evidence())
    assert found["app-1"].faults == ()
    assert [fault.line for fault in found["app-2"].faults][:1] == [3]
    assert rollback(machines.world()).version == "1.0.0"
    assert machines.serves() == ["200 1.0.0"] * 2
