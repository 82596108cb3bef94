"""Releases: ``deploy``, ``rollback``, ``releases``. Each joins settings, SSH and the edge to the logic."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from invoke.context import Context

from cli.guard import ROOT, command
from core.errors import RollbackError, SettingsError

if TYPE_CHECKING:
    from adapters.ssh import SshShell
    from core.settings.hosts import Edge
    from core.settings.release import Release
    from deploy.operation import World

_STACK = "which stack, of stacks/Pulumi.STACK.yaml (without it, $LAUNCH_READY_STACK)"
_JSON = "print one JSON document and nothing else"


@command(
    help={
        "stack": _STACK,
        "artifact": "the release's .tar.gz (docs/artifact.md)",
        "watch": "seconds to watch it once it is live, over what the settings say; 0 is not at all",
        "json": _JSON,
    }
)
def deploy(_context: Context, stack: str = "", artifact: str = "", watch: str = "", json: bool = False) -> None:
    """
    Put a release live on every host of a stack, or on none.

    It is uploaded, started beside the live one and proven healthy on every host before any host switches; then each
    host and the edge must answer with it, and it is watched for a while. What goes wrong leaves the traffic where it
    was, or takes it back. The release before stays warm for `invoke rollback`.

        invoke deploy --stack lab --artifact community-2.0.0.tar.gz
        invoke deploy --stack lab --artifact community-2.0.0.tar.gz --watch 60

    Exit status: 0 live and verified; 2 the artefact or a setting; 3 somebody else is releasing; 4 not healthy, traffic
    untouched; 5 taken back; 6 bad, with no release to go back to; 7 hosts serve different versions; 1 anything else,
    traffic untouched unless it says otherwise.
    """
    from cli import release_text as text
    from deploy.api import deploy as run
    from deploy.artifact import open_artifact

    if not artifact:
        raise SettingsError("--artifact is missing: give it the release's .tar.gz")
    seconds = _seconds(watch) if watch else None
    with _world(stack, quiet=json) as world:
        done = run(world, open_artifact(Path(artifact)), seconds)
    text.show(text.document(done) if json else text.deployed(done, stack))


@command(help={"stack": _STACK, "to": "the version to go back to (without it, the one before)", "json": _JSON})
def rollback(_context: Context, stack: str = "", to: str = "", json: bool = False) -> None:
    """
    Bring every host of a stack back to the release before, verified.

    It needs the hosts and nothing else: neither Pulumi nor Cloudflare's API nor the artefact. A release that still
    runs beside the live one takes over at once; one that does not is started from what the host keeps. None takes over
    that is not healthy.

        invoke rollback --stack lab
        invoke rollback --stack lab --to 1.0.0

    Exit status: 0 every host and the edge answer with it; 6 it could not be done, or the edge could not confirm it; 3
    somebody else is releasing; 7 hosts serve different versions; 1 anything else, traffic untouched.
    """
    with _world(stack, quiet=json) as world:
        from cli import release_text as text
        from rollback.api import rollback as run

        done = run(world, to or None)
        asked = world.edge is not None
    text.show(text.document(done) if json else text.rolled_back(done, stack))
    if asked and not done.edge.verified:
        raise RollbackError(f"every host serves {done.version}, and was seen to; through the edge: {done.edge.reason}")


@command(help={"stack": _STACK, "json": _JSON})
def releases(_context: Context, stack: str = "", json: bool = False) -> None:
    """
    Show what each host of a stack serves and keeps, and what was released when by whom.

        invoke releases --stack lab
        invoke releases --stack lab --json
    """
    from cli import release_text as text
    from deploy.api import releases as run

    with _world(stack, quiet=True, edge=False) as world:
        found = run(world)
    text.show(text.releases_json(found) if json else text.releases(found))


def _stack_file(stack: str) -> Path:
    from core.settings.base import stack_file, stacks_in

    folder = ROOT / "stacks"
    if not stack:
        known = ", ".join(stacks_in(folder))
        raise SettingsError(f"--stack is missing (or LAUNCH_READY_STACK): the stacks are: {known}")
    return stack_file(folder, stack)


def _seconds(given: str) -> float:
    try:
        seconds = float(given)
    except ValueError:
        seconds = -1
    if not 0 <= seconds <= 3600:
        raise SettingsError(f"--watch is {given!r}, and it takes seconds from 0 to 3600")
    return seconds


@contextmanager
def _world(stack: str, *, quiet: bool, edge: bool = True) -> Iterator[World]:
    """The hosts and the edge of a stack; every connection is cut at the end, whatever happened.

    Logins begin as soon as the hosts are known, while the rest is still being imported: in the worst hour that counts.
    """
    from adapters.ssh import SshShell
    from core.settings.base import load_sections
    from core.settings.hosts import Hosts, fleet_of
    from core.settings.release import Release

    path = _stack_file(stack or os.environ.get("LAUNCH_READY_STACK", ""))
    sections = load_sections(path, {"hosts": Hosts, "release": Release})
    hosts, settings = sections["hosts"], sections["release"]
    if not isinstance(hosts, Hosts) or not isinstance(settings, Release):
        raise TypeError("load_sections returned other sections than were asked for")
    fleet = fleet_of(hosts, ROOT)
    shells = {host.name: SshShell(host) for host in fleet.hosts}
    try:
        for shell in shells.values():
            shell.connect_early()
        yield _reaching_out(shells, settings, fleet.edge, quiet=quiet, edge=edge)
    finally:
        _close(shells.values())


def _reaching_out(
    shells: Mapping[str, SshShell], settings: Release, private: Edge | None, *, quiet: bool, edge: bool
) -> World:
    from adapters.clock import SystemClock
    from adapters.edge import HttpsEdge
    from cli.release_text import progress
    from deploy.operation import World

    probe = HttpsEdge(settings.url, private) if edge and settings.url else None
    return World(shells, probe, SystemClock(), progress(quiet=quiet), settings)


def _close(shells: Collection[SshShell]) -> None:
    """All at once: each takes its time to hear that it is over."""
    with ThreadPoolExecutor(max_workers=max(1, len(shells))) as pool:
        list(pool.map(lambda shell: shell.close(), shells))
