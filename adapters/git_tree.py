"""A commit's files in a folder of their own, without a word to the repository that they come from."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from core.errors import ReviewError

_SECONDS = 120


@contextmanager
def tree_at(root: Path, ref: str) -> Iterator[Path]:
    """The files of ``ref`` in a temporary folder, which goes afterwards. Raises :class:`ReviewError`."""
    commit = _git(root, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{ref}^{{commit}}").decode().strip()
    if not commit:
        raise ReviewError(f"git knows no commit {ref!r} here: fetch it, or name another (`git fetch origin {ref}`)")
    with tempfile.TemporaryDirectory(prefix="launch-ready-base-") as name:
        folder = Path(name).resolve()
        archive = folder / "tree.tar"
        _git(root, "archive", "--format=tar", f"--output={archive}", commit)
        _unpack(archive, folder)
        archive.unlink()
        yield folder


def _unpack(archive: Path, folder: Path) -> None:
    """By tar(1), which leads nothing outside: Python's filters for that came with 3.11.4, and Debian 12 has 3.11.2."""
    done = subprocess.run(
        ["tar", "-xf", str(archive), "-C", str(folder)], capture_output=True, check=False, timeout=_SECONDS
    )
    if done.returncode:
        raise ReviewError(f"tar failed: {done.stderr.decode(errors='replace').strip()[:200]}")


def _git(root: Path, *words: str) -> bytes:
    try:
        done = subprocess.run(["git", "-C", str(root), *words], capture_output=True, check=False, timeout=_SECONDS)
    except FileNotFoundError:
        raise ReviewError("git is not installed, and --base needs it") from None
    except subprocess.TimeoutExpired:
        raise ReviewError(f"git {words[0]} took more than {_SECONDS} s") from None
    if done.returncode and words[0] != "rev-parse":
        raise ReviewError(f"git {words[0]} failed: {done.stderr.decode(errors='replace').strip()[:200]}")
    return done.stdout
