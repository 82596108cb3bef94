"""Which revision of the source a release was deployed from, for the ledger."""

from __future__ import annotations

import subprocess
from pathlib import Path

_SECONDS = 5.0


def revision(folder: Path) -> str | None:
    """The Git commit that is checked out in ``folder``, with ``+dirty`` where files differ from it.

    None outside of a work tree, before its first commit, without Git, or where it does not answer in 5 s: a release is
    never held up by it.
    """
    commit = _git(folder, "rev-parse", "--verify", "HEAD")
    if commit is None:
        return None
    changed = _git(folder, "status", "--porcelain", "--untracked-files=no")
    return commit if changed == "" else f"{commit}+dirty"


def committed_at(folder: Path) -> int | None:
    """When the commit that is checked out in ``folder`` was made, in seconds since 1970; or None, as of a revision."""
    text = _git(folder, "log", "-1", "--format=%ct")
    return int(text) if text and text.isdecimal() else None


def _git(folder: Path, *words: str) -> str | None:
    try:
        done = subprocess.run(
            ["git", "--no-optional-locks", "-C", str(folder), *words],
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
            timeout=_SECONDS,
            stdin=subprocess.DEVNULL,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None
