"""Zones as the edge sees them: rulesets, settings and proxied names, from declared resources."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Found:
    """A declared resource: the last part of its type (``Ruleset``), its id, its inputs named as in Cloudflare's API."""

    kind: str
    id: str
    inputs: Mapping[str, Any]


@dataclass
class Zone:
    """One zone. ``rulesets`` go by phase; ``proxied`` are host names, ``*.`` before those with a wildcard."""

    name: str
    plan: str = ""
    settings: dict[str, Any] = field(default_factory=dict)
    rulesets: dict[str, Sequence[Mapping[str, Any]]] = field(default_factory=dict)
    proxied: set[str] = field(default_factory=set)

    def serves(self, host: str) -> bool:
        """Whether requests for this host pass through the edge."""
        return host in self.proxied or f"*.{host.partition('.')[2]}" in self.proxied


def zones_of(resources: Iterable[Found]) -> dict[str, Zone]:
    """Every zone that is declared, by its name."""
    known = list(resources)
    by_id = {one.id: Zone(str(one.inputs.get("name"))) for one in known if one.kind == "Zone"}
    for one in known:
        zone = by_id.get(str(one.inputs.get("zone_id")))
        if zone is not None:
            _add(zone, one)
    return {zone.name: zone for zone in by_id.values()}


def zone_of(zones: Mapping[str, Zone], host: str) -> Zone | None:
    """The zone that a host belongs to (the longest name wins), or None."""
    fitting = [zone for name, zone in zones.items() if host == name or host.endswith(f".{name}")]
    return max(fitting, key=lambda zone: len(zone.name), default=None)


def _add(zone: Zone, one: Found) -> None:
    inputs = one.inputs
    if one.kind == "Ruleset":
        zone.rulesets[str(inputs.get("phase"))] = inputs.get("rules") or ()
    elif one.kind == "ZoneSetting":
        zone.settings[str(inputs.get("setting_id"))] = inputs.get("value")
    elif one.kind in ("DnsRecord", "LoadBalancer") and inputs.get("proxied") is True:
        zone.proxied.add(str(inputs.get("name")).lower())
