"""What a stack declares, whether or not its hosts are there: what the edge does is no matter of theirs."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from core.resources import Resource
from core.settings.base import NAMESPACE, config_of, stack_file
from core.settings.stack import STACKS_DIR, Stack, stack_of
from core.settings.yaml_tree import Json, read_tree

_HOSTS: Final = f"{NAMESPACE}:hosts"
# An address for documentation (RFC 5737): nothing is asked of it.
_STAND_IN: Final[dict[str, Json]] = {"app": [{"name": "host", "address": "192.0.2.1"}]}


def stack_without_hosts(root: Path, name: str) -> Stack:
    """The stack ``name``, with a host made up if its inventory is not written yet. Raises :class:`SettingsError`."""
    tree = read_tree(stack_file(root / STACKS_DIR, name))
    config = config_of(tree)
    if _missing_inventory(root, config):
        config = {**config, _HOSTS: _STAND_IN}
    return stack_of(config, tree, root)


def declared_in(folder: Path, stack: str, root: Path) -> list[Resource]:
    """What the program at ``folder`` declares for the stack; no state, API or secret is asked.

    Its hosts are those of now (``root``) where ``folder`` lacks their inventory, as git keeps none that a machine
    writes, or one made up: of a change of hosts, nothing is said then. Raises :class:`LaunchReadyError`.
    """
    from lab.engine.declared import declared

    hosts = _hosts_instead(folder, stack, root)
    return [one.resource for one in declared(folder, stack, instead={_HOSTS: json.dumps(hosts)} if hosts else None)]


def _hosts_instead(folder: Path, stack: str, root: Path) -> dict[str, Json] | None:
    inventory = _missing_inventory(folder, config_of(read_tree(stack_file(folder / STACKS_DIR, stack))))
    if not inventory:
        return None
    if not (root / inventory).exists():
        return _STAND_IN
    fleet = stack_without_hosts(root, stack).fleet
    return {"app": [{"name": host.name, "address": host.address} for host in fleet.hosts]}


def _missing_inventory(folder: Path, config: Mapping[str, Json]) -> str:
    """The file that is to have the stack's hosts and is not there; "" if it is, or none is named."""
    hosts = config.get(_HOSTS)
    inventory = hosts.get("inventory") if isinstance(hosts, dict) else None
    return inventory if isinstance(inventory, str) and not (folder / inventory).exists() else ""
