"""What a repository hides is found, and what could not be seen is never a pass. With Git and the scanner themselves."""

from __future__ import annotations

import base64
import hashlib
import os
import re
import shutil
import subprocess
import textwrap
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from adapters.betterleaks import Betterleaks
from adapters.git_repository import GitRepository
from core.errors import SettingsError
from core.leaks import Coverage, Piece
from core.secret import Secret
from readiness.check import Outcome
from readiness.rows.secrets import checks
from readiness.rows.secrets.baseline import load
from readiness.rows.secrets.spellings import Spotter
from tests.unit.readiness.secrets.repositories import CLOUDFLARE, GITHUB, Repo, looked, made

OWN = "k3Rf9-pQx_7Lm2/Vb+8w=Zt"
LINE = f"token = '{GITHUB}'\n"


def _history(repo: Repo, tmp_path: Path) -> tuple[Outcome, str]:
    result = looked(repo.folder, tmp_path)[checks.HISTORY.id]
    return result.outcome, result.summary


def _env_in_history(repo: Repo, token: str) -> None:
    repo.commit(".env", f"GITHUB_TOKEN={token}\n")
    repo.commit(".env", None)


def _in_a_message(repo: Repo, token: str) -> None:
    repo.commit("message.txt", "a\n", f"use {token} for now")


def _in_a_merge_alone(repo: Repo, token: str) -> None:
    repo.git("checkout", "-q", "-b", "side")
    repo.commit("merged.txt", "side\n")
    repo.git("checkout", "-q", "main")
    repo.commit("merged.txt", "main\n")
    with pytest.raises(subprocess.CalledProcessError):
        repo.git("merge", "-q", "side")
    repo.commit("merged.txt", f"both\ntoken = '{token}'\n", "Merge side")
    repo.commit("merged.txt", "both\n")


def _in_a_stash(repo: Repo, token: str) -> None:
    repo.write("README.md", f"token = '{token}'\n")
    repo.git("stash")


def _in_a_commit_that_nothing_leads_to(repo: Repo, token: str) -> None:
    before = repo.git("rev-parse", "HEAD")
    repo.commit("lost.txt", f"token = '{token}'\n")
    repo.git("reset", "-q", "--hard", before)
    repo.git("reflog", "expire", "--expire=now", "HEAD")


def _added_and_never_committed(repo: Repo, token: str) -> None:
    repo.write("added.txt", f"token = '{token}'\n")
    repo.git("add", "added.txt")
    repo.git("reset", "-q")
    (repo.folder / "added.txt").unlink()


def _behind_an_attribute(repo: Repo, token: str) -> None:
    repo.commit(".gitattributes", "*.hidden -diff\n")
    repo.commit("a.hidden", f"token = '{token}'\n")
    repo.commit("a.hidden", None)


def _on_another_branch(repo: Repo, token: str) -> None:
    repo.git("checkout", "-q", "-b", "other")
    repo.commit("dir with space/é\t.txt", f"token = '{token}'\n")
    repo.git("checkout", "-q", "main")


def _in_a_tag(repo: Repo, token: str) -> None:
    repo.git("tag", "-a", "v1", "-m", f"made with {token}")


def _with_a_mark_that_allows_it(repo: Repo, token: str) -> None:
    repo.commit("allowed.py", f"token = '{token}'  # gitleaks:allow betterleaks:allow\n")


def _in_a_file_that_is_like_a_patch(repo: Repo, token: str) -> None:
    repo.commit("a.patch", f"diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n+t = '{token}'\n\\ No newline\n")


def _without_a_newline_at_the_end(repo: Repo, token: str) -> None:
    repo.commit("end.txt", "a")
    repo.commit("end.txt", f"t = '{token}'")
    repo.commit("end.txt", "b")


SEEDED: dict[str, Callable[[Repo, str], None]] = {
    function.__name__.strip("_"): function
    for function in (
        _env_in_history,
        _in_a_message,
        _in_a_merge_alone,
        _in_a_stash,
        _in_a_commit_that_nothing_leads_to,
        _added_and_never_committed,
        _behind_an_attribute,
        _on_another_branch,
        _in_a_tag,
        _with_a_mark_that_allows_it,
        _in_a_file_that_is_like_a_patch,
        _without_a_newline_at_the_end,
    )
}


@pytest.fixture(scope="module")
def found_in_history(tmp_path_factory: pytest.TempPathFactory) -> tuple[set[str], Coverage]:
    """All faults in one repository, a token each, scanned once: the fingerprints that were found."""
    folder = tmp_path_factory.mktemp("seeded")
    repo, seen = made(folder / "repo"), Coverage()
    for name, seed in SEEDED.items():
        seed(repo, _token(name))
    scanned = Betterleaks(folder).scan(GitRepository(repo.folder).history(seen))
    return {leak.fingerprint for leak in scanned.leaks}, seen


def _token(name: str) -> str:
    """One that is nobody's, of GitHub's form."""
    return "ghp_" + hashlib.sha256(name.encode()).hexdigest()[:36]


@pytest.mark.parametrize("name", SEEDED)
def test_a_secret_anywhere_in_the_history_is_found(found_in_history: tuple[set[str], Coverage], name: str) -> None:
    assert hashlib.sha256(_token(name).encode()).hexdigest() in found_in_history[0]


def test_an_honest_repository_passes_with_its_coverage(tmp_path: Path) -> None:
    repo = made(tmp_path / "repo")
    repo.commit("src/a.py", "print('hello')\n")
    found = looked(repo.folder, tmp_path)
    assert {result.outcome for result in found.values()} == {Outcome.PASS}, found
    assert "of 2 commits" in found[checks.HISTORY.id].summary
    assert "git rev-list --all --count: 2" in str(found[checks.HISTORY.id].evidence)


def test_cloudflares_tokens_of_each_kind_are_found(tmp_path: Path) -> None:
    kinds = ("cfk", "cfut", "cfat")
    pieces = [Piece("tree", kind, f"export TOKEN={kind}{CLOUDFLARE}\n".encode()) for kind in kinds]
    leaks = Betterleaks(tmp_path).scan(pieces).leaks
    assert {leak.path for leak in leaks if leak.confidence == "high"} == set(kinds)


def test_a_key_in_the_tree_is_told_with_its_line_and_without_its_value(tmp_path: Path) -> None:
    repo = made(tmp_path / "repo")
    repo.write("src/a.py", f"\n\nTOKEN = '{GITHUB}'\n")
    result = looked(repo.folder, tmp_path)[checks.TREE.id]
    assert "src/a.py:3" in str(result.evidence)
    assert GITHUB not in str(result)


SPELT = {
    "plain": OWN,
    "base64": base64.b64encode(b"user:" + OWN.encode()).decode(),
    "base64 over lines": textwrap.fill(base64.b64encode(b"z" * 50 + OWN.encode() + b"yy").decode(), 64),
    "hex": OWN.encode().hex(),
    "reversed": OWN[::-1],
    "in two halves": f"'{OWN[:9]}' +\n    '{OWN[9:]}'",
}


def test_an_own_value_in_an_old_commit_is_found_in_any_spelling(tmp_path: Path) -> None:
    repo = made(tmp_path / "repo")
    for text in SPELT.values():
        repo.commit("a.txt", f"x = {text}\n")
    repo.commit("a.txt", "x\n")
    spotter = Spotter({"session-key": Secret(OWN)})
    places = {piece.place for piece in spotter.watch(GitRepository(repo.folder).history(Coverage()))}
    assert len({spot.place for spot in spotter.spots}) == len(SPELT)
    commits = {place.removeprefix("message of ") for place in places if place.startswith(("commit ", "message of "))}
    assert len(commits) == len(SPELT) + 2


def test_an_own_value_fails_and_is_not_shown(tmp_path: Path) -> None:
    repo = made(tmp_path / "repo")
    repo.commit("a.txt", f"x = {OWN}\n")
    result = looked(repo.folder, tmp_path, {"session-key": OWN})[checks.OWN_VALUES.id]
    assert result.outcome is Outcome.FAIL
    assert "session-key" in result.summary
    assert OWN not in str(result)


# --- what cannot be seen whole is not passed ---


def test_a_shallow_clone_cannot_be_told(tmp_path: Path) -> None:
    repo = made(tmp_path / "whole")
    _env_in_history(repo, GITHUB)
    repo.commit("a.txt", "a\n")
    repo.git("clone", "-q", "--depth=1", f"file://{repo.folder}", str(tmp_path / "shallow"))
    outcome, summary = _history(Repo(tmp_path / "shallow"), tmp_path)
    assert outcome is Outcome.CANNOT_TELL
    assert "fetch-depth 0" in summary


@pytest.mark.parametrize("kind", ["blob", "tree", "commit"])
def test_a_history_with_an_object_missing_cannot_be_told(tmp_path: Path, kind: str) -> None:
    repo = made(tmp_path / "repo")
    repo.commit("a.txt", "one\n")
    name = repo.git("rev-parse", {"blob": "HEAD:a.txt", "tree": "HEAD^{tree}", "commit": "HEAD~1"}[kind])
    repo.commit("a.txt", "two\n")
    (repo.folder / ".git" / "objects" / name[:2] / name[2:]).unlink()
    outcome, summary = _history(repo, tmp_path)
    assert outcome is Outcome.CANNOT_TELL, summary
    assert "git" in summary


def test_a_partial_clone_cannot_be_told_and_fetches_nothing(tmp_path: Path) -> None:
    repo = made(tmp_path / "whole")
    repo.git("config", "uploadpack.allowFilter", "true")
    repo.commit("a.txt", LINE)
    repo.commit("a.txt", "a\n")
    repo.git("clone", "-q", "--filter=blob:none", f"file://{repo.folder}", str(tmp_path / "partial"))
    outcome, summary = _history(Repo(tmp_path / "partial"), tmp_path)
    assert outcome is Outcome.CANNOT_TELL, summary


def test_a_graft_that_cuts_the_history_off_is_not_heeded(tmp_path: Path) -> None:
    repo = made(tmp_path / "repo")
    _env_in_history(repo, GITHUB)
    head = repo.git("rev-parse", "HEAD")
    repo.write(".git/info/grafts", f"{head}\n")
    assert _history(repo, tmp_path)[0] is Outcome.FAIL


def test_a_replacement_that_hides_a_secret_is_not_heeded(tmp_path: Path) -> None:
    repo = made(tmp_path / "repo")
    bad = repo.commit("a.txt", LINE)
    repo.git("replace", bad, repo.git("rev-parse", "HEAD~1"))
    assert _history(repo, tmp_path)[0] is Outcome.FAIL


def test_what_is_no_repository_cannot_be_told(tmp_path: Path) -> None:
    (tmp_path / "plain").mkdir()
    found = looked(tmp_path / "plain", tmp_path)
    assert {found[check.id].outcome for check in (checks.TREE, checks.HISTORY)} == {Outcome.CANNOT_TELL}


# --- hostile ---


def test_nothing_of_a_repository_is_executed(tmp_path: Path) -> None:
    repo = made(tmp_path / "repo")
    repo.commit(".gitattributes", "* diff=evil filter=evil\n")
    repo.commit("a.txt", "a\n")
    ran = tmp_path / "ran"
    evil = repo.write(".git/evil", f"#!/bin/sh\ntouch {ran}\ncat\n")
    evil.chmod(0o755)
    for hook in ("post-index-change", "reference-transaction", "pre-auto-gc"):
        shutil.copy(evil, repo.folder / ".git" / "hooks" / hook)
    words: tuple[str, ...] = (
        "core.fsmonitor",
        "diff.external",
        "diff.evil.textconv",
        "diff.evil.command",
        "filter.evil.clean",
    )
    words += ("filter.evil.smudge", "core.pager", "gpg.program", "core.sshCommand", "core.alternateRefsCommand")
    for word in words:
        repo.git("config", word, str(evil))
    repo.git("config", "log.showSignature", "true")
    repo.git("config", "alias.log", f"!{evil}")
    ran.unlink(missing_ok=True)
    found = looked(repo.folder, tmp_path)
    assert not ran.exists()
    assert found[checks.HISTORY.id].outcome is Outcome.PASS, found


def test_a_file_of_two_gigabytes_is_told_and_not_read(tmp_path: Path) -> None:
    repo = made(tmp_path / "repo")
    with (repo.folder / "huge.bin").open("wb") as file:
        file.truncate(2 << 30)
    began = time.monotonic()
    result = looked(repo.folder, tmp_path)[checks.TREE.id]
    assert result.outcome is Outcome.CANNOT_TELL
    assert "huge.bin" in result.summary
    assert time.monotonic() - began < 10


def test_files_that_are_none_are_passed_over(tmp_path: Path) -> None:
    repo = made(tmp_path / "repo")
    os.mkfifo(repo.folder / "pipe")
    (repo.folder / "link").symlink_to("/etc/shadow")
    assert looked(repo.folder, tmp_path)[checks.TREE.id].outcome is Outcome.PASS


# --- closed findings ---

BASELINE = """\
salt: "00112233445566778899aabbccddeeff"
closed:
  - digest: "{digest}"
    verdict: rotated
    who: Ann Owner
    when: "2026-01-31"
    why: It was replaced at GitHub on that day.
"""


def _digest(repo: Repo, tmp_path: Path) -> str:
    repo.write("secrets-baseline.yaml", 'salt: "00112233445566778899aabbccddeeff"\n')
    table = looked(repo.folder, tmp_path)[checks.HISTORY.id].evidence[-1]
    return str(table.rows[0][-1])  # type: ignore[union-attr]


def test_a_finding_that_somebody_closed_is_shown_and_fails_no_more(tmp_path: Path) -> None:
    repo = made(tmp_path / "repo")
    _env_in_history(repo, GITHUB)
    repo.write("secrets-baseline.yaml", BASELINE.format(digest=_digest(repo, tmp_path)))
    found = looked(repo.folder, tmp_path)
    assert found[checks.HISTORY.id].outcome is Outcome.PASS, found[checks.HISTORY.id]
    assert "Ann Owner" in str(found[checks.BASELINE.id].evidence)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda text: text.replace("    who: Ann Owner\n", ""), "who"),
        (lambda text: text.replace('    when: "2026-01-31"\n', ""), "when"),
        (lambda text: text.replace("why: It was replaced at GitHub on that day.", "why: ok"), "why"),
        (lambda text: text.replace('digest: "', 'digest: "0'), "digest"),
        (lambda text: text + "  - rule: github-pat\n    verdict: rotated\n", "closed[1]"),
    ],
)
def test_an_entry_that_nobody_answers_for_is_refused(tmp_path: Path, change: Callable[[str], str], said: str) -> None:
    (tmp_path / "secrets-baseline.yaml").write_text(change(BASELINE.format(digest="ab" * 16)), encoding="utf-8")
    with pytest.raises(SettingsError, match=re.escape(said)):
        load(tmp_path)


def test_an_entry_that_closes_nothing_is_told(tmp_path: Path) -> None:
    repo = made(tmp_path / "repo")
    repo.write("secrets-baseline.yaml", BASELINE.format(digest="0" * 32))
    result = looked(repo.folder, tmp_path)[checks.BASELINE.id]
    assert result.outcome is Outcome.PASS
    assert "1 entry found nothing to close here: 0000" in result.summary


def test_no_baseline_closes_by_its_file_what_the_scanner_is_sure_of(tmp_path: Path) -> None:
    repo = made(tmp_path / "repo")
    repo.commit("a.txt", LINE)
    text = BASELINE.format(digest="").replace('  - digest: ""\n', "  - rule: github-pat\n    paths: ['*']\n")
    repo.write("secrets-baseline.yaml", text)
    assert looked(repo.folder, tmp_path)[checks.HISTORY.id].outcome is Outcome.FAIL
