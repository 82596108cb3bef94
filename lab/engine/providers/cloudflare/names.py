"""Property names: ``actionParameters`` on Pulumi's wire is ``action_parameters`` in Cloudflare's API."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

# Maps whose keys are data and not names: header names, in rules that rewrite, vary by or key a cache on them.
_FREE_MAPS = frozenset({"headers", "contains"})


def to_api(value: Any, *, free: frozenset[str] = frozenset()) -> Any:
    """A value with its keys as the API has them; a type can have more maps than the usual ones that are ``free``."""
    return _rename(value, lambda key: re.sub(r"[A-Z]", lambda match: f"_{match[0].lower()}", key), _FREE_MAPS | free)


def to_wire(value: Any, *, free: frozenset[str] = frozenset()) -> Any:
    """A value with its keys as Pulumi's wire has them; ``free`` as for :func:`to_api`."""
    return _rename(value, lambda key: re.sub(r"_([a-z0-9])", lambda match: match[1].upper(), key), _FREE_MAPS | free)


def _rename(value: Any, name: Callable[[str], str], free: frozenset[str]) -> Any:
    if isinstance(value, Mapping):
        return {name(key): _inside(key, item, name, free) for key, item in value.items()}
    if isinstance(value, list):
        return [_rename(item, name, free) for item in value]
    return value


def _inside(key: str, value: Any, name: Callable[[str], str], free: frozenset[str]) -> Any:
    if key in free and isinstance(value, Mapping):
        return {known: _rename(item, name, free) for known, item in value.items()}
    return _rename(value, name, free)
