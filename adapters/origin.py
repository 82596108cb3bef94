"""The hosts' own nginx, asked past the edge: straight where the edge is a private one, else through the host's SSH.

A host's firewall lets nobody but Cloudflare to its nginx, and its sshd forwards nothing: so a connection is a command
on the host that passes bytes on, and TLS is spoken from here.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Protocol

from adapters.bounded_http import Way
from adapters.visitor import HttpVisitor, Turns
from core.errors import CheckError, HostError
from core.settings.hosts import Fleet, Host

# Where nginx listens is read as /usr/local/lib/app/probe does. Two `cat` pass bytes, and what ends first ends both.
RELAY = r"""
conf=/etc/nginx/snippets/app-listen.conf
listen=$(sed -n 's/^ *listen  *\([^ ;]*\).*/\1/p;T;q' "$conf") || exit
port=${listen##*:}
case "$listen" in
"$port" | \*:*) address=127.0.0.1 ;;
\[::\]:*) address=::1 ;;
*) address=${listen%:*} address=${address#[} address=${address%]} ;;
esac
exec bash -c 'exec 3<>"/dev/tcp/$0/$1" 4<&0 || exit; cat <&3 & cat <&4 >&3 & wait -n; kill $(jobs -p) 2>/dev/null' \
    "$address" "$port"
"""
_PIECE = 1 << 16


class Stream(Protocol):
    """A command that runs on a host, as Paramiko's channels are used."""

    def recv(self, size: int) -> bytes:
        """What it says next; nothing at its end."""
        ...

    def sendall(self, data: bytes) -> None:
        """Tell it."""
        ...

    def close(self) -> None:
        """End it."""
        ...


class Streams(Protocol):
    """A host's shell that runs such commands."""

    def stream(self, script: str, *, timeout: float) -> Stream:
        """Begin one. Raises :class:`HostError`."""
        ...


class Origins:
    """Makes visitors of the hosts. ``certificate`` gives the PEM files of what the edge shows: None for nothing."""

    def __init__(
        self,
        fleet: Fleet,
        shells: Mapping[str, Streams],
        turns: Turns,
        certificate: Callable[[], tuple[str, str] | None],
    ) -> None:
        self._fleet, self._shells, self._turns, self._certificate = fleet, shells, turns, certificate

    def visitor(self, host: str = "", *, certificate: bool = True) -> HttpVisitor:
        """Somebody who asks ``host`` (the first one, if it is not named), with the edge's certificate or without.

        Raises :class:`CheckError` for a host that the stack does not have.
        """
        asked = _named(self._fleet.hosts, host)
        shown = self._certificate() if certificate else None
        if self._fleet.edge is not None:
            straight = Way(lambda _name, port: (asked.address, port), certificate=shown, known=False)
            return HttpVisitor(straight, self._turns)
        shell = self._shells[asked.name]
        return HttpVisitor(
            Way(certificate=shown, through=lambda seconds: through(shell, seconds or 10.0), known=False), self._turns
        )


def through(shell: Streams, seconds: float) -> socket.socket:
    """A connection to the nginx of a host by its shell; two threads pass on what goes to and fro until one side ends.

    Raises :class:`OSError` where it cannot be had.
    """
    try:
        stream = shell.stream(RELAY, timeout=seconds)
    except HostError as error:
        raise OSError(str(error)) from None
    ours, theirs = socket.socketpair()
    ours.settimeout(seconds)
    threading.Thread(target=_outward, args=(theirs, stream), daemon=True).start()
    threading.Thread(target=_homeward, args=(theirs, stream), daemon=True).start()
    return ours


def _outward(end: socket.socket, stream: Stream) -> None:
    with suppress(OSError, EOFError):
        while piece := end.recv(_PIECE):
            stream.sendall(piece)
    stream.close()


def _homeward(end: socket.socket, stream: Stream) -> None:
    with suppress(OSError, EOFError):
        while piece := stream.recv(_PIECE):
            end.sendall(piece)
    # Both directions: it wakes the other thread, which may wait for what nobody will send.
    with suppress(OSError):
        end.shutdown(socket.SHUT_RDWR)
    end.close()


def _named(hosts: Sequence[Host], name: str) -> Host:
    found = [host for host in hosts if name in ("", host.name)]
    if not found:
        raise CheckError(f"there is no host {name or 'at all'} to ask past the edge: see launch-ready:hosts")
    return found[0]
