"""Taking away from the database, and how long the way back stays warm, on three hosts that are folders."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from core.errors import ArtifactError, HealthError, HostError, RollbackError
from deploy.api import deploy, releases
from deploy.artifact import Artifact
from deploy.contract import contract
from deploy.plan import fleet_schema
from rollback.api import rollback

Builder = Callable[..., Artifact]
OLD = "[schema]\nminimum = 1\nmaximum = 2\ntarget = 1\n"
NEW = "[schema]\nminimum = 1\nmaximum = 3\ntarget = 2\n"


def contracting(command: str) -> str:
    return f'{NEW}[contract]\ncommand = ["sh", "-c", "{command}"]\ntarget = 3\n'


def no(_question: str) -> bool:
    return False


def yes(_question: str) -> bool:
    return True


def put_live(fleet: Any, builder: Builder, command: str = "echo took >>$ROOT/took") -> None:
    fleet.settings = fleet.settings.model_copy(update={"keep": 5})
    deploy(fleet.world, builder("1.0.0", extra=OLD, migrate="true"))
    deploy(fleet.world, builder("2.0.0", extra=contracting(command), migrate="true"))


def test_what_would_be_lost_is_said_and_nothing_is_done_without_a_yes(fleet: Any, builder: Builder) -> None:
    put_live(fleet, builder)
    with pytest.raises(RollbackError, match=r"^the way back from 2.0.0 to 1.0.0 is lost for good: nothing was done"):
        contract(fleet.world, no)
    assert fleet.told.notes[-1] == "after it, nobody can go back to 1.0.0: they cannot live with schema 3"
    assert fleet_schema(releases(fleet.world)) == 2
    assert rollback(fleet.world).version == "1.0.0"
    with pytest.raises(ArtifactError, match=r"^1\.0\.0 brings no contract"):
        contract(fleet.world, yes)


def test_it_runs_once_on_one_host_and_ends_the_way_back_across_it(fleet: Any, builder: Builder) -> None:
    put_live(fleet, builder)
    done = contract(fleet.world, yes)
    assert (done.schema, done.lost, done.already, done.host) == (3, ("1.0.0",), False, "a")
    assert [(host.root / "took").exists() for host in fleet.hosts.values()] == [True, False, False]
    assert contract(fleet.world, no).already
    for facts in releases(fleet.world).values():
        assert fleet_schema({"alone": facts}) == 3
    for to in (None, "1.0.0"):
        with pytest.raises(RollbackError, match=r"1\.0\.0 cannot live with the database's schema, which is at 3: go "):
            rollback(fleet.world, to)
    deploy(fleet.world, builder("3.0.0", extra=NEW))
    assert rollback(fleet.world).version == "2.0.0"


def test_one_that_fails_says_why_and_leaves_the_way_back(fleet: Any, builder: Builder) -> None:
    put_live(fleet, builder, "echo no such column; exit 3")
    with pytest.raises(HealthError) as failed:
        contract(fleet.world, yes)
    assert "a: the contract of 2.0.0 failed; its last words:" in str(failed.value)
    assert "| no such column" in str(failed.value)
    assert fleet.serves() == dict.fromkeys("abc", "200 2.0.0")
    assert rollback(fleet.world).version == "1.0.0"


def test_one_that_was_cut_short_counts_as_done_until_it_is_done_again(fleet: Any, builder: Builder) -> None:
    """The host loses its power after the intent was written down: nobody knows how far it came."""
    put_live(fleet, builder)
    fleet.hosts["a"].fail = lambda script: "uncontracted" in script
    with pytest.raises(HostError, match=r"^a: the connection was lost"):
        contract(fleet.world, yes)
    assert rollback_is_possible(fleet)
    fleet.hosts["a"].fail = lambda _script: False
    journal = fleet.hosts["a"].root / "srv/app/journal.jsonl"
    intent = journal.read_text().splitlines()[-1].replace('"done"', '"migrating"').replace('"deploy"', '"contract"')
    with journal.open("a") as file:
        file.write(intent.replace('"step":', '"schema":3,"step":') + "\n")
    assert not rollback_is_possible(fleet)


def rollback_is_possible(fleet: Any) -> bool:
    return fleet_schema(releases(fleet.world)) == 2


@pytest.mark.parametrize("seconds", [0, 3600])
def test_what_was_live_is_kept_warm_for_its_time(fleet: Any, builder: Builder, seconds: int) -> None:
    fleet.settings = fleet.settings.model_copy(update={"warm_seconds": seconds})
    deploy(fleet.world, builder("1.0.0"))
    assert {facts.cools for facts in releases(fleet.world).values()} == {None}
    deploy(fleet.world, builder("2.0.0"))
    cools = [facts.cools for facts in releases(fleet.world).values()]
    if seconds:
        assert all(each is not None and each[0] == "blue" and 3300 < each[1] <= 3600 for each in cools)
    else:
        assert cools == [None] * 3
