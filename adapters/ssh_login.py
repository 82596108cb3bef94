"""One login to one host by Fabric: what is offered, what is refused, and in words what stands in the way."""

from __future__ import annotations

import logging
import os
import socket
from pathlib import Path
from typing import Any

from fabric import Config, Connection
from paramiko import SSHConfig, Transport
from paramiko.ssh_exception import AuthenticationException, BadHostKeyException, SSHException

from core.errors import HostError
from core.settings.hosts import Host
from core.terminal import clean

# A host that is cut off says nothing: after this long without an acknowledgement its connection is given up.
_SILENCE_SECONDS = 20


class Login:
    """One login to one host, and in words what stands in its way."""

    def __init__(self, host: Host, seconds: float) -> None:
        self._host = host
        self._seconds = seconds
        # Of a user without a home it stays as it is, and is told as a file that cannot be read.
        self._known = Path(host.known_hosts or os.path.expanduser("~/.ssh/known_hosts"))  # noqa: PTH111

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
                f"{host.name} does not let {host.user} in with {key} ({words(error)}): put the public key into"
                f" ~{host.user}/.ssh/authorized_keys there"
            ) from None
        except TimeoutError:
            raise HostError(f"{host.name} at {self._where} did not answer as SSH does in {self._seconds:g} s") from None
        except (SSHException, EOFError, OSError) as error:
            raise HostError(f"{host.name} at {self._where}: the SSH login failed: {words(error)}") from None
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
        arguments: dict[str, Any] = {
            "sock": self._socket(),
            # Fabric takes none for a list of them.
            **({"key_filename": host.identity_file} if host.identity_file else {}),
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
            raise HostError(f"{host.name} cannot be reached at {self._where}: {words(error)}") from None
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


def words(error: BaseException) -> str:
    """What an error says, on one line; its kind where it says nothing."""
    return clean(str(error))[:200] or type(error).__name__
