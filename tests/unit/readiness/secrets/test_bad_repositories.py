"""Repositories that are broken, odd or hostile: bounded, told, and nothing of them executed."""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from adapters.git_repository import GitRepository
from core.errors import SettingsError
from core.leaks import Coverage
from readiness.check import Outcome
from readiness.rows.secrets import checks
from readiness.rows.secrets.baseline import load
from tests.unit.readiness.secrets.repositories import GITHUB, Repo, looked, made

LINE = f"token = '{GITHUB}'\n"


def _two_commits(folder: Path) -> Repo:
    repo = made(folder)
    repo.commit("a.txt", LINE)
    repo.commit("a.txt", "clean\n")
    return repo


def _packed(repo: Repo) -> Path:
    repo.git("repack", "-q", "-a", "-d")
    pack = next((repo.folder / ".git" / "objects" / "pack").glob("*.pack"))
    pack.chmod(0o644)
    return pack


def _corrupt_pack(repo: Repo) -> None:
    pack = _packed(repo)
    data = bytearray(pack.read_bytes())
    data[40 : len(data) - 40] = os.urandom(len(data) - 80)
    pack.write_bytes(data)


def _cut_pack(repo: Repo) -> None:
    pack = _packed(repo)
    os.truncate(pack, pack.stat().st_size // 2)


def _corrupt_index(repo: Repo) -> None:
    repo.write(".git/index", b"DIRC\0\0\0\2\0\0\xff\xff" + os.urandom(60))


def _pipe_for_an_index(repo: Repo) -> None:
    (repo.folder / ".git" / "index").unlink()
    os.mkfifo(repo.folder / ".git" / "index")


def _no_head(repo: Repo) -> None:
    (repo.folder / ".git" / "HEAD").unlink()


def _reference_to_nothing(repo: Repo) -> None:
    repo.write(".git/refs/heads/lost", "a" * 40 + "\n")


@pytest.mark.parametrize(
    "breaks", [_corrupt_pack, _cut_pack, _corrupt_index, _pipe_for_an_index, _no_head, _reference_to_nothing]
)
def test_a_broken_repository_cannot_be_told_and_soon(tmp_path: Path, breaks: Callable[[Repo], None]) -> None:
    repo = made(tmp_path / "repo")
    repo.commit("a.txt", "one\n")
    breaks(repo)
    began = time.monotonic()
    result = looked(repo.folder, tmp_path, seconds=5)[checks.HISTORY.id]
    assert result.outcome is Outcome.CANNOT_TELL, result
    assert "git" in result.summary
    assert time.monotonic() - began < 120


def test_a_bare_repository_is_looked_through_by_its_history(tmp_path: Path) -> None:
    repo = _two_commits(tmp_path / "repo")
    repo.git("clone", "-q", "--bare", str(repo.folder), str(tmp_path / "bare.git"))
    found = looked(tmp_path / "bare.git", tmp_path)
    assert found[checks.HISTORY.id].outcome is Outcome.FAIL
    assert found[checks.TREE.id].outcome is Outcome.NOT_APPLICABLE


def test_a_worktree_has_its_own_files_and_the_history_of_all(tmp_path: Path) -> None:
    repo = _two_commits(tmp_path / "repo")
    repo.git("worktree", "add", "-q", str(tmp_path / "side"), "-b", "side")
    (tmp_path / "side" / "new.txt").write_text(LINE)
    found = looked(tmp_path / "side", tmp_path)
    assert {found[check.id].outcome for check in (checks.TREE, checks.HISTORY)} == {Outcome.FAIL}
    assert looked(repo.folder, tmp_path)[checks.TREE.id].outcome is Outcome.PASS


def test_a_repository_without_a_commit_is_looked_through(tmp_path: Path) -> None:
    repo = Repo(tmp_path / "repo")
    repo.folder.mkdir()
    repo.git("init", "-q")
    assert looked(repo.folder, tmp_path)[checks.HISTORY.id].outcome is Outcome.PASS
    repo.write("a.txt", LINE)
    assert looked(repo.folder, tmp_path)[checks.TREE.id].outcome is Outcome.FAIL


def test_a_folder_of_a_repository_says_what_it_left_out(tmp_path: Path) -> None:
    repo = _two_commits(tmp_path / "repo")
    repo.commit("sub/b.txt", "b\n")
    repo.git("config", "diff.relative", "true")
    result = looked(repo.folder / "sub", tmp_path)[checks.HISTORY.id]
    assert result.outcome is Outcome.FAIL
    assert "it is the folder sub/ of a repository" in str(result.evidence)


def _submodule(tmp_path: Path) -> Repo:
    other, repo = made(tmp_path / "other"), made(tmp_path / "repo")
    repo.git("submodule", "--quiet", "add", str(other.folder), "vendored")
    repo.git("commit", "-q", "-m", "vendor it")
    return repo


def test_a_submodule_that_is_checked_out_is_part_of_it(tmp_path: Path) -> None:
    repo = _submodule(tmp_path)
    found = looked(repo.folder, tmp_path)
    assert {result.outcome for result in found.values()} == {Outcome.PASS}, found
    assert "of 3 commits" in found[checks.HISTORY.id].summary
    repo.write("vendored/new.txt", LINE)
    result = looked(repo.folder, tmp_path)[checks.TREE.id]
    assert result.outcome is Outcome.FAIL
    assert "submodule vendored, working tree: vendored/new.txt:1" in str(result.evidence)


def _not_there(repo: Repo) -> None:
    repo.git("submodule", "--quiet", "deinit", "-f", "vendored")


def _not_what_is_pinned(repo: Repo) -> None:
    repo.git("update-index", "--cacheinfo", f"160000,{'1' * 40},vendored")


def _behind_a_link(repo: Repo) -> None:
    shutil.rmtree(repo.folder / "vendored")
    (repo.folder / "vendored").symlink_to(repo.folder.parent / "other")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (_not_there, "git submodule update --init"),
        (_not_what_is_pinned, "lacks its commit 111111111111"),
        (_behind_a_link, "is not checked out here"),
    ],
)
def test_a_submodule_that_is_not_all_there_cannot_be_told(
    tmp_path: Path, change: Callable[[Repo], None], said: str
) -> None:
    repo = _submodule(tmp_path)
    change(repo)
    result = looked(repo.folder, tmp_path)[checks.HISTORY.id]
    assert result.outcome is Outcome.CANNOT_TELL
    assert "vendored" in result.summary
    assert said in result.summary


# --- size ---


def test_ten_thousand_files_are_looked_through(tmp_path: Path) -> None:
    repo = made(tmp_path / "repo")
    for number in range(10_000):
        repo.write(f"d{number % 100}/f{number}.txt", f"{number}\n")
    repo.write("d50/last.txt", LINE)
    result = looked(repo.folder, tmp_path)[checks.TREE.id]
    assert "of 10002 files" in result.summary
    assert result.outcome is Outcome.FAIL


def test_a_blob_that_is_too_big_is_told_and_not_held(tmp_path: Path) -> None:
    repo = made(tmp_path / "repo")
    with (repo.folder / "huge.bin").open("wb") as file:
        file.truncate(200 << 20)
    repo.git("-c", "core.compression=1", "add", "huge.bin")
    repo.git("commit", "-q", "-m", "huge")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    result = looked(repo.folder, tmp_path)[checks.HISTORY.id]
    assert result.outcome is Outcome.CANNOT_TELL
    assert "huge.bin (209715200 bytes)" in result.summary
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100 * 1024


# --- hostile names ---

NAMES = [
    b"new\nline.txt",
    b"\x1b]0;owned\x07.txt",
    b"--output=x",
    b"-rf",
    b"latin-\xe9.txt",
    b'quo"te\\.txt',
    b"a b\t.txt",
]


def test_hostile_names_are_looked_at_and_shown_harmless(tmp_path: Path) -> None:
    repo = made(tmp_path / "repo")
    for number, name in enumerate(NAMES):
        Path(os.fsdecode(os.fsencode(repo.folder) + b"/" + name)).write_text(f"t = 'ghp_{number}{GITHUB[5:]}'\n")
    repo.git("add", "-A", "--", ".")
    repo.git("commit", "-q", "-m", "names")
    seen = Coverage()
    assert {piece.path for piece in GitRepository(repo.folder).tree(seen)} >= {
        name.decode("utf-8", "replace") for name in NAMES
    }
    for check in (checks.TREE, checks.HISTORY):
        result = looked(repo.folder, tmp_path)[check.id]
        assert f"{len(NAMES)} values in" in result.summary, result
    said = _scanned(repo.folder)
    assert said.returncode == 8, said.stderr
    assert b"\x1b" not in said.stdout + said.stderr
    assert b"\\x1b]0;owned\\x07.txt" in said.stdout
    assert b"new\\x0aline.txt" in said.stdout


def _scanned(folder: Path) -> subprocess.CompletedProcess[bytes]:
    from cli.guard import ROOT

    command = ["invoke", "secrets.scan", "--folder", str(folder)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, check=False, stdin=subprocess.DEVNULL)


def test_what_is_no_repository_is_said_in_a_sentence(tmp_path: Path) -> None:
    said = _scanned(tmp_path)
    assert said.returncode == 8
    assert b"not a git repository" in said.stdout
    assert b"Traceback" not in said.stdout + said.stderr


# --- links and pipes ---


def test_a_folder_that_became_a_link_is_not_followed(tmp_path: Path) -> None:
    repo = made(tmp_path / "repo")
    repo.commit("conf/app.txt", "a\n")
    shutil.rmtree(repo.folder / "conf")
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "app.txt").write_text(LINE)
    (repo.folder / "conf").symlink_to(tmp_path / "elsewhere")
    assert looked(repo.folder, tmp_path)[checks.TREE.id].outcome is Outcome.PASS


def test_links_that_go_round_are_passed_over(tmp_path: Path) -> None:
    repo = made(tmp_path / "repo")
    (repo.folder / "loop").symlink_to("loop")
    (repo.folder / "up").symlink_to(".")
    repo.git("add", "-A")
    repo.git("commit", "-q", "-m", "loops")
    found = looked(repo.folder, tmp_path)
    assert {result.outcome for result in found.values()} == {Outcome.PASS}, found


def _pipe(path: Path) -> None:
    os.mkfifo(path)


def _link_to_a_device(path: Path) -> None:
    path.symlink_to("/dev/zero")


def _folder(path: Path) -> None:
    path.mkdir()


@pytest.mark.parametrize("put", [_pipe, _link_to_a_device, _folder])
def test_a_baseline_that_is_no_file_is_refused_at_once(tmp_path: Path, put: Callable[[Path], None]) -> None:
    put(tmp_path / "secrets-baseline.yaml")
    with pytest.raises(SettingsError, match="no plain file"):
        load(tmp_path)


# --- hostile settings ---

TRAPS = (
    *("core.fsmonitor", "diff.external", "diff.evil.textconv", "diff.evil.command", "filter.evil.clean"),
    *("filter.evil.smudge", "filter.evil.process", "core.pager", "pager.log", "gpg.program", "core.sshCommand"),
    *("core.alternateRefsCommand", "core.editor", "credential.helper", "core.askPass", "remote.origin.uploadpack"),
    *("diff.tool", "merge.evil.driver", "core.gitProxy", "ssh.variant", "uploadpack.packObjectsHook"),
)


def test_no_command_of_a_repositorys_or_its_submodules_is_run(tmp_path: Path) -> None:
    repo = _submodule(tmp_path)
    ran = tmp_path / "ran"
    for inner in (repo, Repo(repo.folder / "vendored")):
        inner.commit(".gitattributes", "* diff=evil filter=evil merge=evil\n")
        inner.commit("a.txt", "a\n")
        inner.commit("a.txt", "b\n")
        _set_traps(inner, tmp_path / "evil", ran)
    found = looked(repo.folder, tmp_path)
    assert not ran.exists()
    assert found[checks.HISTORY.id].outcome is Outcome.CANNOT_TELL, found
    assert "partial clone" in found[checks.HISTORY.id].summary


def _set_traps(repo: Repo, evil: Path, ran: Path) -> None:
    evil.write_text(f'#!/bin/sh\necho "$0 $*" >>{ran}\ncat\n')
    evil.chmod(0o755)
    for word in TRAPS:
        repo.git("config", word, str(evil))
    # What a clone would fetch lazily, from a program.
    for word, value in (
        ("remote.origin.url", f"ext::{evil}"),
        ("remote.origin.promisor", "true"),
        ("protocol.ext.allow", "always"),
        ("protocol.allow", "always"),
        ("core.worktree", ""),
    ):
        if value:
            repo.git("config", word, value)
    ran.unlink(missing_ok=True)
