"""A command of the user's own: run without a shell, bounded in time, and heard."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import pytest

from adapters.local_command import LocalCommand


def run(tmp_path: Path, *words: str, timeout: float = 20) -> tuple[int, str, str]:
    ran = LocalCommand(tmp_path, {"STACK": "lab"}).run(words, environment={"VERSION": "2"}, timeout=timeout)
    return ran.status, ran.out, ran.err


def test_it_has_its_folder_and_its_environment_and_no_shell(tmp_path: Path) -> None:
    code = "import os, sys; print(os.getcwd(), os.environ['STACK'], os.environ['VERSION'], sys.argv[1]); sys.exit(3)"
    status, out, _ = run(tmp_path, sys.executable, "-c", code, "$(id); *")
    assert (status, out) == (3, f"{tmp_path} lab 2 $(id); *\n")


def test_what_cannot_be_started_says_so(tmp_path: Path) -> None:
    assert run(tmp_path, "./nothing") == (127, "", "it cannot be started: No such file or directory")


@pytest.mark.parametrize("words", [("sleep", "60"), ("sh", "-c", "echo begun; sleep 60 & wait")])
def test_what_takes_too_long_is_ended_with_its_children(tmp_path: Path, words: tuple[str, ...]) -> None:
    began = time.monotonic()
    status, _, err = run(tmp_path, *words, timeout=0.5)
    assert status == 124
    assert err.endswith("it took longer than 0.5 s")
    assert time.monotonic() - began < 10


def test_only_the_end_of_what_it_says_is_kept(tmp_path: Path) -> None:
    status, out, _ = run(tmp_path, sys.executable, "-c", "print('x' * 10**6); print('last')")
    assert status == 0
    assert len(out) == 64 * 1024
    assert out.endswith("x\nlast\n")
