"""All that a stack declares, before a change and after it: what a step means depends on what stands beside it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from core.resources import Resource, as_api
from review.steps import DELETE, SAME, Step


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


def around(
    steps: Iterable[Step], declared: Iterable[Resource] | None, *, complete: bool
) -> tuple[Environment, Environment]:
    """What there is before and after ``steps``.

    ``declared`` is what the program declares now, where that is known: it has what a preview leaves out because it does
    not change. ``complete``: the steps themselves leave nothing out.
    """
    before: dict[str, Resource] = {}
    after: dict[str, Resource] = {one.urn: one for one in declared or ()}
    before.update(after)
    for step in steps:
        if step.before is not None:
            before[step.urn] = step.before
        else:
            before.pop(step.urn, None)
        if step.op == DELETE:
            after.pop(step.urn, None)
        elif step.after is not None and (step.op != SAME or step.urn not in after):
            after[step.urn] = step.after
        if step.op == SAME and step.before is None and step.after is not None:
            before[step.urn] = step.after
    whole = complete or declared is not None
    return Environment(before, whole), Environment(after, whole)


def _folded(name: Any) -> str:
    return str(name or "").rstrip(".").lower()
