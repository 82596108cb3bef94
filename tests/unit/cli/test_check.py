"""The task: what is asked, what is said where, and the exit status."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from invoke.context import Context
from invoke.exceptions import Exit

from cli import check as task
from core.settings.waivers import Waivers
from readiness.check import Check, Result, Row, Severity, failed, passed
from readiness.halt import Halt
from readiness.probe import Probe
from readiness.redact import Redactor

GOOD, BAD, OTHER = (
    Check(f"{row}.{name}", row, Severity.HIGH, "it holds", "it breaks", "mend it", ("ASVS 5.0.0 1.1.1",))
    for row, name in ((Row.AUTH, "good"), (Row.AUTH, "bad"), (Row.EMAIL, "other"))
)


def both(_target: Any) -> Iterator[Result]:
    yield passed(GOOD, "seen")
    yield failed(BAD, "wrong")


PROBES = (
    Probe(Row.AUTH, (GOOD, BAD), both),
    Probe(Row.EMAIL, (OTHER,), lambda _target: iter([passed(OTHER, "seen")])),
)


@pytest.fixture(autouse=True)
def platform(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    settings = SimpleNamespace(zone=SimpleNamespace(protect=False), waivers=Waivers())
    people = SimpleNamespace(leave=list)
    target = SimpleNamespace(
        stack="lab", settings=settings, origin="https://app.test", redactor=Redactor(), halt=Halt(), people=people
    )

    @contextmanager
    def reached(_stack: str) -> Iterator[Any]:
        yield target, SimpleNamespace(counts={})

    monkeypatch.setattr("readiness.rows.all_probes", lambda: PROBES)
    monkeypatch.setattr("cli.target.reached_target", reached)
    monkeypatch.setattr(task, "ROOT", tmp_path)


def run(capsys: pytest.CaptureFixture[str], **options: Any) -> tuple[int, str, str]:
    """Exit status, what is said on standard output, and the error's sentence or what is said beside it."""
    status, told = 0, ""
    try:
        task.check(Context(), **options)
    except Exit as error:
        status, told = error.code, error.message or ""
    said = capsys.readouterr()
    return status, said.out, told or said.err


def test_one_check_alone_is_judged_alone(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = run(capsys, only=["auth.good"], format="json")
    document = json.loads(out)
    assert [each["id"] for row in document["rows"] for each in row["checks"]] == ["auth.good"]
    assert (status, document["ready"], document["of"]) == (0, False, 3)
    assert run(capsys, only=["auth.bad"])[0] == 8


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"row": ["email"], "only": ["auth.good"]}, "--row email has none of the checks that --only names"),
        ({"row": ["nope"]}, "--row nope: there is no such row"),
        ({"only": ["nope"]}, "--only nope: there is no such check"),
        ({"format": "yaml"}, "--format is 'yaml'"),
        ({"fail_on": "worst"}, "--fail-on is 'worst'"),
        ({"list": True, "format": "html"}, "--list has the formats text and json"),
        ({"out": "/etc/passwd/x"}, "--out /etc/passwd/x cannot be written"),
        ({"out": "/"}, "--out / cannot be written"),
    ],
)
def test_what_cannot_be_asked_is_told_before_anything_is(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, options: dict[str, Any], sentence: str
) -> None:
    monkeypatch.setattr("cli.target.reached_target", lambda _stack: pytest.fail("it was asked"))
    status, out, told = run(capsys, **options)
    assert (status, out) == (1, "")
    assert sentence in told


@pytest.mark.parametrize(("fail_on", "status"), [("low", 8), ("high", 8), ("critical", 0), ("never", 0)])
def test_the_status_goes_by_the_severity(capsys: pytest.CaptureFixture[str], fail_on: str, status: int) -> None:
    assert run(capsys, fail_on=fail_on)[0] == status


def test_the_list_is_one_document_for_programs(capsys: pytest.CaptureFixture[str]) -> None:
    found = json.loads(run(capsys, list=True, format="json", row=["auth"])[1])
    assert [each["id"] for each in found] == ["auth.good", "auth.bad"]
    assert found[0]["severity"] == "high"
    assert found[0]["references"] == ["ASVS 5.0.0 1.1.1"]


def test_what_cannot_be_kept_is_shown_all_the_same(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / ".launch-ready").write_text("no folder")
    status, out, _ = run(capsys)
    assert status == 8
    assert "Not ready: 1 check fails" in out
    assert "the run's results are not kept" in out


def test_what_was_asked_is_kept_for_the_next_run(capsys: pytest.CaptureFixture[str]) -> None:
    run(capsys, only=["auth.bad"])
    assert "(before: fail)" not in run(capsys)[1]
    out = json.loads(run(capsys, format="json")[1])
    assert {each["id"]: each["before"] for row in out["rows"] for each in row["checks"]} == {
        "auth.bad": "fail",
        "auth.good": "pass",
        "email.other": "pass",
    }
