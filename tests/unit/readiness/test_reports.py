"""A run as text, JSON, HTML, SARIF and JUnit, and what is kept of it."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from pathlib import Path
from xml.etree import ElementTree

import pytest

from core.settings.waivers import Waiver
from readiness.check import (
    Check,
    Picture,
    Result,
    Row,
    Said,
    Severity,
    Table,
    beside_the_point,
    failed,
    passed,
    unknown,
)
from readiness.history import KEPT, History
from readiness.report.document import document
from readiness.report.html import as_html
from readiness.report.junit import as_junit
from readiness.report.model import Judged, Report, State, judge, rows_of
from readiness.report.sarif import as_sarif
from readiness.report.text import as_text

SITE = "app.community.test"
HOSTILE = "<script>alert(1)</script>\x1b[2J&\"'"


def check(name: str, severity: Severity = Severity.HIGH, row: Row = Row.AUTH) -> Check:
    return Check(f"{row}.{name}", row, severity, f"{name} holds", "it breaks", "mend it", ("ASVS 5.0.0 1.1.1",))


RESULTS: list[Result] = [
    passed(check("good"), "12 of 12 seen", Said("asked", "GET / HTTP/1.1")),
    failed(check("bad", Severity.CRITICAL), f"one is wrong: {HOSTILE}", Said(f"answer {HOSTILE}", HOSTILE)),
    failed(check("worse"), "it is wrong", Table("who reached what", ("who", "what"), ((HOSTILE, "all"),))),
    unknown(check("dark", Severity.MEDIUM), "no inbox can be read"),
    beside_the_point(check("none", row=Row.AUTHORIZATION), "no GraphQL at 4 paths"),
    failed(
        check("slow", Severity.LOW, Row.PERFORMANCE),
        "p95 is 900 ms",
        Picture("latency", "image/svg+xml", b'<svg xmlns="http://www.w3.org/2000/svg"><path/></svg>', "a plot"),
    ),
]
WAIVER = Waiver(
    rule="performance.*", subject=SITE, reason="until the cache is there", owner="ops", until=date(2026, 12, 31)
)


def report(results: list[Result] = RESULTS, waivers: tuple[Waiver, ...] = (), before: str = "") -> Report:
    judged = [replace(each, before=before) for each in judge(results, waivers, SITE, date(2026, 12, 1))]
    return Report("lab", SITE, "2026-12-01T10:00:00Z", 12.3, rows_of(judged), requests={SITE: 42}, of=len(results))


def states(made: Report) -> dict[str, State]:
    return {each.result.check.id: each.state for each in made.checks}


@pytest.mark.parametrize(
    ("change", "accepted"),
    [
        ({}, True),
        ({"subject": "*"}, True),
        ({"until": date(2026, 11, 30)}, False),
        ({"subject": "other.test"}, False),
        ({"rule": "auth.*"}, False),
    ],
)
def test_a_waiver_accepts_its_check_until_its_day(change: dict[str, object], accepted: bool) -> None:
    made = report(waivers=(WAIVER.model_copy(update=change),))
    assert (states(made)["performance.slow"] is State.ACCEPTED) == accepted


def test_a_waiver_does_not_touch_what_passes() -> None:
    assert states(report(waivers=(WAIVER.model_copy(update={"rule": "auth.*"}),)))["auth.good"] is State.PASS


@pytest.mark.parametrize(
    ("fail_on", "standing"),
    [
        (Severity.CRITICAL, ["auth.bad"]),
        (Severity.HIGH, ["auth.bad", "auth.worse"]),
        (Severity.MEDIUM, ["auth.bad", "auth.worse", "auth.dark"]),
        (Severity.LOW, ["auth.bad", "auth.worse", "performance.slow", "auth.dark"]),
        (None, []),
    ],
)
def test_what_is_no_pass_stands_in_the_way_by_severity(fail_on: Severity | None, standing: list[str]) -> None:
    assert [each.result.check.id for each in report().not_ready(fail_on)] == standing


def test_a_row_stands_as_its_worst_check_does() -> None:
    assert [(row.row, row.state, row.said) for row in report().rows] == [
        (Row.AUTH, State.FAIL, "1 of 4 hold"),
        (Row.AUTHORIZATION, State.NOT_APPLICABLE, "0 of 0 hold, 1 does not apply"),
        (Row.PERFORMANCE, State.FAIL, "0 of 1 hold"),
    ]


@pytest.mark.parametrize(
    ("results", "of", "ready", "headline"),
    [
        (RESULTS, 6, False, "Not ready: 3 checks fail, 1 cannot be told"),
        (RESULTS[:1], 1, True, "Ready"),
        (RESULTS[:1], 6, False, "1 of 6 checks asked, and none of them fails"),
        (RESULTS[5:], 1, True, "Ready, with 1 accepted risk"),
        ([], 6, False, "0 of 6 checks asked, and none of them fails"),
    ],
)
def test_it_is_ready_when_every_check_there_is_was_asked(
    results: list[Result], of: int, ready: bool, headline: str
) -> None:
    made = replace(report(results, (WAIVER,) if results is not RESULTS else ()), of=of)
    assert (made.ready, made.headline) == (ready, headline)
    assert (document(made)["ready"], document(made)["headline"]) == (ready, headline)
    assert headline in as_text(made)
    assert f'<p class="verdict {"good" if ready else "bad" if results is RESULTS else ""}">{headline}' in as_html(made)


def test_text_shows_what_stands_in_the_way_with_evidence_and_nothing_that_a_terminal_obeys() -> None:
    text = as_text(report(waivers=(WAIVER,), before="pass"))
    assert "\x1b" not in text
    assert "✗ fail auth.bad [critical] (before: pass): bad holds" in text
    assert "? cannot tell auth.dark" in text
    assert "accepted by ops until 2026-12-31: until the cache is there" in text
    assert "2 fail, 1 cannot tell, 1 accepted, 1 pass, 1 not applicable; 12.3 s, 42 requests" in text
    assert "auth.good" not in text
    assert "GET / HTTP/1.1" in as_text(report(), verbose=True)


def test_json_has_all_of_it_and_pictures_when_they_are_asked_for() -> None:
    found = document(report())
    assert found["counts"]["fail"] == 3
    row = found["rows"][-1]["checks"][0]
    assert (row["id"], row["state"], row["evidence"][0]["media_type"]) == ("performance.slow", "fail", "image/svg+xml")
    assert "data" not in document(report(), pictures=False)["rows"][-1]["checks"][0]["evidence"][0]
    json.dumps(found)


def test_html_shows_hostile_text_and_obeys_none() -> None:
    page = as_html(report(before="pass"))
    assert "<script>" not in page
    assert "\x1b" not in page.replace("\\x1b", "")
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "Not ready: 3 checks fail, 1 cannot be told" in page
    assert page.count("<details") == len(RESULTS)
    top = page[page.index("What stands in the way") : page.index("What changed since")]
    assert [id_ for id_ in ("auth.bad", "auth.dark", "auth.good") if f'href="#{id_}"' in top] == [
        "auth.bad",
        "auth.dark",
    ]
    assert "data:image/svg+xml;base64," in page


def test_sarif_has_a_rule_a_check_and_a_result_for_each_that_does_not_hold() -> None:
    (run,) = as_sarif(report(waivers=(WAIVER,)))["runs"]
    kinds = {each["ruleId"]: (each["kind"], each["level"]) for each in run["results"]}
    assert kinds == {
        "auth.bad": ("fail", "error"),
        "auth.worse": ("fail", "error"),
        "auth.dark": ("review", "none"),
        "performance.slow": ("fail", "note"),
    }
    rules = run["tool"]["driver"]["rules"]
    assert [rules[each["ruleIndex"]]["id"] for each in run["results"]] == list(kinds)
    assert len(rules) == len(RESULTS)
    assert run["results"][-1]["suppressions"][0]["status"] == "accepted"


def test_junit_counts_what_cannot_be_told_as_an_error() -> None:
    root = ElementTree.fromstring(as_junit(report(waivers=(WAIVER,))))
    assert [root.get(key) for key in ("tests", "failures", "errors", "skipped")] == ["6", "2", "1", "2"]
    suites = {suite.get("name"): suite for suite in root}
    auth = suites["Auth hardening"]
    assert [auth.get(key) for key in ("tests", "failures", "errors", "skipped")] == ["4", "2", "1", "0"]
    assert suites["Performance"].get("skipped") == "1"
    assert [child.tag for case in auth for child in case] == ["failure", "failure", "error"]


def test_the_next_run_knows_how_each_check_stood(tmp_path: Path) -> None:
    history = History(tmp_path / "checks")
    assert history.last == ""
    first = report()
    path = history.keep(first)
    assert path.stat().st_mode & 0o077 == 0
    for number, other in enumerate(
        ('{"rows": [', "[]", '{"rows": [{}]}', '{"rows": [{"row": "x", "checks": []}]}', "[" * 9999)
    ):
        (tmp_path / "checks" / f"{number}-other.json").write_text(other)
    assert '"data"' not in path.read_text()
    judged = judge(
        [failed(RESULTS[0].check, "now wrong"), passed(RESULTS[1].check, "mended")], (), SITE, date(2026, 12, 2)
    )
    now = {each.result.check.id: each for each in history.compared(judged)}
    assert (now["auth.good"].before, now["auth.good"].changed) == ("pass", True)
    assert (now["auth.bad"].before, now["auth.bad"].changed) == ("fail", True)
    assert history.last == first.began


def test_what_is_asked_no_more_stands_in_nobody_s_way(tmp_path: Path) -> None:
    history = History(tmp_path / "checks")
    history.keep(report())
    (row,) = history.rows({"auth.good", "auth.dark"})
    assert (row.row, row.standing) == (Row.AUTH, ["auth.dark"])


def test_a_row_is_as_old_as_the_check_that_was_asked_longest_ago(tmp_path: Path) -> None:
    history = history_of(tmp_path, 1)
    history.keep(replace(report(RESULTS[1:2]), began="2026-12-02T10:00:00Z"))
    ids = {"auth.good", "auth.bad"}
    assert [(row.began, set(row.states)) for row in history.rows(ids)] == [("2026-12-01T10:00:00Z", ids)]
    history.keep(replace(report(RESULTS[:1]), began="2026-12-03T10:00:00Z"))
    assert [row.began for row in history.rows(ids)] == ["2026-12-02T10:00:00Z"]


def test_a_check_that_is_new_has_not_changed(tmp_path: Path) -> None:
    assert not Judged(RESULTS[0]).changed
    assert not history_of(tmp_path, 1).compared([Judged(passed(check("new"), "seen"))])[0].changed


def test_old_runs_go(tmp_path: Path) -> None:
    assert len(history_of(tmp_path, KEPT + 3).runs()) == KEPT


def history_of(folder: Path, runs: int) -> History:
    history = History(folder)
    for number in range(runs):
        history.keep(replace(report(RESULTS[:1]), began=f"2026-12-01T10:{number // 60:02}:{number % 60:02}Z"))
    return history
