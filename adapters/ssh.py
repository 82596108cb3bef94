"""Hosts over SSH, by Fabric: a connection a host, its key checked, every wait bounded.

Fabric makes the connection and keeps its settings. Commands go over Paramiko's channels beside Fabric's runner, which
looks for news every 10 ms in three threads a command; sixteen hosts at once feel that.
"""

from __future__ import annotations

import logging
import shlex
import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from fabric import Config, Connection
from paramiko import Channel, SSHConfig, Transport
from paramiko.ssh_exception import AuthenticationException, BadHostKeyException, SSHException

from core.errors import HostError
from core.ports import Ran
from core.settings.hosts import Host
from core.terminal import clean

T = TypeVar("T")

CONNECT_SECONDS = 10.0
# A host that is cut off says nothing: after this long without an acknowledgement its connection is given up.
_SILENCE_SECONDS = 20
_LET_GO_SECONDS = 3.0
_MOST_OUTPUT = 16 * 1024 * 1024
_PIECE = 1 << 16
_END = b"end\n"


class SshShell:
    """Fulfils :class:`core.ports.Shell` for one host of the fleet."""

    def __init__(self, host: Host, connect_seconds: float = CONNECT_SECONDS) -> None:
        """Nothing is reached yet. ``connect_seconds`` bounds each of the steps of a login."""
        self._host = host
        self._seconds = connect_seconds
        self._connection: Connection | None = None

    @property
    def name(self) -> str:
        """The host's name in every message."""
        return self._host.name

    def connect(self) -> None:
        """Log in, if that is not done. Raises :class:`HostError` that says what stands in the way."""
        if self._connection is None:
            self._connection = _Login(self._host, self._seconds).connection()

    def run(self, script: str, *, timeout: float, stdin: Path | None = None) -> Ran:
        """Run ``script`` with ``sh``; a file's bytes are its standard input."""
        return self._guarded(lambda: self._run(script, _Deadline(timeout), stdin), timeout)

    def hold(self, script: str, *, timeout: float) -> HeldScript:
        """Start ``script`` and come back when it has said ``end`` or has ended."""
        return self._guarded(lambda: self._hold(script, _Deadline(timeout)), timeout)

    def close(self) -> None:
        """Cut the connection."""
        if self._connection is not None:
            self._connection.close()

    def _run(self, script: str, deadline: _Deadline, stdin: Path | None) -> Ran:
        channel = self._start(script, deadline)
        try:
            if stdin is not None:
                _send(channel, stdin, deadline)
            channel.shutdown_write()
            out = _read(channel.recv, channel, deadline)
            return self._ended(channel, out, deadline)
        finally:
            channel.close()

    def _hold(self, script: str, deadline: _Deadline) -> HeldScript:
        channel = self._start(script, deadline)
        out = _read(channel.recv, channel, deadline, until=_END)
        if out.endswith(_END):
            return HeldScript(channel, Ran(0, _text(out), ""))
        return HeldScript(channel, self._ended(channel, out, deadline))

    def _start(self, script: str, deadline: _Deadline) -> Channel:
        self.connect()
        transport = self._connection.transport if self._connection else None
        if transport is None or not transport.is_active():
            raise HostError(f"{self.name}: the connection was lost")
        channel: Channel = transport.open_session(timeout=deadline.left())
        channel.settimeout(deadline.left())
        # sh, whatever the user's login shell is
        channel.exec_command("exec /bin/sh -c " + shlex.quote(script))
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
            raise HostError(f"{self.name}: the connection was lost ({_words(error)})") from None


class HeldScript:
    """Fulfils :class:`core.ports.Held`."""

    def __init__(self, channel: Channel, said: Ran) -> None:
        self._channel = channel
        self._said = said

    @property
    def said(self) -> Ran:
        """What it has said up to its line ``end``, or how it ended before that."""
        return self._said

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


def _send(channel: Channel, path: Path, deadline: _Deadline) -> None:
    with path.open("rb") as file:
        while piece := file.read(_PIECE):
            channel.settimeout(deadline.left())
            try:
                channel.sendall(piece)
            except TimeoutError:
                raise
            except OSError:
                # The script has ended without reading all: what it said tells why.
                return


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


def _words(error: BaseException) -> str:
    return clean(str(error))[:200] or type(error).__name__


class _Login:
    """One login to one host, and in words what stands in its way."""

    def __init__(self, host: Host, seconds: float) -> None:
        self._host = host
        self._seconds = seconds
        self._known = Path(host.known_hosts) if host.known_hosts else Path.home() / ".ssh" / "known_hosts"

    def connection(self) -> Connection:
        """A connection that is logged in. Raises :class:`HostError`."""
        host = self._host
        connection = self._prepared()
        try:
            connection.open()
        except BadHostKeyException as error:
            raise HostError(self._wrong_key(error)) from None
        except AuthenticationException as error:
            key = host.identity_file or "the SSH agent's keys and the default ones"
            raise HostError(
                f"{host.name} does not let {host.user} in with {key} ({_words(error)}): put the public key into"
                f" ~{host.user}/.ssh/authorized_keys there"
            ) from None
        except TimeoutError:
            raise HostError(f"{host.name} at {self._where} did not answer as SSH does in {self._seconds:g} s") from None
        except (SSHException, EOFError, OSError) as error:
            raise HostError(f"{host.name} at {self._where}: the SSH login failed: {_words(error)}") from None
        connection.transport.set_keepalive(10)
        return connection

    @property
    def _where(self) -> str:
        return f"{self._host.address} port {self._host.ssh_port}"

    def _prepared(self) -> Connection:
        # Paramiko logs what it raises as well, tracebacks and all.
        logging.getLogger("paramiko").addHandler(logging.NullHandler())
        host = self._host
        if host.identity_file and not Path(host.identity_file).is_file():
            raise HostError(f"{host.name}: there is no private key at {host.identity_file} (identity_file)")
        arguments = {
            "sock": self._socket(),
            "key_filename": host.identity_file,
            "allow_agent": host.identity_file is None,
            "look_for_keys": host.identity_file is None,
            "banner_timeout": self._seconds,
            "auth_timeout": self._seconds,
            "channel_timeout": self._seconds,
            "transport_factory": _transport,
        }
        connection = Connection(
            host.address,
            user=host.user,
            port=host.ssh_port,
            # An SSHConfig of its own, or Fabric reads the user's, which might send us elsewhere.
            config=Config(ssh_config=SSHConfig(), lazy=True),
            connect_timeout=self._seconds,
            connect_kwargs=arguments,
        )
        # Fabric would take any key that it does not know.
        connection.client.set_missing_host_key_policy(_Refuse(host, self._known))
        try:
            connection.client.load_system_host_keys(str(self._known))
        except OSError as error:
            raise HostError(f"{host.name}: {self._known} (known_hosts) cannot be read: {error.strerror}") from None
        return connection

    def _socket(self) -> socket.socket:
        host = self._host
        try:
            connected = socket.create_connection((host.address, host.ssh_port), timeout=self._seconds)
        except TimeoutError:
            raise HostError(
                f"{host.name} does not answer at {self._where} within {self._seconds:g} s: is it on?"
            ) from None
        except ConnectionRefusedError:
            raise HostError(
                f"{host.name} refuses connections at {self._where}: is it on, and sshd on that port?"
            ) from None
        except OSError as error:
            raise HostError(f"{host.name} cannot be reached at {self._where}: {_words(error)}") from None
        connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, _SILENCE_SECONDS * 1000)
        return connected

    def _wrong_key(self, error: Any) -> str:
        return (
            f"{self._host.name} at {self._where} shows the host key {error.key.fingerprint}"
            f" ({error.key.get_name()}), and {self._known} has {error.expected_key.fingerprint}: if you made the host"
            " anew, replace its line there; if not, somebody stands between you and it"
        )


class _Refuse:
    """Paramiko's policy for a host whose key is not in the file."""

    def __init__(self, host: Host, known: Path) -> None:
        self._host = host
        self._known = known

    def missing_host_key(self, _client: object, hostname: str, key: Any) -> None:
        """Refuse it. Raises :class:`HostError` with what to compare."""
        raise HostError(
            f"{self._host.name} shows the host key {key.fingerprint} ({key.get_name()}), and {self._known} has none for"
            f" {hostname}: compare it with `ssh-keygen -lf` on the host's console, then add it to that file"
        )


def _transport(sock: socket.socket, **options: Any) -> Transport:
    """A transport that offers first what costs least of what is sound: X25519, Ed25519, AES-GCM."""
    transport = Transport(sock, **options)
    offered = transport.get_security_options()
    offered.kex = _first("curve25519-sha256@libssh.org", offered.kex)
    offered.ciphers = _first("aes128-gcm@openssh.com", offered.ciphers)
    return transport


def _first(wanted: str, offered: tuple[str, ...]) -> tuple[str, ...]:
    weak = ("cbc", "sha1")
    return (wanted, *(name for name in offered if name != wanted and not any(word in name for word in weak)))
