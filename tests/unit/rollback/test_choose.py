"""Where back is, and where there is no way back."""

from __future__ import annotations

import itertools

import pytest

from core.errors import RollbackError
from deploy.facts import HostFacts, Kept
from deploy.journal import BEGIN, DEPLOY, DONE, MIGRATE, ROLLBACK, Entry
from rollback.choose import choose

_TIMES = itertools.count()


def line(action: str, step: str, version: str, run: str, schema: int | None = None) -> Entry:
    return Entry(f"{next(_TIMES):09}", run, "me", action, step, version, "d", "blue", "ok", 1.0, schema)


def done(*versions: str, action: str = DEPLOY) -> list[Entry]:
    return [line(action, step, version, f"run-{version}") for version in versions for step in (BEGIN, DONE)]


def host(name: str, live: str | None, journal: list[Entry], kept: str = "1 2 3", most: int | None = None) -> HostFacts:
    return HostFacts(
        name=name,
        current="blue" if live else None,
        live="blue" if live else None,
        slots={"blue": live} if live else {},
        sockets=frozenset(),
        kept={version: Kept(version, "d", "/healthz", None, most) for version in kept.split()},
        journal=tuple(journal),
    )


def fleet(*hosts: HostFacts) -> dict[str, HostFacts]:
    return {each.name: each for each in hosts}


def test_back_is_the_last_good_one_before_the_live_one() -> None:
    assert choose(fleet(host("a", "3", done("1", "2", "3")), host("b", "3", done("1", "2", "3"))), None) == "2"


def test_to_wins_where_every_host_keeps_it() -> None:
    both = fleet(host("a", "3", done("1", "2", "3")), host("b", "3", done("1", "2", "3"), kept="2 3"))
    assert choose(both, "2") == "2"
    with pytest.raises(RollbackError, match=r"1 is not kept on b: every host keeps 2, 3; choose one of those"):
        choose(both, "1")


def test_a_first_release_and_an_empty_host_have_nothing_to_go_back_to() -> None:
    with pytest.raises(RollbackError, match="nothing to go back to: a serves 1"):
        choose(fleet(host("a", "1", done("1"))), None)
    with pytest.raises(RollbackError, match="nothing to go back to: a serves nothing"):
        choose(fleet(host("a", None, [], kept="")), None)


def test_back_twice_goes_two_steps_and_not_forward() -> None:
    journal = done("1", "2", "3") + done("2", action=ROLLBACK)
    assert choose(fleet(host("a", "2", journal)), None) == "1"


@pytest.mark.parametrize("live", [("2", "2"), ("2", "3"), ("3", "3")], ids=["before", "between", "after"])
def test_a_deploy_that_was_cut_short_is_undone_wherever_it_was_cut(live: tuple[str, str]) -> None:
    journal = [*done("1", "2"), line(DEPLOY, BEGIN, "3", "cut")]
    assert choose(fleet(host("a", live[0], journal), host("b", live[1], journal)), None) == "2"


def test_a_deploy_that_began_on_one_host_alone_is_undone_on_both() -> None:
    journal = done("1", "2")
    began = [*journal, line(DEPLOY, BEGIN, "3", "cut")]
    assert choose(fleet(host("a", "2", began), host("b", "2", journal)), None) == "2"


def test_a_deploy_that_was_written_down_on_one_host_alone_is_undone_on_both() -> None:
    began = [*done("1", "2"), line(DEPLOY, BEGIN, "3", "cut")]
    both = fleet(host("a", "3", [*began, line(DEPLOY, DONE, "3", "cut")]), host("b", "3", began))
    assert choose(both, None) == "2"


def test_a_rollback_that_was_cut_short_goes_on_to_where_it_went() -> None:
    journal = done("1", "2", "3")
    cut = [*journal, line(ROLLBACK, BEGIN, "1", "cut")]
    assert choose(fleet(host("a", "1", cut), host("b", "3", cut)), None) == "1"


def test_hosts_with_different_histories_are_asked_about() -> None:
    hosts = fleet(host("a", "3", done("1", "3")), host("b", "3", done("2", "3")))
    with pytest.raises(RollbackError, match=r"different releases \(a to 1, b to 2\): say which with --to"):
        choose(hosts, None)


def test_a_host_that_joined_later_follows_the_others_if_it_keeps_the_release() -> None:
    old, new = host("a", "3", done("2", "3")), host("b", "3", done("3"))
    assert choose(fleet(old, new), None) == "2"
    with pytest.raises(RollbackError, match="2 is not kept on b"):
        choose(fleet(old, host("b", "3", done("3"), kept="3")), None)


def test_the_database_may_have_moved_past_it() -> None:
    journal = [*done("1"), line(DEPLOY, MIGRATE, "2", "m", schema=5), *done("2")]
    assert choose(fleet(host("a", "2", journal, most=5)), None) == "1"
    with pytest.raises(RollbackError, match="cannot live with the database's schema, which is at 5"):
        choose(fleet(host("a", "2", journal, most=4)), None)
