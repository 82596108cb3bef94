"""Zones as the edge sees them: rulesets, settings and proxied names, from declared resources."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from core.environment import environment_of
from core.property_names import to_api
from core.resources import Resource


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


def zones_of(resources: Iterable[Resource]) -> dict[str, Zone]:
    """Every zone that is declared, by its name."""
    declared = environment_of(resources)
    zones = {name: Zone(name) for one in declared.of("Zone") if (name := str(one.properties.get("name", "")))}
    for one in declared.resources.values():
        zone = zones.get(declared.zone_of(one))
        if zone is not None:
            _add(zone, one)
    return zones


def zone_of(zones: Mapping[str, Zone], host: str) -> Zone | None:
    """The zone that a host belongs to (the longest name wins), or None."""
    fitting = [zone for name, zone in zones.items() if host == name or host.endswith(f".{name}")]
    return max(fitting, key=lambda zone: len(zone.name), default=None)


def _add(zone: Zone, one: Resource) -> None:
    given = one.properties
    if one.kind == "Ruleset":
        zone.rulesets[str(given.get("phase"))] = to_api(given.get("rules") or [])
    elif one.kind == "ZoneSetting":
        zone.settings[str(given.get("settingId"))] = given.get("value")
    elif one.kind in ("DnsRecord", "LoadBalancer") and given.get("proxied") is True:
        zone.proxied.add(str(given.get("name")).lower())
