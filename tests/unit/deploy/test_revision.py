"""The revision that the ledger has: of a work tree, a changed one, none."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from deploy.revision import committed_at, revision


def git(folder: Path, *words: str) -> str:
    identity = ["-c", "user.name=tester", "-c", "user.email=tester@example.com"]
    done = subprocess.run(["git", *identity, *words], cwd=folder, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_a_commit_and_what_differs_from_it(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    assert revision(tmp_path) is None
    (tmp_path / "a").write_text("a")
    git(tmp_path, "add", "a")
    git(tmp_path, "commit", "-q", "-m", "first", "--date", "2026-01-01T00:00:00Z")
    commit = git(tmp_path, "rev-parse", "HEAD")
    assert revision(tmp_path) == commit
    assert committed_at(tmp_path) == int(git(tmp_path, "log", "-1", "--format=%ct"))
    (tmp_path / "untracked").write_text("x")
    assert revision(tmp_path) == commit
    (tmp_path / "a").write_text("b")
    assert revision(tmp_path) == f"{commit}+dirty"


def test_outside_of_a_work_tree_and_without_git_there_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert (revision(tmp_path), committed_at(tmp_path)) == (None, None)
    assert revision(tmp_path / "none") is None
    monkeypatch.setenv("PATH", "/nonexistent")
    assert revision(Path(__file__).parent) is None
