"""All that a stack declares, looked up by what it is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from core.resources import Resource, as_api


@dataclass(frozen=True)
class Environment:
    """Resources by URN. ``complete``: what is not in here is not declared."""

    resources: Mapping[str, Resource]
    complete: bool

    def of(self, kind: str) -> list[Resource]:
        """The resources of a kind such as ``Ruleset``."""
        return self._by_kind.get(kind, [])

    def records(self, name: str, *types: str) -> list[Resource]:
        """The DNS records of a name, of all types or of these."""
        found = self._by_name.get(_folded(name), [])
        return [one for one in found if not types or one.properties.get("type") in types]

    @cached_property
    def settings(self) -> dict[str, Any]:
        """The zone's settings by their ids. Of several zones' settings, the first declared."""
        found: dict[str, Any] = {}
        for one in self.of("ZoneSetting"):
            found.setdefault(str(one.properties.get("settingId", one.name)), one.properties.get("value"))
        return found

    @cached_property
    def rulesets(self) -> dict[str, list[dict[str, Any]]]:
        """The rules of each phase, as objects of Cloudflare's API, in their order."""
        found: dict[str, list[dict[str, Any]]] = {}
        for one in self.of("Ruleset"):
            rules = one.properties.get("rules")
            listed = found.setdefault(str(one.properties.get("phase", "")), [])
            listed += [as_api(rule) for rule in rules if isinstance(rule, dict)] if isinstance(rules, list) else []
        return found

    @cached_property
    def web_names(self) -> tuple[str, ...]:
        """Names whose traffic passes the edge."""
        proxied = (one.properties for one in self.of("DnsRecord") if one.properties.get("proxied") is True)
        return tuple(dict.fromkeys(str(one.get("name", "")) for one in proxied))

    @cached_property
    def _by_kind(self) -> dict[str, list[Resource]]:
        found: dict[str, list[Resource]] = {}
        for one in self.resources.values():
            found.setdefault(one.kind, []).append(one)
        return found

    @cached_property
    def _by_name(self) -> dict[str, list[Resource]]:
        found: dict[str, list[Resource]] = {}
        for one in self.of("DnsRecord"):
            found.setdefault(_folded(one.properties.get("name")), []).append(one)
        return found


def environment_of(resources: Iterable[Resource]) -> Environment:
    """The environment that has these resources and no others."""
    return Environment({one.urn: one for one in resources}, complete=True)


def _folded(name: Any) -> str:
    return str(name or "").rstrip(".").lower()
