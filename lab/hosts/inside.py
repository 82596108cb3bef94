"""Commands run as root inside of a host, past sshd: for the lab's own doings, never for a release's."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence

from core.errors import LabError
from lab.hosts import processes
from lab.hosts.container import shell_argv
from lab.hosts.host import named
from lab.hosts.power import running
from lab.place import Place


def shell(
    place: Place, name: str, argv: Sequence[str], stdin: str = "", seconds: float = 60.0
) -> subprocess.CompletedProcess[str]:
    """Run ``argv`` as root inside of the host, past sshd. Raises :class:`LabError` if it is off or takes too long."""
    host = named(place, name)
    leader = processes.leader(running(place).get(host.machine, []))
    if leader is None:
        raise LabError(f"{name} is off, and nothing can be run in it")
    command = shell_argv(leader.pid, argv)
    try:
        return subprocess.run(command, input=stdin, capture_output=True, text=True, check=False, timeout=seconds)
    except subprocess.TimeoutExpired:
        raise LabError(f"{argv[0]} in {name} was not over after {seconds:.0f} s") from None
