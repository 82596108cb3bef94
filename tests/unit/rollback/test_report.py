"""The history of ways back, and its page: the last word of each run, shown and never obeyed."""

from __future__ import annotations

import re
from typing import Any

from deploy.journal import BEGIN, DEPLOY, DONE, DRILL, REVERTED, ROLLBACK, Entry
from deploy.ledger.chain import Ledger
from rollback.report.history import history, rows
from rollback.report.page import render

HOSTILE = "<script>alert(1)</script>\x1b[2J"
SEEN = {"passed": True, "before": "1", "back_seconds": 1.5, "forth_seconds": 0.5, "requests": 9, "lost": 0}
SEEN |= {"errors": 0, "budget_seconds": 60.0}


def line(action: str, step: str, run: str, seconds: float = 1.0, **more: Any) -> Entry:
    at = f"2026-0{run}-01T00:00:00.000Z"
    return Entry(
        at, run, more.get("who", "me"), action, step, "2", "d", "blue", more.get("result", "ok"), seconds, None,
        more.get("evidence"),
    )  # fmt: skip


def ledger(host: str, *entries: Entry) -> Ledger:
    return Ledger.of(host, "".join(entry.line() + "\n" for entry in entries).encode())


LEDGERS = [
    ledger("a", line(DEPLOY, DONE, "1"), line(ROLLBACK, BEGIN, "2", 0.1), line(ROLLBACK, DONE, "2", 0.4)),
    ledger("b", line(ROLLBACK, BEGIN, "2", 0.1), line(ROLLBACK, DONE, "2", 0.9), line(ROLLBACK, BEGIN, "3")),
    ledger("c", line(DRILL, REVERTED, "4", 9.0), line(DRILL, DONE, "4", 5.0, evidence={DRILL: SEEN})),
    ledger("d", line(ROLLBACK, DONE, "5", 700.0), line(ROLLBACK, REVERTED, "6", result=HOSTILE, who=HOSTILE)),
    ledger("e", line(DRILL, DONE, "7", result="3 lost", evidence={DRILL: {**SEEN, "passed": False, "lost": 3}})),
]


def test_each_run_is_there_once_by_its_slowest_host_and_its_last_word() -> None:
    events = history(LEDGERS, 600, 60)
    assert [(event.run, event.kind, event.seconds, event.good) for event in events] == [
        ("2", ROLLBACK, 0.9, True),
        ("3", ROLLBACK, None, False),
        ("4", DRILL, 1.5, True),
        ("5", ROLLBACK, 700.0, False),
        ("6", ROLLBACK, None, False),
        ("7", DRILL, 1.5, False),
    ]
    assert [event.reason for event in events if not event.good][:2] == [
        "cut short",
        "it took 700.0 s, and the budget is 600 s",
    ]
    shown = rows(events)
    assert len(shown) == 7
    assert not any("\x1b" in row for row in shown)
    assert "3/9" in shown[-1]
    assert rows([]) == ["no rollback and no drill yet"]


def test_the_page_shows_hostile_text_and_obeys_none() -> None:
    page = render(HOSTILE, history(LEDGERS, 600, 60))
    assert "<script" not in page
    assert "\x1b" not in page
    assert page.count("&lt;script&gt;") >= 4
    assert "default-src 'none'" in page
    assert not re.search(r"(?:src|href)=\"(?:https?:)?//", page)
    assert 'role="img"' in page
    assert "var(--blue-1)" in page
    assert "budget 600 s" in render("x", history(LEDGERS[:1], 600, 60))


def test_a_page_without_anything_to_show_and_times_that_are_none() -> None:
    assert "no rollback and no drill yet" in render("x", [])
    odd = [ledger("a", Entry("soon", "1", "me", ROLLBACK, DONE, "1", "d", "blue", "ok", 1.0))]
    assert "soon" in render("x", history(odd, 600, 60))
