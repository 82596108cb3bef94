"""Knot DNS: its configuration, and how it is run over the hosts' tree.

It sees the folder of its zones at :data:`INSIDE`, the tree read-only, and nothing else of the machine.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from core.errors import LabError
from lab.hosts.container import program_argv

INSIDE = "/run/lab"
CONFIGURATION = "knot.conf"
ZONES = "zones"
DATABASE = "database"
_PROGRAM = "/usr/sbin/knotd"
_POLICY = "cloudflare"

# Zone files are the one source: Knot neither writes them back (zonefile-sync) nor keeps a journal of its own. Its
# /run is new at each start: the pid file of a Knot that was killed does not stop the next one.
# One key signs a zone and its keys (RFC 6781 section 3.1): it is the API's, and Knot neither makes nor replaces keys.
# CDS and CDNSKEY (RFC 7344) stand in every signed zone, as Cloudflare has them.
_SERVER = """\
server:
    rundir: "/run"
    listen: {address}@{port}
    udp-workers: 1
    tcp-workers: 2
    background-workers: 1
    version: ""
    identity: ""
    nsid: ""
database:
    storage: "{inside}/{database}"
control:
    listen: "/run/knot.sock"
log:
  - target: stderr
    any: warning
policy:
  - id: {policy}
    manual: on
    single-type-signing: on
    dnskey-ttl: 3600
    cds-cdnskey-publish: always
template:
  - id: default
    storage: "{inside}/{zones}"
    file: "%s.zone"
    zonefile-sync: -1
    zonefile-load: whole
    journal-content: none
    semantic-checks: off
"""


def configuration(address: str, port: int, zones: Mapping[str, bool]) -> str:
    """``knot.conf`` (knot.conf(5)) for a server at ``address``; ``zones``: names without the last dot → signed or not.

    A signed zone's key has to be there already: see :mod:`lab.dns.keys`.
    """
    served = "".join(_zone(name, signed=zones[name]) for name in sorted(zones))
    head = _SERVER.format(inside=INSIDE, address=address, port=port, zones=ZONES, database=DATABASE, policy=_POLICY)
    return head + (f"zone:\n{served}" if served else "")


def _zone(name: str, *, signed: bool) -> str:
    signing = f"    dnssec-signing: on\n    dnssec-policy: {_POLICY}\n" if signed else ""
    return f'  - domain: "{name}."\n{signing}'


def zone_file(folder: Path, name: str) -> Path:
    """Where the zone ``name`` is written (knot.conf(5): ``%s`` is the name without the last dot)."""
    return folder / ZONES / f"{name}.zone"


def argv(tree: Path, folder: Path) -> list[str]:
    """The command that becomes Knot, from the Debian tree ``tree``. Raises :class:`LabError` if it is not in there."""
    if not (tree / _PROGRAM.lstrip("/")).is_file():
        raise LabError(f"{tree} lacks Knot DNS: remove it and run `invoke lab.up` to have it made again")
    return program_argv(tree, [_PROGRAM, "-c", f"{INSIDE}/{CONFIGURATION}"], {folder: INSIDE})
