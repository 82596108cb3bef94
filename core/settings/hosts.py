"""Section ``launch-ready:hosts``: the machines that the platform runs on, named once for DNS and for releases.

Either ``app`` lists them, or ``inventory`` names a JSON file that does (as ``invoke lab.status --json`` writes it; a
few lines of any other tool's output will do): ``{"hosts": [{"name": …, "address": …}], "edge": {…}}``. Keys beside
``hosts`` and ``edge`` are passed over, for the file is not ours alone.
"""

from __future__ import annotations

import ipaddress
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field, ValidationError, model_validator

from core.errors import SettingsError
from core.settings.base import Section, matching
from core.settings.explain import explain
from core.settings.yaml_tree import Json, Tree


def _address(text: str) -> str:
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        raise ValueError("it must be an IPv4 or IPv6 address: a name could lead elsewhere tomorrow") from None


Address = Annotated[str, AfterValidator(_address)]
Port = Annotated[int, Field(ge=1, le=65535)]


class Host(Section):
    """One machine, reached by SSH."""

    name: Annotated[
        str, matching(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", "at most 63 lower-case letters, digits and inner hyphens")
    ]
    """What it is called in every message."""
    address: Address
    """Where SSH goes and where the origin's DNS record points."""
    ssh_port: Port = 22
    """Where its SSH server listens."""
    user: Annotated[
        str, matching(r"[a-z_][a-z0-9_-]{0,31}", "a user's name: at most 32 lower-case letters, digits, _ and -")
    ] = "deploy"
    """The user that ``scripts/prepare-host`` made."""
    identity_file: str | None = None
    """A private key; without it, the SSH agent's keys and the user's default ones."""
    known_hosts: str | None = None
    """The file that holds this host's key; without it, the user's own. An unknown key is refused."""


class Edge(Section):
    """Where the edge answers, when it is not where public DNS says."""

    address: Address
    http_port: Port = 80
    https_port: Port = 443
    ca_file: str
    """The authority that signed the edge's certificate (PEM)."""


class Hosts(Section):
    """The section itself: one of its two keys."""

    app: tuple[Host, ...] = ()
    """The machines, one by one."""
    inventory: str | None = None
    """A JSON file, relative to the project's root."""

    @model_validator(mode="after")
    def _one_of_two(self) -> Hosts:
        if bool(self.app) == bool(self.inventory):
            raise ValueError("give one of app (a list of hosts) and inventory (a JSON file that lists them)")
        _refuse_twins(self.app)
        return self


@dataclass(frozen=True)
class Fleet:
    """The machines of a stack, in the order they were named, and the edge before them if it is a private one."""

    hosts: tuple[Host, ...]
    edge: Edge | None


class _Inventory(Section):
    hosts: Annotated[tuple[Host, ...], Field(min_length=1)]
    """The machines."""
    edge: Edge | None = None

    @model_validator(mode="after")
    def _each_once(self) -> _Inventory:
        _refuse_twins(self.hosts)
        return self


def fleet_of(section: Hosts, root: Path) -> Fleet:
    """The fleet that ``section`` names; ``root`` is the project's. Raises :class:`SettingsError`."""
    if section.inventory is None:
        return Fleet(section.app, None)
    path = root / section.inventory
    try:
        known = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise SettingsError(
            f"{path}: there is no such inventory: write it first (for the stack `lab`, run `invoke lab.up`)"
        ) from None
    except OSError as error:
        raise SettingsError(f"{path} cannot be read: {error.strerror or error}") from None
    except (ValueError, RecursionError) as error:
        raise SettingsError(f"{path} is not an inventory in JSON: {error}") from None
    return _fleet_in(known, str(path))


def _fleet_in(known: Json, name: str) -> Fleet:
    ours: Json = known
    if isinstance(known, dict):
        ours = {key: value for key, value in known.items() if key in _Inventory.model_fields}
    try:
        inventory = _Inventory.model_validate_json(json.dumps(ours))
    except ValidationError as error:
        raise SettingsError("\n".join(explain(error, _Inventory, ours, Tree(name, ours, {})))) from None
    return Fleet(inventory.hosts, inventory.edge)


def _refuse_twins(hosts: tuple[Host, ...]) -> None:
    for what in ("name", "address"):
        seen: set[str] = set()
        for host in hosts:
            value = f"{host.address} port {host.ssh_port}" if what == "address" else host.name
            if value in seen:
                raise ValueError(f"two hosts have the {what} {value}: each must have its own")
            seen.add(value)
