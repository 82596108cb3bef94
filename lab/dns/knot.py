"""Knot DNS: its configuration, and how it is run from the hosts' tree.

The tree's own loader starts the program with the tree's own libraries, outside of any container: one process, no
mount, and nothing installed on the machine.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from core.errors import LabError

CONFIGURATION = "knot.conf"
ZONES = "zones"
DATABASE = "database"

_SERVER = """\
server:
    rundir: "{folder}"
    pidfile: "{folder}/knot.pid"
    listen: {address}@{port}
    udp-workers: 1
    tcp-workers: 2
    background-workers: 1
    version: ""
    identity: ""
    nsid: ""
database:
    storage: "{folder}/{database}"
control:
    listen: "{folder}/knot.sock"
log:
  - target: stderr
    any: warning
template:
  - id: default
    storage: "{folder}/{zones}"
    file: "%s.zone"
    zonefile-sync: -1
    zonefile-load: whole
    journal-content: none
    semantic-checks: off
"""
# Zone files are the one source: Knot neither writes them back (zonefile-sync) nor keeps a journal of its own.


def configuration(folder: Path, address: str, port: int, zones: Iterable[str]) -> str:
    """``knot.conf`` for ``zones`` (names without the last dot), all files in ``folder``.

    Raises :class:`LabError` for a folder whose name cannot stand in the file.
    """
    if any(character in str(folder) for character in '"\\\n'):
        raise LabError(f"Knot DNS cannot be told of the folder {folder}: move this checkout to one without quotes")
    served = "".join(f'  - domain: "{name}."\n' for name in sorted(zones))
    head = _SERVER.format(folder=folder, address=address, port=port, zones=ZONES, database=DATABASE)
    return head + (f"zone:\n{served}" if served else "")


def zone_file(folder: Path, name: str) -> Path:
    """Where the zone ``name`` is written (knot.conf(5): ``%s`` is the name without the last dot)."""
    return folder / ZONES / f"{name}.zone"


def argv(tree: Path, folder: Path) -> tuple[str, ...]:
    """The command that runs Knot from the Debian tree ``tree``. Raises :class:`LabError` if it is not in there."""
    program = tree / "usr/sbin/knotd"
    # Debian's multiarch folder, for example usr/lib/x86_64-linux-gnu; its loader is ld-linux-x86-64.so.2.
    loaders = sorted(tree.glob("usr/lib/*-linux-gnu*/ld-linux*.so.*"))
    if not program.is_file() or not loaders:
        raise LabError(f"{tree} lacks Knot DNS: remove it and run `invoke lab.up` to have it made again")
    loader = loaders[0]
    return (str(loader), "--library-path", str(loader.parent), str(program), "-c", str(folder / CONFIGURATION))
