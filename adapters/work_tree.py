"""Files read where others may have put something else: no link is followed, and no pipe waited for."""

from __future__ import annotations

import os
import stat
from pathlib import Path, PurePosixPath

from adapters.git_safe import BIG_BYTES
from core.leaks import Coverage, Piece


def read_plain(path: Path, most: int) -> bytes | int | str:
    """What the file holds; its size, if that is more than ``most`` bytes; else why it is not read.

    "" stands for what is no file of its own: a link, a folder, a pipe, or nothing at all.
    """
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        return "" if path.is_symlink() or not path.exists() else str(error.strerror)
    kept = os.fstat(handle)
    if not stat.S_ISREG(kept.st_mode):
        os.close(handle)
        return ""
    with os.fdopen(handle, "rb") as file:
        return kept.st_size if kept.st_size > most else file.read(most)


class WorkTree:
    """The files below ``folder``."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._straight = {PurePosixPath("."): True}

    def piece(self, name: bytes, seen: Coverage) -> Piece | None:
        """The file of that path, as Git has it, if it is one; ``seen`` is told if it could not be looked at."""
        path = PurePosixPath(os.fsdecode(name))
        shown = name.decode("utf-8", "replace")
        if not self._is_straight(path.parent):
            return None
        data = read_plain(self._folder / path, BIG_BYTES)
        if isinstance(data, bytes):
            seen.files += 1
            return Piece("working tree", shown, data, 1)
        if data:
            seen.left_out.append(f"{shown} ({data} bytes)" if isinstance(data, int) else f"{shown} ({data})")
        return None

    def _is_straight(self, folder: PurePosixPath) -> bool:
        """Whether no part of it has become a link since it was added: what is behind one is another folder's."""
        if folder not in self._straight:
            link = (self._folder / folder).is_symlink()
            self._straight[folder] = not link and self._is_straight(folder.parent)
        return self._straight[folder]
