"""A whole stack: every section that the Pulumi program needs, and what holds between them."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from core.errors import SettingsError
from core.settings.base import NAMESPACE, Section, config_of, stack_file, validate_sections
from core.settings.checks import Finding, check
from core.settings.dns import Dns
from core.settings.email import Email
from core.settings.hosts import Fleet, Hosts, fleet_of
from core.settings.rate_limits import RateLimits
from core.settings.secrets import Secrets
from core.settings.tls import Tls
from core.settings.waf import Waf
from core.settings.yaml_tree import Json, Tree, read_tree
from core.settings.zone import Zone

STACKS_DIR = "stacks"
SECTIONS: Mapping[str, type[Section]] = {
    "zone": Zone,
    "hosts": Hosts,
    "dns": Dns,
    "tls": Tls,
    "waf": Waf,
    "rate_limits": RateLimits,
    "email": Email,
    "secrets": Secrets,
}
"""The sections that say what is provisioned, in the order in which the documentation has them."""

OTHER_SECTIONS = ("release",)
"""Sections that commands read by themselves and the Pulumi program does not."""

# What the Pulumi CLI itself keeps in a stack's file (`workspace.ProjectStack` in its source).
_TOP_LEVEL = ("config", "encryptionsalt", "encryptedkey", "secretsprovider", "environment")


@dataclass(frozen=True, kw_only=True)
class Stack:
    """What a stack's file says, read and checked, with the hosts that it names."""

    zone: Zone
    dns: Dns
    tls: Tls
    waf: Waf
    rate_limits: RateLimits
    email: Email
    secrets: Secrets
    fleet: Fleet


def load_stack(root: Path, name: str) -> Stack:
    """Read and check a stack's file; ``root`` is the project's folder.

    Raises :class:`SettingsError` that holds every reason, a line each.
    """
    tree = read_tree(stack_file(root / STACKS_DIR, name))
    return stack_of(config_of(tree), tree, root)


def stack_of(config: Mapping[str, Json], tree: Tree, root: Path) -> Stack:
    """As :func:`load_stack`, of values that were read already (``launch-ready:<section>`` → value).

    ``tree`` is the file that they come from: it lends file and lines to the messages, and shows what it has that no
    section knows. Config secrets may stand in it encrypted; their values are not looked at.
    """
    reasons = _unknown(tree)
    try:
        sections = validate_sections(config, SECTIONS, tree)
    except SettingsError as error:
        raise SettingsError("\n".join([*reasons, str(error)])) from None
    fleet = fleet_of(cast(Hosts, sections.pop("hosts")), root)
    stack = Stack(fleet=fleet, **cast(dict[str, Any], sections))
    reasons += _unknown_sections(config, stack.secrets, tree)
    reasons += _secret_values(config, stack.secrets, tree)
    findings = check(stack.zone, stack.dns, stack.email, stack.waf, stack.rate_limits, fleet)
    reasons += [_explain(finding, tree) for finding in findings]
    if reasons:
        raise SettingsError("\n".join(reasons))
    return stack


def _explain(finding: Finding, tree: Tree) -> str:
    section, *steps = finding.place
    dotted = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in steps)
    place = ("config", f"{NAMESPACE}:{section}", *steps)
    return f"{tree.where(place)}: config.{NAMESPACE}:{section}{dotted}: {finding.reason}"


def _unknown(tree: Tree) -> list[str]:
    """Keys at the top of the file that the Pulumi CLI does not know."""
    top = tree.value if isinstance(tree.value, dict) else {}
    return [
        f"{tree.where((key,))}: {key} is not a known key{_hint(key, _TOP_LEVEL)}; allowed: {', '.join(_TOP_LEVEL)}"
        for key in top
        if key not in _TOP_LEVEL
    ]


def _unknown_sections(config: Mapping[str, Json], secrets: Secrets, tree: Tree) -> Iterator[str]:
    """Keys of ours that are neither a section nor a secret's value."""
    sections = (*SECTIONS, *OTHER_SECTIONS)
    known = (*sections, *(item.config_secret for item in secrets.items))
    for name in (key.removeprefix(f"{NAMESPACE}:") for key in config if key.startswith(f"{NAMESPACE}:")):
        if name not in known:
            key = f"{NAMESPACE}:{name}"
            yield (
                f"{tree.where(('config', key))}: config.{key} is not a known section nor a secret that "
                f"{NAMESPACE}:secrets names{_hint(name, known)}; sections: {', '.join(sections)}"
            )


def _secret_values(config: Mapping[str, Json], secrets: Secrets, tree: Tree) -> Iterator[str]:
    """Secrets that have no value, and those whose value stands in the file for all to read."""
    # An ESC environment can bring values that are not in the file: only Pulumi itself knows them.
    elsewhere = isinstance(tree.value, dict) and "environment" in tree.value
    for item in secrets.items:
        key = f"{NAMESPACE}:{item.config_secret}"
        way_out = f"set it with `pulumi config set --secret {key}`"
        if key not in config and not elsewhere:
            yield f"{tree.name}: config.{key} is missing, and the secret {item.name} has its value there: {way_out}"
        if key in config and not _is_encrypted(config[key]):
            yield f"{tree.where(('config', key))}: config.{key} is not encrypted: replace the secret, and {way_out}"


def _is_encrypted(value: Json) -> bool:
    return isinstance(value, dict) and set(value) == {"secure"}


def _hint(key: str, known: tuple[str, ...]) -> str:
    near = difflib.get_close_matches(key, known, 1)
    return f" (did you mean {near[0]}?)" if near else ""
