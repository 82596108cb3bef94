"""Journals held against each other: who is behind, and which command that was cut short still counts."""

from __future__ import annotations

from deploy.facts import HostFacts, Kept
from deploy.history import behind, missed, superseded, taken_back
from deploy.journal import BEGIN, DEPLOY, DONE, REVERTED, Entry
from deploy.plan import cut_short


def lines(*steps: str) -> tuple[Entry, ...]:
    """``run:step`` each, a second apart; the version is the run's name."""
    made = []
    for second, step in enumerate(steps):
        run, _, what = step.partition(":")
        made.append(Entry(f"2026-01-01T00:00:{second:02}Z", run, "me", DEPLOY, what, run, "d", "blue", "ok", 1.0))
    return tuple(made)


def done(*runs: str) -> tuple[str, ...]:
    return tuple(f"{run}:{step}" for run in runs for step in (BEGIN, DONE))


def host(*steps: str, live: str | None = None) -> HostFacts:
    kept = {version: Kept(version, "d", "/") for version in ("p", "q", "r", "s")}
    return HostFacts("h", "blue", "blue", {"blue": live} if live else {}, frozenset(), kept, lines(*steps))


def test_who_saw_less_is_behind_and_what_it_missed_is_known_in_order() -> None:
    fleet = {"a": host(*done("p", "q", "r")), "b": host(*done("p")), "c": host(*done("p", "q", "r"))}
    assert behind(fleet) == ["b"]
    assert [entry.version for entry in missed(fleet["a"].journal, fleet["b"].journal)] == ["q", "r"]


def test_a_new_host_is_behind_and_has_missed_all() -> None:
    fleet = {"a": host(*done("p", "q")), "new": host()}
    assert behind(fleet) == ["new"]
    assert [entry.version for entry in missed(fleet["a"].journal, ())] == ["p", "q"]


def test_a_host_with_a_longer_memory_is_not_ahead() -> None:
    fleet = {"old": host(*done("p", "q", "r")), "new": host(*done("r"))}
    assert behind(fleet) == []


def test_a_cut_command_counts_until_another_host_has_begun_the_next() -> None:
    cut = host(*done("p"), f"q:{BEGIN}", live="p")
    assert cut_short({"a": cut, "b": host(*done("p"), f"q:{BEGIN}", live="p")}) is not None
    assert cut_short({"a": cut, "b": host(*done("p"), live="p")}) is not None
    moved_on = host(*done("p"), f"q:{BEGIN}", *done("r"), live="r")
    assert superseded(cut.journal, {"a": cut, "b": moved_on})
    assert cut_short({"a": cut, "b": moved_on}) is None


def test_what_was_taken_back_elsewhere_counts_only_where_it_still_serves() -> None:
    back = host(*done("p"), f"q:{BEGIN}", f"q:{REVERTED}", live="p")
    (entry,) = lines(*done("p"), f"q:{BEGIN}")[2:]
    there = host(*done("p"), f"q:{BEGIN}", live="p")
    assert taken_back(entry, {"a": back, "b": there})
    assert cut_short({"a": back, "b": there}) is None
    assert cut_short({"a": back, "b": host(*done("p"), f"q:{BEGIN}", live="q")}) is not None
