"""What the logic of a release needs of the world, as protocols: adapters fulfil them, tests fake them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Literal, Protocol, TypeAlias

from core.secret import Secret
from core.settings.credentials import Credential

Input: TypeAlias = Path | bytes | Iterable[bytes] | None
"""What a script reads from its standard input: a file's bytes, these bytes, pieces as they come, or nothing."""


@dataclass(frozen=True)
class Ran:
    """How a script ended: its exit status and what it said."""

    status: int
    out: str
    err: str


class Held(Protocol):
    """A script that goes on on the host until it is let go, or until the connection is lost."""

    @property
    def said(self) -> Ran:
        """What it has said up to its line ``end``, with status 0; or how it ended before that."""
        ...

    def beat(self) -> None:
        """Send it a line, so that it knows of us. Raises nothing: a lost connection shows in the next step."""
        ...

    def let_go(self) -> None:
        """End its standard input and wait for it to end. Raises nothing: a lost connection has let go already."""
        ...


class Shell(Protocol):
    """One host's shell, over one connection. Each call raises :class:`core.errors.HostError` naming the host."""

    @property
    def name(self) -> str:
        """The host's name in every message."""
        ...

    def connect(self) -> None:
        """Log in, if that is not done: the other calls do it where they must."""
        ...

    def run(self, script: str, *, timeout: float, stdin: Input = None) -> Ran:
        """Run ``script`` with ``sh`` on ``stdin``. ``timeout`` in seconds, for all of it.

        A script that ends without reading its input to the end is no error. What the input's pieces raise is raised.
        """
        ...

    def pull(self, script: str, into: Path, *, timeout: float) -> Ran:
        """Run ``script`` and write its standard output, as it is, to the file ``into``: ``out`` is empty then."""
        ...

    def hold(self, script: str, *, timeout: float) -> Held:
        """Start ``script`` and come back when it has said ``end`` or has ended, at most after ``timeout`` seconds."""
        ...

    def close(self) -> None:
        """Cut the connection: whatever was held is let go, whatever waits for an answer fails."""
        ...


class SecretStore(Protocol):
    """One kind of place that secrets come from. It may be asked from several threads at once."""

    def read(self, wanted: Credential) -> Secret:
        """The value, never empty.

        Raises :class:`core.errors.SettingsError` where it is not there or cannot be understood, and
        :class:`core.errors.StoreError` where the place does not answer or refuses; no message holds a value.
        """
        ...


@dataclass(frozen=True)
class Kept:
    """A secret as a place has it, without its value. ``changed`` is when that last changed, where it is known."""

    changed: datetime | None = None
    version: str = ""


@dataclass(frozen=True)
class Answer:
    """What came back for one request: ``status`` 0 and a reason where nothing did."""

    status: int
    release: str = ""
    reason: str = ""


class LocalCommand(Protocol):
    """A command on the machine that the releaser runs on."""

    def run(self, words: Sequence[str], *, environment: Mapping[str, str], timeout: float) -> Ran:
        """Run ``words`` without a shell, with ``environment`` beside its own. Raises nothing.

        One that cannot be started, or takes longer than ``timeout`` seconds, has ended with status 127 or 124 and says
        why. It is given nothing to read; at most the last 64 KiB of what it says are kept.
        """
        ...


class EdgeProbe(Protocol):
    """The platform's public address, asked as a browser would."""

    def ask(self, path: str) -> Answer:
        """GET ``path``. Raises nothing for an edge that does not answer: the answer says so."""
        ...


class Record(Protocol):
    """What a command leaves on the machine that it runs on."""

    def add(self, line: str) -> None:
        """Append one line; it is on the disk before this returns. Raises :class:`core.errors.HostError`."""
        ...


class LiveApi(Protocol):
    """Cloudflare's API, to look at. Each call raises :class:`core.errors.LiveError`, and waits for a bounded time."""

    def items(self, path: str, query: Mapping[str, str] | None = None) -> Sequence[Mapping[str, Any]]:
        """Every item of a collection, all pages of it; none where there is no such collection (404)."""
        ...

    def get(self, path: str) -> Mapping[str, Any] | None:
        """One object; None for 404."""
        ...


class LiveChanges(Protocol):
    """Cloudflare's API, to change something. Each call raises :class:`core.errors.LiveError`; none is tried again."""

    def make(self, path: str, body: Mapping[str, Any]) -> Mapping[str, Any]:
        """POST: what was made, with its ``id``."""
        ...

    def change(self, path: str, body: Mapping[str, Any]) -> Mapping[str, Any]:
        """PATCH: what it has become."""
        ...

    def remove(self, path: str) -> None:
        """DELETE; what is gone already (404) is no error."""
        ...


class Purger(Protocol):
    """The edge's cache."""

    def purge(self, urls: Sequence[str], prefixes: Sequence[str], *, everything: bool) -> None:
        """Drop what is cached of ``urls`` (``https://NAME/PATH``) and below ``prefixes`` (``NAME/PATH``), or all of it.

        Raises :class:`core.errors.AfterError`, and waits for a bounded time.
        """
        ...


Happening = Literal["live", "taken back", "rolled back", "drill"]


@dataclass(frozen=True)
class Event:
    """What happened to a stack's traffic. ``serves`` is what it is on now, ``left`` what it was on or was meant to be.

    ``began`` and ``at`` are RFC 3339, UTC; ``run`` is the command's name in the journals; ``why`` is one line.
    """

    happening: Happening
    stack: str
    serves: str
    left: str
    who: str
    began: str
    at: str
    run: str
    hosts: int
    url: str = ""
    why: str = ""


class MarkerSink(Protocol):
    """Somebody who wants to know."""

    @property
    def name(self) -> str:
        """What it is called in messages: no part of its address that is a secret."""
        ...

    def send(self, event: Event) -> None:
        """Tell it. Raises :class:`core.errors.AfterError` that holds no secret, and waits for a bounded time."""
        ...


class Clock(Protocol):
    """Time, so that tests need not wait."""

    def now(self) -> datetime:
        """The wall clock, in UTC."""
        ...

    def monotonic(self) -> float:
        """Seconds that only grow."""
        ...

    def sleep(self, seconds: float) -> None:
        """Wait."""
        ...
