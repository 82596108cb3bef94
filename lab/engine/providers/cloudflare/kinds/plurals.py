"""Kinds whose lists Pulumi names in the plural and Cloudflare in the singular (``includes``, ``include``)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from core.property_names import to_api, to_wire
from lab.engine.providers.cloudflare.kinds.base import Kind
from lab.engine.wire import Properties


@dataclass(frozen=True)
class PluralKind(Kind):
    """``plurals``: a key on Pulumi's wire → the API's own. ``free``: keys below which names are data."""

    plurals: Mapping[str, str] = field(default_factory=dict)
    free: frozenset[str] = frozenset()

    def _body(self, inputs: Properties) -> Any:
        settable = {key: inputs[key] for key in self.settable if key in inputs}
        return to_api(renamed(settable, self.plurals), free=self.free)

    def _named(self, answer: dict[str, Any]) -> Any:
        singular = {name: wire for wire, name in self.plurals.items()}
        return renamed(to_wire(answer, free=self.free), singular)


def renamed(value: Any, names: Mapping[str, str]) -> Any:
    """``value`` with each key of ``names``, however deep, under its other name."""
    if isinstance(value, Mapping):
        return {names.get(key, key): renamed(item, names) for key, item in value.items()}
    return [renamed(item, names) for item in value] if isinstance(value, list) else value
