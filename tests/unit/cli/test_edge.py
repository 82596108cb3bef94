"""``invoke edge.test``: what it prints, and its exit status."""

from __future__ import annotations

import json
from contextlib import nullcontext
from pathlib import Path

import pytest
from invoke.context import Context
from invoke.exceptions import Exit

from cli import edge, stack
from core.settings.platform import Platform
from edge.cases.run import Against
from edge.zones import Zone

FILE = """\
clients:
  visitor: {ip.src: 198.51.100.23}
cases:
  - name: admin
    why: Nobody may
    request: {url: "https://app.{zone}{admin}"}
    expect: {action: block, rule: admin}
  - name: home
    why: Everybody may
    request: {url: "https://app.{zone}/"}
    expect: {action: ACTION}
  - name: elsewhere
    why: Another stack's
    stacks: [other]
    request: {url: "https://app.{zone}/"}
    expect: {action: pass}
"""
RULE = {"ref": "admin", "action": "block", "expression": 'starts_with(http.request.uri.path, "/admin")'}


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    zone = Zone("community.test", rulesets={"http_request_firewall_custom": [RULE]}, proxied={"app.community.test"})
    known = Against("lab", "business", "community.test", {"community.test": zone}, Platform())
    monkeypatch.setattr(edge, "ROOT", tmp_path)
    monkeypatch.setattr(edge, "against", lambda _: known)
    return tmp_path


def write(root: Path, action: str) -> None:
    (root / "stacks" / "requests").mkdir(parents=True)
    (root / "stacks" / "requests" / "some.yaml").write_text(FILE.replace("ACTION", action))


def run(*, case: str = "", as_json: bool = False) -> int:
    try:
        edge.run_the_cases.body(Context(), "lab", case, as_json)  # type: ignore[attr-defined]  # an Invoke task
    except Exit as ended:
        return int(ended.code)
    return 0


def test_all_that_hold_end_it_well(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(project, "pass")
    assert run() == 0
    assert capsys.readouterr().out == "✓ admin\n✓ home\n2 of 2 cases hold; 1 are not for this stack\n"


def test_one_that_does_not_is_explained(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(project, "redirect")
    assert run() == 1
    said = capsys.readouterr().out
    assert (
        "✗ home\n    stacks/requests/some.yaml:8: Everybody may\n    expected: redirect\n    got:      pass\n" in said
    )
    assert "    why:      the action is pass\n1 of 2 cases hold" in said


def test_json_has_every_case_and_nothing_else(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(project, "redirect")
    assert run(as_json=True) == 1
    found = json.loads(capsys.readouterr().out)
    assert [(one["case"], one["outcome"]) for one in found] == [
        ("admin", "held"),
        ("home", "failed"),
        ("elsewhere", "skipped"),
    ]
    assert found[1]["reasons"] == ["the action is pass"]


def test_one_case_alone(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(project, "redirect")
    assert run(case="admin") == 0
    assert capsys.readouterr().out.endswith("1 of 1 cases hold\n")
    assert run(case="nobody") == 2


def test_a_wrong_file_is_told_with_its_place(project: Path) -> None:
    write(project, "blok")
    assert run() == 2


@pytest.mark.parametrize(
    ("action", "untested", "applied"), [("pass", False, 1), ("redirect", False, 0), ("redirect", True, 1)]
)
def test_nothing_is_applied_while_a_case_does_not_hold(
    project: Path, monkeypatch: pytest.MonkeyPatch, action: str, untested: bool, applied: int
) -> None:
    write(project, action)
    done: list[str] = []
    monkeypatch.setattr(stack, "ROOT", project)
    monkeypatch.setattr(stack, "_require_key", lambda _stack: None)
    monkeypatch.setattr(stack, "by_cli", lambda _engine, _stack: True)
    monkeypatch.setattr(stack, "_run_cli", lambda _argv, name: done.append(name))
    refused = pytest.raises(Exit, match=r"1 of 3 request cases do not hold.*home.*--untested")
    with nullcontext() if applied else refused:
        stack.up.body(Context(), "lab", "auto", False, untested)  # type: ignore[attr-defined]  # an Invoke task
    assert done == ["lab"] * applied
