"""One rule of one of the zone's phases, as a value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Rule:
    """A rule; ``ref`` is what Cloudflare knows it by, so that it stays the same one when others come or go.

    ``parameters`` and ``rate_limit`` are the API's ``action_parameters`` and ``ratelimit``, with its names.
    """

    ref: str
    description: str
    expression: str
    action: str
    enabled: bool = True
    parameters: Mapping[str, Any] | None = None
    rate_limit: Mapping[str, Any] | None = None
    logged: bool = False

    def as_api(self) -> dict[str, Any]:
        """The rule object of Cloudflare's API (https://developers.cloudflare.com/ruleset-engine/rulesets-api/)."""
        optional = {
            "action_parameters": self.parameters,
            "ratelimit": self.rate_limit,
            "logging": {"enabled": True} if self.logged else None,
        }
        return {
            "ref": self.ref,
            "description": self.description,
            "expression": self.expression,
            "action": self.action,
            "enabled": self.enabled,
            **{key: value for key, value in optional.items() if value is not None},
        }
