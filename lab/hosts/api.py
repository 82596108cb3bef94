"""The lab's hosts, as the rest of the lab uses them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from lab.hosts import identity, processes
from lab.hosts.host import DATABASE_NAME, DATABASE_PORT, DATABASE_USER, named, names
from lab.hosts.inside import shell
from lab.hosts.origin import install_origin_certificate
from lab.hosts.power import boot, halt, power_cut, running, start
from lab.hosts.tree import base_tree, ensure_tree
from lab.place import SSH_PORT, Place

__all__ = [
    "alive",
    "base_tree",
    "boot",
    "database",
    "ensure_tree",
    "halt",
    "install_origin_certificate",
    "inventory",
    "names",
    "power_cut",
    "shell",
    "start",
]


def alive(place: Place, name: str) -> bool:
    """Whether the host is on; not whether anything in it answers."""
    return processes.leader(running(place).get(named(place, name).machine, [])) is not None


def inventory(place: Place, names: Sequence[str]) -> list[dict[str, Any]]:
    """The app hosts among ``names`` as `core.settings.hosts` reads them."""
    return [
        {
            "name": host.name,
            "address": host.address,
            "ssh_port": SSH_PORT,
            "user": identity.USER,
            "identity_file": str(identity.identity_file(place)),
            "known_hosts": str(identity.known_hosts_file(place)),
        }
        for host in (named(place, name) for name in names)
        if host.role == "app"
    ]


def database(place: Place) -> dict[str, Any]:
    """Where PostgreSQL answers, and the role and database there; the password stays in its file."""
    return {"address": place.database, "port": DATABASE_PORT, "user": DATABASE_USER, "name": DATABASE_NAME}
