"""A journal on the controller's own disk."""

from __future__ import annotations

import os
from pathlib import Path

from core.errors import HostError


class FileRecord:
    """Fulfils :class:`core.ports.Record`: one file, of which only its owner reads."""

    def __init__(self, path: Path) -> None:
        """The file and its folder are made with the first line."""
        self._path = path

    def add(self, line: str) -> None:
        """Append one line, on the disk before this returns."""
        try:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
            try:
                os.write(descriptor, f"{line}\n".encode())
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
        except OSError as error:
            raise HostError(f"{self._path} cannot be written ({error.strerror or error})") from None
