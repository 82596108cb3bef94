"""Whether the last drill allows a release, and what stays because it was drilled."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from core.ports import Answer
from core.settings.release import Release
from deploy.commands import Check
from deploy.drills import drill_of, drill_refusal, last_drill
from deploy.facts import HostFacts, Kept
from deploy.journal import BEGIN, DEPLOY, DONE, DRILL, Entry, good_releases, unfinished
from deploy.plan import Place, prunable
from rollback.prober import Asked, count

NOW = datetime(2026, 6, 30, tzinfo=UTC)
SETTINGS = Release.model_validate_json('{"drill": {"max_age_days": 30, "budget_seconds": 60}}')
GOOD = {"passed": True, "before": "1", "back_seconds": 1.5, "forth_seconds": 2.5, "requests": 9, "lost": 0}
GOOD |= {"errors": 0, "budget_seconds": 600.0}


def line(action: str, step: str, version: str, at: str = "2026-06-01T00:00:00Z", **more: Any) -> Entry:
    result, evidence = more.get("result", "ok"), more.get("evidence")
    return Entry(at, f"{action}{version}", "me", action, step, version, "d", "blue", result, 1.0, None, evidence)


def drilled(at: str = "2026-06-10T00:00:00.000Z", result: str = "ok", **seen: Any) -> Entry:
    return line(DRILL, DONE, "2", at, result=result, evidence={DRILL: {**GOOD, **seen}})


def host(*entries: Entry, name: str = "a", drill: Entry | None = None) -> HostFacts:
    kept = {version: Kept(version, "d", "/") for version in "123456"}
    return HostFacts(name, "blue", "blue", {"blue": "2"}, frozenset(), kept, entries, drill=drill)


def refusal(*entries: Entry, drill: Entry | None = None) -> str | None:
    good = (line(DEPLOY, DONE, "1"), line(DEPLOY, DONE, "2"))
    return drill_refusal({"a": host(*good, *entries, drill=drill)}, SETTINGS, NOW, "live")


@pytest.mark.parametrize(
    ("drill", "why"),
    [
        (None, "no rollback was ever drilled on it"),
        (drilled("2026-05-30T00:00:00Z"), "its last rollback drill was 31 days ago, and 30 days are allowed"),
        (drilled("2026-07-02T00:00:00Z"), "which is no time that was"),
        (drilled("soon\x1b[2J"), r"is of soon\x1b[2J, which is no time that was"),
        (drilled(result="1 lost", passed=False), "its last rollback drill, 20 days ago, failed: 1 lost"),
        (drilled(forth_seconds=61), "took 61.0 s, and the budget is 60 s"),
        (drilled(passed=False), "failed: "),
        (drilled(forth_seconds=None), "failed: "),
        (drilled(requests="many"), "no rollback was ever drilled on it"),
    ],
)
def test_a_stale_drill_is_refused_with_its_reason_and_the_way_out(drill: Entry | None, why: str) -> None:
    said = refusal(*([drill] if drill else []))
    assert said is not None
    assert why in said
    assert "run `invoke rollback.drill --stack live`, or say why not with --without-drill REASON" in said


def test_a_fresh_drill_allows_it_wherever_it_stands() -> None:
    assert refusal(drilled()) is None
    assert refusal(drill=drilled("2026-05-31T12:00:00Z")) is None
    assert refusal(drilled(passed=False, result="lost", at="2026-06-02T00:00:00Z"), drilled()) is None
    later_and_bad = drilled(passed=False, result="lost", at="2026-06-29T00:00:00Z")
    assert refusal(drilled(), later_and_bad) is not None


def test_where_nothing_could_be_drilled_nothing_is_asked() -> None:
    first = {"a": host(line(DEPLOY, DONE, "1"))}
    assert drill_refusal(first, SETTINGS, NOW, "live") is None
    assert drill_refusal({"a": host()}, SETTINGS, NOW, "live") is None


def test_a_drill_is_no_release_and_no_rollback() -> None:
    entries = [line(DEPLOY, DONE, "1"), line(DEPLOY, DONE, "2"), line(DRILL, BEGIN, "2")]
    assert good_releases([*entries, drilled(), drilled()]) == ["1", "2"]
    assert unfinished(entries) == entries[-1]
    assert unfinished([*entries, drilled()]) is None


def test_both_releases_of_the_last_drill_stay() -> None:
    done = [line(DEPLOY, DONE, version) for version in "12345"]
    where = Place("green", "blue", "5", None, warm=False)
    assert prunable(host(*done), where, "6", 2) == ("1", "3", "4")
    assert prunable(host(*done, drilled()), where, "6", 2) == ("3", "4")
    assert prunable(host(*done, drill=drilled()), where, "6", 2) == ("3", "4")
    newer = line(DRILL, DONE, "4", "2026-06-20T00:00:00Z", evidence={DRILL: {**GOOD, "before": "3"}})
    assert prunable(host(*done, drilled(), newer), where, "6", 2) == ("1",)


def test_the_newest_of_all_hosts_counts_and_other_lines_are_none() -> None:
    fleet = {"a": host(drilled()), "b": host(drilled("2026-06-11T00:00:00Z"), name="b")}
    found = last_drill(fleet)
    assert found is not None
    assert (found.at, found.slowest) == ("2026-06-11T00:00:00Z", 2.5)
    assert drill_of(line(DEPLOY, DONE, "1", evidence={DRILL: GOOD})) is None


def asked(path: str, status: int, release: str = "2", seconds: float = 0.1) -> Asked:
    return Asked(0.0, seconds, path, Answer(status, release, "" if status else "reset"))


def test_every_answer_is_held_against_what_is_right() -> None:
    health = Check("/healthz", 204, "2")
    right = [asked("/healthz", 204), asked("/a", 200, "1"), asked("/a", 302)]
    assert (count(right, health, {"1", "2"}).wrong, count(right, health, {"1", "2"}).reason) == (0, "")
    bad = [asked("/a", 0), asked("/a", 502, ""), asked("/a", 522, ""), asked("/a", 502), asked("/a", 500, "")]
    bad += [asked("/healthz", 200), asked("/a", 404), asked("/a", 200, "3"), asked("/a", 200, "")]
    counted = count([*right, *bad], health, {"1", "2"})
    assert (counted.requests, counted.lost, counted.errors, counted.wrong) == (12, 3, 2, 4)
    assert counted.reason == "the first was /a: reset"
    assert count([], health, {"1"}).p95_seconds is None
    assert count([asked("/a", 200, seconds=each) for each in range(1, 21)], health, {"2"}).p95_seconds == 19
