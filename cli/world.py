"""The world of a stack for one command: its hosts over SSH, its edge, its journal on this machine."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from cli.guard import ROOT
from core.errors import LaunchReadyError, SettingsError
from core.signals import stopping

if TYPE_CHECKING:
    from adapters.ssh import SshShell
    from core.settings.hosts import Edge, Fleet
    from core.settings.release import Release
    from deploy.operation import World

STACK = "which stack, of stacks/Pulumi.STACK.yaml (without it, $LAUNCH_READY_STACK)"
JSON = "print one JSON document and nothing else"
WITHOUT = "do without this host, which cannot be reached (again for another); `invoke deploy.catch-up` brings it up"
_ONCE = "interrupted: what was begun is being put in order; Ctrl-C once more ends at once"
_TWICE = (
    "error: ended at once: the hosts wrote down how far it came, and their locks are free; see `invoke releases --stack"
    " {stack}`; `invoke deploy.resume`, `invoke deploy.abort` or `invoke rollback` has all of them serve one version"
)
WAIT = "seconds to wait while somebody else is releasing (without it, none)"
_UNITS = {"s": 1, "m": 60, "h": 3600}


@dataclass(frozen=True)
class Wishes:
    """What the command line says of the world. ``without`` names hosts, ``wait`` is in seconds as it was typed.

    ``secrets`` is for a command that starts a release which may be new to a host: with the stores to read them from.
    Without ``keep`` nothing is written on this machine.
    ``copies``: what the command leaves on the hosts is copied at its end, where the stack keeps a copy. ``gated``: ask
    whether the stack is protected.
    """

    quiet: bool = False
    edge: bool = True
    without: Sequence[str] = ()
    wait: str = ""
    secrets: bool = False
    keep: bool = True
    copies: bool = False
    gated: bool = False


def stack_name(stack: str) -> str:
    """The stack that is meant. Raises :class:`SettingsError` that lists them, where none is."""
    from core.settings.base import stacks_in

    name = stack or os.environ.get("LAUNCH_READY_STACK", "")
    if not name:
        known = ", ".join(stacks_in(ROOT / "stacks"))
        raise SettingsError(f"--stack is missing (or LAUNCH_READY_STACK): the stacks are: {known}")
    return name


def seconds(option: str, given: str, most: float = 3600) -> float:
    """What was typed after ``option``, such as 90, 90s, 2m or 1h: from 0 to ``most``. Raises :class:`SettingsError`."""
    unit = _UNITS.get(given[-1:], 0)
    try:
        value = float(given[:-1]) * unit if unit else float(given)
    except ValueError:
        value = -1
    if not 0 <= value <= most:
        raise SettingsError(f"{option} is {given!r}, and it takes a time such as 90s or 2m, from 0 to {most:g} s")
    return value


@contextmanager
def reached(stack: str, wishes: Wishes) -> Iterator[World]:
    """The hosts and the edge of a stack; every connection is cut at the end, whatever happened.

    Logins begin as soon as the hosts are known, while the rest is still being imported: in the worst hour that counts.
    Ctrl-C once has the command put things in order and end; twice ends it at once.
    """
    from adapters.ssh import SshShell
    from cli.around import after_of, sources_of
    from core.settings.base import load_sections, stack_file
    from core.settings.hosts import Hosts, fleet_of
    from core.settings.release import Release

    name = stack_name(stack)
    path = stack_file(ROOT / "stacks", name)
    sections = load_sections(path, {"hosts": Hosts, "release": Release})
    hosts, settings = sections["hosts"], sections["release"]
    if not isinstance(hosts, Hosts) or not isinstance(settings, Release):
        raise TypeError("load_sections returned other sections than were asked for")
    fleet = fleet_of(hosts, ROOT)
    _known(fleet, wishes.without)
    shells = {host.name: SshShell(host) for host in fleet.hosts if host.name not in wishes.without}
    with stopping(_ONCE, _TWICE.format(stack=name)), closing(_Connections(shells.values())):
        for shell in shells.values():
            shell.connect_early()
        world = _reaching_out(name, shells, settings, fleet.edge, wishes)
        from cli.live import shown

        world = replace(world, sources=sources_of(path) if wishes.secrets else None, after=after_of(path, settings))
        if wishes.gated:
            world = replace(world, protected=is_protected(name))
        copied = _copied(world) if wishes.copies and wishes.keep else nullcontext()
        with copied, shown(world, quiet=wishes.quiet) as watched:
            yield watched


def is_protected(name: str) -> bool:
    """Whether a stack is: as its zone is, which Pulumi then refuses to delete. One that says nothing of a zone is."""
    from core.settings.base import NAMESPACE, config_of, load_sections, stack_file
    from core.settings.yaml_tree import read_tree
    from core.settings.zone import Zone

    path = stack_file(ROOT / "stacks", name)
    if f"{NAMESPACE}:zone" not in config_of(read_tree(path)):
        return True
    zone = load_sections(path, {"zone": Zone})["zone"]
    return not isinstance(zone, Zone) or zone.protect


@contextmanager
def _copied(world: World) -> Iterator[None]:
    """A command that failed leaves lines too; one that was interrupted is over at once."""
    from cli.ledger import copy_after

    try:
        yield
    except LaunchReadyError:
        copy_after(world)
        raise
    copy_after(world)


def _known(fleet: Fleet, without: Sequence[str]) -> None:
    names = [host.name for host in fleet.hosts]
    if strange := sorted(set(without) - set(names)):
        raise SettingsError(f"--without {', '.join(strange)}: there is no such host; the hosts are {', '.join(names)}")
    if set(without) == set(names):
        raise SettingsError("--without names every host: nothing would be left")


def _reaching_out(
    name: str, shells: Mapping[str, SshShell], settings: Release, private: Edge | None, wishes: Wishes
) -> World:
    from adapters.clock import SystemClock
    from adapters.edge import HttpsEdge
    from adapters.local_command import LocalCommand
    from adapters.record import FileRecord
    from cli.release_text import progress
    from deploy.operation import World

    return World(
        shells=shells,
        edge=HttpsEdge(settings.url, private) if wishes.edge and settings.url else None,
        clock=SystemClock(),
        progress=progress(quiet=wishes.quiet),
        settings=settings,
        record=FileRecord(record_of(name)) if wishes.keep else None,
        left_out=tuple(wishes.without),
        wait_seconds=seconds("--wait", wishes.wait) if wishes.wait else 0.0,
        stack=name,
        local=LocalCommand(ROOT, {"LAUNCH_READY_STACK": name}),
    )


def record_of(stack: str) -> Path:
    """The journal of a stack's commands on this machine."""
    return ROOT / ".launch-ready" / f"{stack}.jsonl"


class _Connections:
    def __init__(self, shells: Collection[SshShell]) -> None:
        self._shells = shells

    def close(self) -> None:
        """All at once: each takes its time to hear that it is over."""
        with ThreadPoolExecutor(max_workers=max(1, len(self._shells))) as pool:
            list(pool.map(lambda shell: shell.close(), self._shells))
