"""A stack as its file has it, whether or not its hosts are there: what the edge does is no matter of theirs."""

from __future__ import annotations

from pathlib import Path

from core.settings.base import NAMESPACE, config_of, stack_file
from core.settings.stack import STACKS_DIR, Stack, stack_of
from core.settings.yaml_tree import Json, read_tree

# An address for documentation (RFC 5737): nothing is asked of it.
_STAND_IN: Json = {"app": [{"name": "host", "address": "192.0.2.1"}]}


def stack_without_hosts(root: Path, name: str) -> Stack:
    """The stack ``name``, with a host made up if its inventory is not written yet. Raises :class:`SettingsError`."""
    tree = read_tree(stack_file(root / STACKS_DIR, name))
    config = config_of(tree)
    key = f"{NAMESPACE}:hosts"
    hosts = config.get(key)
    inventory = hosts.get("inventory") if isinstance(hosts, dict) else None
    if isinstance(inventory, str) and not (root / inventory).exists():
        config = {**config, key: _STAND_IN}
    return stack_of(config, tree, root)
