"""The runner: every check has an outcome, whatever its probe does."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any, cast

import pytest

from adapters.clock import SystemClock
from core.errors import CheckError
from readiness.check import Check, Outcome, Picture, Result, Row, Said, Severity, Table, failed, passed
from readiness.halt import Halt, HaltingClock
from readiness.pace import Pace
from readiness.probe import Probe, Touch, Turn
from readiness.redact import Redactor
from readiness.run import Limits, Run, run, struck
from readiness.target import Target


def check(name: str, row: Row = Row.AUTH) -> Check:
    return Check(f"{row}.{name}", row, Severity.HIGH, "it holds", "it breaks", "mend it", ("ASVS 5.0.0 1.1.1",))


ONE, TWO = check("one"), check("two")


def target() -> Target:
    return cast("Target", SimpleNamespace(redactor=Redactor(), halt=Halt()))


def ran(*probes: Probe, limits: Limits | None = None) -> Run:
    return run(probes, target(), limits or Limits(), lambda _result, _seconds: None)


def probe(function: Callable[[Target], Any], *checks: Check, **options: Any) -> Probe:
    return Probe(Row.AUTH, checks, function, **options)


def outcomes(found: Run) -> dict[str, tuple[str, str]]:
    return {each.check.id: (each.outcome.value, each.summary) for each in found.results}


def raises(error: Exception) -> Callable[[Target], Iterator[Result]]:
    def work(_target: Target) -> Iterator[Result]:
        yield passed(ONE, "seen")
        raise error

    return work


@pytest.mark.parametrize(
    ("work", "why"),
    [
        (lambda _target: iter([passed(ONE, "seen")]), "the probe ended without an answer to this"),
        (raises(CheckError("the inbox does not answer")), "the inbox does not answer"),
        (raises(KeyError("x")), "the probe failed (KeyError: 'x')"),
    ],
)
def test_what_a_probe_leaves_out_cannot_be_told(work: Callable[[Target], Any], why: str) -> None:
    found = outcomes(ran(probe(work, ONE, TWO)))
    assert found == {"auth.one": ("pass", "seen"), "auth.two": ("cannot tell", why)}


def test_the_first_word_counts() -> None:
    twice = probe(lambda _target: iter([failed(ONE, "no"), passed(ONE, "yes")]), ONE)
    assert outcomes(ran(twice)) == {"auth.one": ("fail", "no")}


def test_what_hangs_past_the_end_cannot_be_told_and_holds_nobody_up() -> None:
    free = threading.Event()

    def hangs(_target: Target) -> Iterator[Result]:
        free.wait(30)
        yield passed(ONE, "late")

    began = time.monotonic()
    found = ran(probe(hangs, ONE), limits=Limits(seconds=0.1, grace=0.1))
    free.set()
    assert time.monotonic() - began < 5
    assert outcomes(found)["auth.one"] == ("cannot tell", "it did not end in the time that the run has (--timeout)")


def test_what_hangs_does_not_hold_up_the_end_of_the_process() -> None:
    # A pool's threads are waited for when the interpreter ends.
    script = """
import sys, time
from tests.unit.readiness.test_run import Limits, ONE, probe, ran
ran(probe(lambda _target: time.sleep(60), ONE), limits=Limits(seconds=0.1, grace=0.1))
"""
    done = subprocess.run([sys.executable, "-c", script], timeout=30, check=False)
    assert done.returncode == 0


def test_who_is_at_work_at_the_end_has_time_to_put_things_in_order() -> None:
    halted, tidied = target(), []
    pace = Pace(1000, halt=halted.halt)

    def asks(_target: Target) -> Iterator[Result]:
        try:
            while True:
                pace.wait("app.test")
        finally:
            tidied.append(True)
        yield passed(ONE, "never")

    later = probe(lambda _target: iter([passed(TWO, "seen")]), TWO, turn=Turn.LAST)
    found = run([probe(asks, ONE), later], halted, Limits(seconds=0.1, grace=5), lambda _result, _seconds: None)
    assert tidied == [True]
    assert [each.outcome for each in found.results] == [Outcome.CANNOT_TELL] * 2
    with pytest.raises(CheckError):
        pace.wait("app.test")
    halted.halt.spare()
    pace.wait("app.test")


def test_ctrl_c_ends_it_when_what_was_begun_is_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    halted, tidied, told = target(), [], []

    def waits(_target: Target) -> Iterator[Result]:
        try:
            HaltingClock(SystemClock(), halted.halt).sleep(30)
        finally:
            tidied.append(True)
        yield passed(ONE, "never")

    def interrupted(_threads: Any, _ends: float) -> None:
        monkeypatch.undo()
        raise KeyboardInterrupt

    monkeypatch.setattr("readiness.run._awaited", interrupted)
    with pytest.raises(KeyboardInterrupt):
        run([probe(waits, ONE)], halted, Limits(grace=5), lambda result, _seconds: told.append(result))
    assert (tidied, told) == ([True], [])


def test_a_probe_s_own_mistake_is_shown_to_who_looks_for_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LAUNCH_READY_DEBUG", "1")
    found = outcomes(ran(probe(raises(KeyError("x")), ONE, TWO)))
    assert found["auth.two"] == ("cannot tell", "the probe failed (KeyError: 'x')")
    assert "Traceback" in capsys.readouterr().err


def test_what_nobody_allowed_is_not_run() -> None:
    called: list[str] = []

    def work(name: str, one: Check) -> Callable[[Target], Iterator[Result]]:
        def inner(_target: Target) -> Iterator[Result]:
            called.append(name)
            yield passed(one, "seen")

        return inner

    found = ran(
        probe(work("reads", ONE), ONE),
        probe(work("bursts", TWO), TWO, touch=Touch.BURSTS),
        limits=Limits(Touch.READS),
    )
    assert called == ["reads"]
    assert outcomes(found)["auth.two"][0] == "cannot tell"


def test_what_measures_time_runs_after_all_others_turn_by_turn() -> None:
    running, seen = [0], []
    lock = threading.Lock()

    def work(one: Check) -> Callable[[Target], Iterator[Result]]:
        def inner(_target: Target) -> Iterator[Result]:
            with lock:
                running[0] += 1
                seen.append((one.id, running[0]))
            time.sleep(0.02)
            with lock:
                running[0] -= 1
            yield passed(one, "seen")

        return inner

    three = check("three")
    ran(probe(work(ONE), ONE, turn=Turn.LAST), probe(work(TWO), TWO, turn=Turn.LOADS), probe(work(three), three))
    assert seen == [("auth.three", 1), ("auth.two", 1), ("auth.one", 1)]


def test_evidence_holds_neither_secrets_nor_control_characters() -> None:
    redactor = Redactor()
    redactor.learn("hunter2-hunter2")
    found = struck(
        failed(
            ONE,
            "got hunter2-hunter2\x1b[2J",
            Said("an answer", "line one\nCookie: a=b; c=d\n\x1b]0;owned\x07hunter2-hunter2"),
            Table("a table", ("x",), (("aHVudGVyMi1odW50ZXIy",),)),
            Picture("hunter2-hunter2", "image/png", b"", "alt"),
        ),
        redactor,
    )
    assert found.summary == "got [redacted]\\x1b[2J"
    said, table, picture = found.evidence
    assert isinstance(said, Said)
    assert said.text == "line one\nCookie: a=[redacted]; c=[redacted]\n\\x1b]0;owned\\x07[redacted]"
    assert isinstance(table, Table)
    assert table.rows == (("[redacted]",),)
    assert picture.title == "[redacted]"
    assert found.outcome is Outcome.FAIL


def test_what_a_site_says_without_end_has_one_in_a_report() -> None:
    endless = "x\n" * 200_000
    found = struck(
        failed(ONE, endless, Said(endless, endless), Table("rows", ("a",), (("x" * 9000,),) * 5000)), Redactor()
    )
    said, table = found.evidence
    assert isinstance(said, Said)
    assert isinstance(table, Table)
    assert max(len(found.summary), len(said.title), len(table.rows[0][0])) < 2100
    assert len(said.text) < 20_100
    assert (len(table.rows), table.title) == (1000, "rows (the first 1000 of 5000)")
    assert found.summary.endswith("characters in all)")
