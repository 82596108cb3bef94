"""All that a stack declares, looked up by what it is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from core.property_names import to_api
from core.resources import UNKNOWN, Resource


@dataclass(frozen=True)
class Environment:
    """Resources by URN. ``complete``: what is not in here is not declared.

    ``zone`` is the name of the zone that :attr:`settings`, :attr:`rulesets` and :attr:`web_names` are about: of a stack
    that declares several, the one that its platform is in.
    """

    resources: Mapping[str, Resource]
    complete: bool
    zone: str = ""

    def of(self, kind: str) -> list[Resource]:
        """The resources of a kind such as ``Ruleset``."""
        return self._by_kind.get(kind, [])

    def records(self, name: str, *types: str) -> list[Resource]:
        """The DNS records of a name, of all types or of these."""
        found = self._by_name.get(_folded(name), [])
        return [one for one in found if not types or one.properties.get("type") in types]

    def in_zone(self, kind: str) -> list[Resource]:
        """The resources of a kind that belong to the zone, as far as that can be told."""
        return [one for one in self.of(kind) if self.zone_of(one) in (self.zone, "")]

    def zone_of(self, resource: Resource) -> str:
        """The name of the zone that a resource belongs to, "" where that is not known."""
        return self._zones.get(resource.zone) or self._zones.get(str(resource.properties.get("zoneId"))) or ""

    @cached_property
    def settings(self) -> dict[str, Any]:
        """The zone's settings by their ids."""
        return {
            str(one.properties.get("settingId", one.name)): one.properties.get("value")
            for one in self.in_zone("ZoneSetting")
        }

    @cached_property
    def rulesets(self) -> dict[str, list[dict[str, Any]]]:
        """The zone's rules of each phase, as objects of Cloudflare's API, in their order."""
        found: dict[str, list[dict[str, Any]]] = {}
        for one in self.in_zone("Ruleset"):
            rules = one.properties.get("rules")
            listed = found.setdefault(str(one.properties.get("phase", "")), [])
            listed += [to_api(rule) for rule in rules if isinstance(rule, dict)] if isinstance(rules, list) else []
        return found

    @cached_property
    def web_names(self) -> tuple[str, ...]:
        """Names whose traffic passes the edge."""
        proxied = (one.properties for one in self.in_zone("DnsRecord") if one.properties.get("proxied") is True)
        return tuple(dict.fromkeys(str(one.get("name", "")) for one in proxied))

    @cached_property
    def hidden(self) -> dict[str, set[str]]:
        """The addresses that the edge hides, with the URNs of the proxied records that lead to each."""
        found: dict[str, set[str]] = {}
        for one in self.of("DnsRecord"):
            if one.properties.get("proxied") is True and one.properties.get("type") in ("A", "AAAA"):
                found.setdefault(str(one.properties.get("content")), set()).add(one.urn)
        return found

    @cached_property
    def zones(self) -> frozenset[str]:
        """The names of the zones that are declared, and of the one that this is about."""
        named = (str(one.properties.get("name", "")) for one in self.of("Zone"))
        return frozenset(_folded(name) for name in (*named, self.zone) if name)

    @cached_property
    def _zones(self) -> dict[str, str]:
        """Zones by what tells them apart: their URN, and their id once they have one."""
        named = [(one, str(one.properties.get("name", ""))) for one in self.of("Zone")]
        return {key: name for one, name in named for key in (one.urn, one.id) if key and key != UNKNOWN}

    @cached_property
    def _by_kind(self) -> dict[str, list[Resource]]:
        found: dict[str, list[Resource]] = {}
        for one in self.resources.values():
            if one.custom:
                found.setdefault(one.kind, []).append(one)
        return found

    @cached_property
    def _by_name(self) -> dict[str, list[Resource]]:
        found: dict[str, list[Resource]] = {}
        for one in self.of("DnsRecord"):
            found.setdefault(_folded(one.properties.get("name")), []).append(one)
        return found


def environment_of(resources: Iterable[Resource], zone: str = "") -> Environment:
    """The environment that has these resources and no others."""
    return Environment({one.urn: one for one in resources}, complete=True, zone=zone)


def within(name: str, zones: Iterable[str]) -> bool:
    """Whether a name is that of one of the zones, or lies in one."""
    folded = _folded(name)
    return any(folded == zone or folded.endswith(f".{zone}") for zone in zones)


def _folded(name: Any) -> str:
    return str(name or "").rstrip(".").lower()
