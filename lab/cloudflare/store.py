"""The API's state: one JSON document in memory, and the same on disk after every change.

A change is a block without ``await`` in one event loop, so changes are serialised. It is all or nothing: when the
block or the write fails, memory goes back to what is on disk. The file is written beside, synced and renamed, so that
a power cut or ``kill -9`` leaves the state before the change or after it.
"""

from __future__ import annotations

import fcntl
import json
import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from core.errors import LabError
from lab.cloudflare.errors import ApiError
from lab.cloudflare.snapshot import parse_snapshot

Json = dict[str, Any]


def new_id() -> str:
    """A fresh identifier of 32 hexadecimal digits."""
    return secrets.token_hex(16)


def now() -> str:
    """The time in Cloudflare's format: UTC, microseconds, ``Z``."""
    return datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


class Store:
    """Open it once a process: it holds a lock beside the file for as long as the process lives.

    Raises :class:`LabError` if another process has the file, if it cannot be read or written, or if it is damaged.
    """

    def __init__(self, path: Path, account_id: str) -> None:
        self.path = path
        self.on_change: Callable[[], None] | None = None
        """Called after each change; it must raise nothing, and changes nothing."""
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._lock = _lock(path.with_suffix(".lock"))
            if path.exists():
                self._saved = path.read_bytes()
                parse_snapshot(self._saved, path)
            else:
                self._saved = _encode(_empty(account_id))
                _replace(path, self._saved)
        except OSError as error:
            raise LabError(f"the Cloudflare state {path} cannot be opened: {error.strerror}") from None
        self.state: Json = json.loads(self._saved)

    @contextmanager
    def change(self) -> Iterator[Json]:
        """Yield the state to be changed; it is on disk when the block is left. The block must not ``await``.

        Raises what the block raises, and :class:`ApiError` (status 500) if the file cannot be written; nothing has
        changed then.
        """
        try:
            yield self.state
            self.state["revision"] += 1
            encoded = _encode(self.state)
            _replace(self.path, encoded)
        except OSError as error:
            self.state = json.loads(self._saved)
            raise ApiError(500, 1000, f"the lab could not write its state: {error.strerror}") from error
        except BaseException:
            self.state = json.loads(self._saved)
            raise
        self._saved = encoded
        if self.on_change:
            self.on_change()


def _empty(account_id: str) -> Json:
    account = {"id": account_id, "name": "Launch Ready lab", "created_on": now()}
    return {"revision": 0, "accounts": [account], "zones": [], "secrets_stores": []}


def _encode(state: Json) -> bytes:
    return json.dumps(state, allow_nan=False, separators=(",", ":")).encode()


def _lock(path: Path) -> int:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        raise LabError(f"another process serves this Cloudflare state: {path} is locked; stop that one first") from None
    return descriptor


def _replace(path: Path, data: bytes) -> None:
    """Put ``data`` in the place of ``path``, private, durable and at once."""
    beside = path.with_suffix(".new")
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(descriptor)
    beside.replace(path)
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
