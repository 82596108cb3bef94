"""A commit's files in a folder of their own."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from adapters.git_tree import tree_at
from core.errors import ReviewError


def _git(folder: Path, *words: str) -> None:
    who = ["-c", "user.name=somebody", "-c", "user.email=somebody@community.test"]
    subprocess.run(["git", *who, *words], cwd=folder, check=True, capture_output=True)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    folder = tmp_path / "repository"
    (folder / "stacks").mkdir(parents=True)
    (folder / "stacks" / "a file").write_text("before\n")
    (folder / "stacks" / "link").symlink_to("a file")
    (folder / "outside").symlink_to("/etc/hostname")
    _git(folder, "init", "--quiet", "--initial-branch=main")
    _git(folder, "add", ".")
    _git(folder, "commit", "--quiet", "--message=before")
    (folder / "stacks" / "a file").write_text("after\n")
    return folder


def test_the_files_are_those_of_the_commit_and_go_afterwards(repository: Path) -> None:
    with tree_at(repository, "main") as tree:
        assert (tree / "stacks" / "a file").read_text() == "before\n"
        assert (tree / "stacks" / "link").read_text() == "before\n"
        assert sorted(path.name for path in tree.iterdir()) == ["outside", "stacks"]
    assert not tree.exists()
    assert (repository / "stacks" / "a file").read_text() == "after\n"


@pytest.mark.parametrize("ref", ["nothing", "--output=elsewhere", "", "main:stacks"])
def test_what_is_no_commit_is_told(repository: Path, ref: str) -> None:
    with pytest.raises(ReviewError, match="git knows no commit"), tree_at(repository, ref):
        pass
