"""What is asked before everything of a stack is deleted."""

from __future__ import annotations

import io
import shutil
from pathlib import Path
from typing import Any

import pytest
from invoke.context import Context
from invoke.exceptions import Exit

from cli import stack as tasks
from cli import world
from core.errors import LaunchReadyError

ROOT = Path(__file__).resolve().parents[3]


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def destroyed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What was handed to the engine for deletion."""
    (tmp_path / "stacks").mkdir()
    lab = (ROOT / "stacks" / "Pulumi.lab.yaml").read_text()
    (tmp_path / "stacks" / "Pulumi.lab.yaml").write_text(lab)
    (tmp_path / "stacks" / "Pulumi.prod.yaml").write_text(lab.replace("protect: false", "protect: true"))
    done: list[str] = []

    def note(name: str) -> Any:
        done.append(name)
        raise LaunchReadyError("as far as this test goes")

    monkeypatch.setattr(tasks, "ROOT", tmp_path)
    monkeypatch.setattr(world, "ROOT", tmp_path)
    monkeypatch.setattr(tasks, "project", note)
    return done


def destroy(monkeypatch: pytest.MonkeyPatch, stdin: io.StringIO, **options: Any) -> str:
    monkeypatch.setattr("sys.stdin", stdin)
    with pytest.raises(Exit) as caught:
        tasks.destroy(Context(), engine="lab", **options)
    return str(caught.value)


@pytest.mark.parametrize(
    ("typed", "options", "sentence"),
    [
        (io.StringIO("prod\n"), {}, "say so with --confirm prod"),
        (io.StringIO(), {"confirm": "lab"}, "'lab' is not the name of the stack, prod: nothing was deleted"),
        (Terminal("yes\n"), {}, "'yes' is not the name of the stack, prod: nothing was deleted"),
        (Terminal("\n"), {}, "say so with --confirm prod"),
    ],
)
def test_without_the_name_nothing_is_deleted(
    destroyed: list[str], monkeypatch: pytest.MonkeyPatch, typed: io.StringIO, options: Any, sentence: str
) -> None:
    assert sentence in destroy(monkeypatch, typed, stack="prod", **options)
    assert destroyed == []


@pytest.mark.parametrize(
    ("typed", "options"),
    [
        (io.StringIO(), {"stack": "prod", "confirm": "prod"}),
        (Terminal("prod\n"), {"stack": "prod"}),
        (io.StringIO(), {"stack": "lab"}),
    ],
)
def test_with_the_name_or_on_the_unprotected_lab_it_goes_on(
    destroyed: list[str], monkeypatch: pytest.MonkeyPatch, typed: io.StringIO, options: Any
) -> None:
    destroy(monkeypatch, typed, **options)
    assert destroyed == [options["stack"]]


def test_a_lab_that_is_protected_is_asked_for_too(
    destroyed: list[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    shutil.copy(tmp_path / "stacks" / "Pulumi.prod.yaml", tmp_path / "stacks" / "Pulumi.lab.yaml")
    assert "--confirm lab" in destroy(monkeypatch, io.StringIO(), stack="lab")
    assert destroyed == []
