"""Hosts over SSH, by Fabric: a connection a host, its key checked, every wait bounded.

Fabric makes the connection and keeps its settings. Commands go over Paramiko's channels beside Fabric's runner, which
looks for news every 10 ms in three threads a command; sixteen hosts at once feel that.
"""

from __future__ import annotations

import shlex
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from pathlib import Path
from typing import TypeVar

from fabric import Connection
from paramiko import Channel
from paramiko.ssh_exception import SSHException

from adapters.ssh_login import Login, words
from core.errors import HostError
from core.ports import Input, Ran
from core.settings.hosts import Host

T = TypeVar("T")

CONNECT_SECONDS = 10.0
_LET_GO_SECONDS = 3.0
_MOST_OUTPUT = 16 * 1024 * 1024
_MOST_PULLED = 5 * 1024**3
_PIECE = 1 << 16
_END = b"end\n"


class SshShell:
    """Fulfils :class:`core.ports.Shell` for one host of the fleet."""

    def __init__(self, host: Host, connect_seconds: float = CONNECT_SECONDS) -> None:
        """Nothing is reached yet. ``connect_seconds`` bounds each of the steps of a login."""
        self._host = host
        self._seconds = connect_seconds
        self._login: Future[Connection] | None = None

    @property
    def name(self) -> str:
        """The host's name in every message."""
        return self._host.name

    def connect_early(self) -> None:
        """Begin to log in beside what the caller does next; :meth:`connect` says how it went."""
        self._begun()

    def connect(self) -> None:
        """Log in, if that is not done. Raises :class:`HostError` that says what stands in the way."""
        self._begun().result()

    def _begun(self) -> Future[Connection]:
        if self._login is None:
            self._login = Future()
            # A daemon: an interrupted command must not wait for a host that is off.
            threading.Thread(target=self._log_in, args=(self._login,), daemon=True).start()
        return self._login

    def _log_in(self, login: Future[Connection]) -> None:
        try:
            login.set_result(Login(self._host, self._seconds).connection())
        except BaseException as error:  # noqa: BLE001 - it is raised again where the result is asked for
            login.set_exception(error)

    def run(self, script: str, *, timeout: float, stdin: Input = None) -> Ran:
        """Run ``script`` with ``sh`` on ``stdin``, whose pieces must not wait longer than the script may take."""
        return self._guarded(lambda: self._run(script, _Deadline(timeout), stdin), timeout)

    def pull(self, script: str, into: Path, *, timeout: float) -> Ran:
        """Run ``script``; the file ``into`` gets its standard output, of which more than 5 GiB is an error."""
        return self._guarded(lambda: self._pull(script, into, _Deadline(timeout)), timeout)

    def hold(self, script: str, *, timeout: float) -> HeldScript:
        """Start ``script`` and come back when it has said ``end`` or has ended."""
        return self._guarded(lambda: self._hold(script, _Deadline(timeout)), timeout)

    def stream(self, script: str, *, timeout: float) -> Channel:
        """Start ``script``, to which bytes are sent and from which they come until the channel is closed.

        ``timeout`` is for the start alone. Raises :class:`HostError`.
        """
        channel = self._guarded(lambda: self._start(script, _Deadline(timeout)), timeout)
        channel.settimeout(None)
        return channel

    def close(self) -> None:
        """Cut the connection, one that is only being made too."""
        if self._login is not None:
            self._login.add_done_callback(lambda done: done.exception() or done.result().close())

    def _run(self, script: str, deadline: _Deadline, stdin: Input) -> Ran:
        channel = self._start(script, deadline, reads=stdin is not None)
        try:
            if stdin is not None:
                _send(channel, _pieces(stdin), deadline)
                channel.shutdown_write()
            out = _read(channel.recv, channel, deadline)
            return self._ended(channel, out, deadline)
        finally:
            channel.close()

    def _pull(self, script: str, into: Path, deadline: _Deadline) -> Ran:
        channel = self._start(script, deadline, reads=False)
        try:
            with into.open("wb") as file:
                while piece := channel.recv(_PIECE):
                    file.write(piece)
                    if file.tell() > _MOST_PULLED:
                        raise OSError("it answers without end")
                    channel.settimeout(deadline.left())
            return self._ended(channel, b"", deadline)
        finally:
            channel.close()

    def _hold(self, script: str, deadline: _Deadline) -> HeldScript:
        channel = self._start(script, deadline)
        out = _read(channel.recv, channel, deadline, until=_END)
        if out.endswith(_END):
            return HeldScript(channel, Ran(0, _text(out), ""))
        return HeldScript(channel, self._ended(channel, out, deadline))

    def _start(self, script: str, deadline: _Deadline, *, reads: bool = True) -> Channel:
        """Start ``script``; one that ``reads`` nothing has no standard input that would have to be ended.

        Paramiko may say that it ends after it has answered a script's own end, and sshd cuts the whole connection for
        that: it was seen with a few short scripts at once.
        """
        transport = self._begun().result().transport
        if transport is None or not transport.is_active():
            raise HostError(f"{self.name}: the connection was lost")
        channel: Channel = transport.open_session(timeout=deadline.left())
        channel.settimeout(deadline.left())
        # sh, whatever the user's login shell is
        channel.exec_command(f"exec /bin/sh -c {shlex.quote(script)}{'' if reads else ' </dev/null'}")
        return channel

    def _ended(self, channel: Channel, out: bytes, deadline: _Deadline) -> Ran:
        err = _read(channel.recv_stderr, channel, deadline)
        if not channel.status_event.wait(deadline.left()):
            raise TimeoutError
        if channel.exit_status < 0:
            raise HostError(f"{self.name}: the connection was lost before a step there had ended")
        return Ran(channel.exit_status, _text(out), _text(err))

    def _guarded(self, work: Callable[[], T], timeout: float) -> T:
        try:
            return work()
        except TimeoutError:
            raise HostError(f"{self.name}: a step there did not end within {timeout:g} s") from None
        except (SSHException, EOFError, OSError) as error:
            raise HostError(f"{self.name}: the connection was lost ({words(error)})") from None


class HeldScript:
    """Fulfils :class:`core.ports.Held`."""

    def __init__(self, channel: Channel, said: Ran) -> None:
        self._channel = channel
        self._said = said

    @property
    def said(self) -> Ran:
        """What it has said up to its line ``end``, or how it ended before that."""
        return self._said

    def beat(self) -> None:
        """Send it a line, so that it knows of us."""
        try:
            self._channel.sendall(b"\n")
        except OSError:
            # Lost, and the lock with it: the next step says so.
            return

    def let_go(self) -> None:
        """End its standard input and wait for it to end."""
        try:
            self._channel.shutdown_write()
            self._channel.status_event.wait(_LET_GO_SECONDS)
            self._channel.close()
        except (EOFError, OSError):
            # The connection is gone, and with it the script: there is nothing left to let go.
            return


class _Deadline:
    def __init__(self, seconds: float) -> None:
        self._ends = time.monotonic() + seconds

    def left(self) -> float:
        """Seconds until then. Raises :class:`TimeoutError` once they are over."""
        left = self._ends - time.monotonic()
        if left <= 0:
            raise TimeoutError
        return left


def _send(channel: Channel, pieces: Iterable[bytes], deadline: _Deadline) -> None:
    for piece in pieces:
        # Cut small: Paramiko's timeout is for each window that it waits for, and the deadline is for all of them.
        for start in range(0, len(piece), _PIECE):
            channel.settimeout(deadline.left())
            try:
                channel.sendall(piece[start : start + _PIECE])
            except TimeoutError:
                raise
            except OSError:
                # The script has ended without reading all: what it said tells why.
                return


def _pieces(stdin: Path | bytes | Iterable[bytes]) -> Iterator[bytes]:
    if isinstance(stdin, bytes):
        yield stdin
    elif isinstance(stdin, Path):
        with stdin.open("rb") as file:
            while piece := file.read(_PIECE):
                yield piece
    else:
        yield from stdin


def _read(receive: Callable[[int], bytes], channel: Channel, deadline: _Deadline, until: bytes | None = None) -> bytes:
    data = bytearray()
    while True:
        channel.settimeout(deadline.left())
        piece = receive(_PIECE)
        data += piece
        if not piece or (until is not None and data.endswith(until)):
            return bytes(data)
        if len(data) > _MOST_OUTPUT:
            raise OSError("it answers without end")


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace")
