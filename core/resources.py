"""A declared resource, as policies and reviews read it: plain values, secrets and unknown ones marked as such."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from core.secret import REDACTED

UNKNOWN: Final = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
"""What Pulumi writes for a value that is known only after it is applied (``pulumi.runtime.rpc.UNKNOWN``)."""

SECRET: Final = REDACTED
"""What ``pulumi preview --json`` writes for a secret."""

# Maps whose keys are data and not names: header names, in rules that rewrite, vary by or key a cache on them.
_FREE_MAPS: Final = frozenset({"headers", "contains"})
_UPPER: Final = re.compile(r"[A-Z]")


@dataclass(frozen=True)
class Resource:
    """One resource: its type token, its name and URN, and its inputs named as on Pulumi's wire (``actionParameters``).

    A secret is :data:`SECRET` and an unknown value :data:`UNKNOWN`: neither ever stands there itself.
    """

    type: str
    name: str
    urn: str
    properties: Mapping[str, Any] = field(default_factory=dict)

    @property
    def kind(self) -> str:
        """The last part of the type: ``DnsRecord``."""
        return self.type.rsplit(":", 1)[-1]


def name_in(urn: str) -> str:
    """The name in a URN (``urn:pulumi:<stack>::<project>::<types>::<name>``); a name may hold ``::``."""
    parts = urn.split("::", 3)
    return parts[3] if len(parts) == 4 else urn


def type_in(urn: str) -> str:
    """The resource's own type in a URN, without those of its parents."""
    parts = urn.split("::", 3)
    return parts[2].rsplit("$", 1)[-1] if len(parts) == 4 else ""


def is_open(value: Any) -> bool:
    """Whether a value is a secret or not known yet: nothing can be said of it."""
    return isinstance(value, str) and value in (UNKNOWN, SECRET)


def has_open(value: Any) -> bool:
    """Whether anything in ``value`` is open (:func:`is_open`)."""
    if isinstance(value, Mapping):
        return any(has_open(item) for item in value.values())
    if isinstance(value, list):
        return any(has_open(item) for item in value)
    return is_open(value)


def as_api(value: Any) -> Any:
    """A value with its keys as Cloudflare's API has them (``action_parameters``)."""
    if isinstance(value, Mapping):
        return {_snake(key): dict(item) if _is_free(key, item) else as_api(item) for key, item in value.items()}
    return [as_api(item) for item in value] if isinstance(value, list) else value


def _is_free(key: str, item: Any) -> bool:
    return key in _FREE_MAPS and isinstance(item, Mapping)


def _snake(key: str) -> str:
    return _UPPER.sub(lambda match: f"_{match[0].lower()}", key)
