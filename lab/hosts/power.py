"""Power: hosts booted, repaired, shut down, and cut off on purpose."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack

from core.errors import LabError
from core.terminal import clean
from lab.hosts import cgroups, disk, identity, inotify, processes, ready, tree
from lab.hosts.container import ENVIRONMENT, launch_argv
from lab.hosts.host import Host, existing, machines, named
from lab.hosts.lock import locked
from lab.hosts.processes import Process
from lab.place import Place

Say = Callable[[str], None]

# What a host may take to answer: one alone, and more for each that boots beside it (two cores, measured 0.4 s each).
BOOT_SECONDS = 30.0
BOOT_SECONDS_EACH = 3.0
HALT_SECONDS = 8.0
KILL_SECONDS = 10.0
# After this a host without processes has failed, and is not just about to have some.
_STARTING_SECONDS = 15.0
_POLL_SECONDS = 0.02
# systemd(1): the signal that powers a container off in an orderly way.
_POWER_OFF = signal.SIGRTMIN + 3


def boot(place: Place, names: Sequence[str], say: Say, disk_bytes: Mapping[str, int] | None = None) -> None:
    """Bring the hosts up, with those that died or do not answer started again on the files they had.

    Returns when sshd and nginx (``db``: PostgreSQL) of each answer. ``disk_bytes``: for a host by its name, the size
    of its disk, which is then held in memory. If it fails or is interrupted, what it brought up is gone again.
    """
    hosts = [named(place, name) for name in names]
    tree.ensure_tree(place, say)
    with locked(place.root), ExitStack() as undo:
        found = running(place)
        down = [host for host in hosts if not ready.answers(host, found.get(host.machine, []))]
        undo.callback(inotify.give_back)
        if down:
            inotify.make_room(len(hosts))
        identity.known_hosts(place, sorted({*existing(place), *hosts}, key=lambda host: host.name))
        for host in down:
            kept = host.prepared.exists()
            undo.callback(_take_back, host, kept)
            _stop(place, [host])
            disk.attach(host, tree.layers(place), (disk_bytes or {}).get(host.name))
        for host in down:
            _launch(host)
        _wait_until_ready(down, say)
        undo.pop_all()


def start(place: Place, name: str, say: Say = lambda _line: None) -> None:
    """Boot a host that was powered off or cut, from the disk it has."""
    boot(place, [name], say)


def halt(place: Place, names: Sequence[str] | None = None) -> None:
    """Power hosts off, by default all, and remove them with all their files.

    One that is not off within some seconds is killed. Hosts that are off already, or whose machine has rebooted in
    between, are removed all the same.
    """
    with locked(place.root):
        found = running(place)
        hosts = [named(place, name) for name in (_present(place, found) if names is None else names)]
        for host in hosts:
            if leader := processes.leader(found.get(host.machine, [])):
                processes.send(leader, _POWER_OFF)
        deadline = time.monotonic() + HALT_SECONDS
        while _still_on(place, hosts) and time.monotonic() < deadline:
            time.sleep(_POLL_SECONDS)
        _stop(place, hosts)
        for host in hosts:
            disk.remove(host)
        _tidy(place)
        inotify.give_back()


def power_cut(place: Place, name: str) -> None:
    """Kill everything in the host at once. Its disk is left as the moment found it; :func:`start` boots from it."""
    with locked(place.root):
        host = named(place, name)
        _stop(place, [host])


def running(place: Place) -> dict[str, list[Process]]:
    """The live processes of each of this lab's hosts, by its container's name."""
    return processes.scan(machines(place))


def _present(place: Place, found: Mapping[str, list[Process]]) -> list[str]:
    """The hosts that have files or processes: the one without the other is there after a mishap."""
    on = {machine.removeprefix(machines(place)) for machine in found}
    return sorted(on | {host.name for host in existing(place)})


def _launch(host: Host) -> None:
    with host.console.open("wb") as console:
        subprocess.run(
            launch_argv(host, cgroups.make(host.machine)),
            stdin=subprocess.DEVNULL,
            stdout=console,
            stderr=subprocess.STDOUT,
            env={**os.environ, **ENVIRONMENT},
            check=True,
        )


def _wait_until_ready(hosts: Sequence[Host], say: Say) -> None:
    began = time.monotonic()
    deadline = began + BOOT_SECONDS + BOOT_SECONDS_EACH * len(hosts)
    waiting = list(hosts)
    while waiting:
        time.sleep(_POLL_SECONDS)
        found = running(waiting[0].place)
        for host in list(waiting):
            members = found.get(host.machine, [])
            if ready.answers(host, members):
                waiting.remove(host)
                say(f"{host.name} ({host.address}) answers after {time.monotonic() - began:.1f} s")
            elif time.monotonic() > (began + _STARTING_SECONDS if not members else deadline):
                raise LabError(f"{host.name} did not boot: {_last_words(host)}")


def _last_words(host: Host) -> str:
    lines = host.console.read_text(errors="replace").split("\n") if host.console.exists() else []
    said = [clean(line.strip()) for line in lines if line.strip()]
    return " / ".join(said[-3:]) or "it printed nothing"


def _stop(place: Place, hosts: Sequence[Host]) -> None:
    """Kill what is left of the hosts until nothing is, and remove what was made for its processes."""
    deadline = time.monotonic() + KILL_SECONDS
    # More than once: one that is just booting makes new processes while the known ones are killed.
    while left := _still_on(place, hosts):
        if time.monotonic() > deadline:
            raise LabError(f"{', '.join(left)} could not be killed within {KILL_SECONDS:.0f} s")
        for members in left.values():
            processes.kill(members)
        time.sleep(_POLL_SECONDS)
    for host in hosts:
        cgroups.remove(host.machine)
        cgroups.sweep(host.machine)


def _still_on(place: Place, hosts: Sequence[Host]) -> dict[str, list[Process]]:
    """The live processes of those of the hosts that have any, by the host's name."""
    found = running(place)
    return {host.name: found[host.machine] for host in hosts if host.machine in found}


def _take_back(host: Host, kept: bool) -> None:
    """Undo a boot: a host that was there before keeps its disk, a new one leaves nothing."""
    _stop(host.place, [host])
    if not kept:
        disk.remove(host)
        _tidy(host.place)


def _tidy(place: Place) -> None:
    """When the last host is gone, so are the keys and passwords that were for them."""
    if existing(place):
        return
    identity.forget(place)
    for folder in (place.home / "hosts", place.home):
        if folder.is_dir() and not any(folder.iterdir()):
            folder.rmdir()
