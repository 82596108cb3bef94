"""Whether an address is free, and if not, who holds it: from /proc alone (proc(5), ``/proc/net/tcp``)."""

from __future__ import annotations

import errno
import socket
from collections.abc import Iterable, Iterator
from pathlib import Path

from core.errors import LabError
from core.terminal import clean
from lab.services.process import lab_of
from lab.services.supervisor import Endpoint

_PROC = Path("/proc")
_LISTENS = {"tcp": "0A", "udp": "07"}
_ANY_IPV4 = "00000000"
_ANY_IPV6 = "0" * 32


def require_free(endpoints: Iterable[Endpoint]) -> None:
    """Raise :class:`LabError` that names each of ``endpoints`` which is taken, and by whom."""
    taken = [
        sentence
        for endpoint in endpoints
        for protocol in (("tcp", "udp") if endpoint.udp else ("tcp",))
        if (sentence := _obstacle(endpoint, protocol))
    ]
    if taken:
        raise LabError("\n".join(taken))


def holder(endpoint: Endpoint, protocol: str) -> str | None:
    """Who listens on ``endpoint``, for example ``nginx (pid 812)``; None where /proc does not say."""
    sockets = set(_sockets(endpoint, protocol))
    for entry in _PROC.iterdir():
        if entry.name.isdecimal() and sockets & set(_held(entry)):
            return _described(entry)
    return None


def _described(entry: Path) -> str:
    try:
        name = clean((entry / "comm").read_text(encoding="utf-8", errors="replace").strip())
    except OSError:
        name = "a process that has just ended"
    owner = lab_of(int(entry.name))
    return f"{name} (pid {entry.name}{f', of the lab in {clean(owner)}' if owner else ''})"


def _obstacle(endpoint: Endpoint, protocol: str) -> str | None:
    kind = socket.SOCK_STREAM if protocol == "tcp" else socket.SOCK_DGRAM
    with socket.socket(socket.AF_INET, kind) as probe:
        if protocol == "tcp":
            # As servers do: connections of the last lab that linger in TIME_WAIT are no obstacle.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((endpoint.address, endpoint.port))
        except OSError as error:
            return _sentence(endpoint, protocol, error)
    return None


def _sentence(endpoint: Endpoint, protocol: str, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        who = holder(endpoint, protocol) or "a process that /proc does not show"
        return (
            f"{protocol.upper()} {endpoint} is taken by {who}: stop it, "
            "or give this lab other addresses with LAUNCH_READY_NET=<1 to 254>"
        )
    if error.errno == errno.EACCES:
        return f"only root may listen on {protocol.upper()} {endpoint}: run the lab as root or with sudo"
    return f"{protocol.upper()} {endpoint} cannot be listened on: {error.strerror}"


def _sockets(endpoint: Endpoint, protocol: str) -> Iterator[str]:
    """The sockets, as ``/proc/<pid>/fd`` names them, that keep others from ``endpoint``."""
    packed = socket.inet_aton(endpoint.address)[::-1].hex().upper()
    for table, addresses in ((protocol, {packed, _ANY_IPV4}), (f"{protocol}6", {_ANY_IPV6})):
        path = _PROC / "net" / table
        if not path.exists():
            continue
        for line in path.read_text(encoding="ascii").splitlines()[1:]:
            fields = line.split()
            address, _, port = fields[1].partition(":")
            if address in addresses and int(port, 16) == endpoint.port and fields[3] == _LISTENS[protocol]:
                yield f"socket:[{fields[9]}]"


def _held(entry: Path) -> Iterator[str]:
    try:
        descriptors = list((entry / "fd").iterdir())
    except OSError:
        return
    for descriptor in descriptors:
        try:
            yield str(descriptor.readlink())
        except OSError:
            # Closed since it was listed.
            continue
