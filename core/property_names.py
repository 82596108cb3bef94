"""Property names: ``actionParameters`` on Pulumi's wire is ``action_parameters`` in Cloudflare's API."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, Final

# Maps whose keys are data and not names: header names, in rules that rewrite, vary by or key a cache on them.
_FREE_MAPS: Final = frozenset({"headers", "contains"})
_NO_NAMES: Final[Mapping[str, str]] = {}
_KEPT: Final = 4_096


def to_api(value: Any, *, free: frozenset[str] = frozenset(), names: Mapping[str, str] = _NO_NAMES) -> Any:
    """A value with its keys as the API has them; a type can have more maps than the usual ones that are ``free``.

    ``names``: a key on Pulumi's wire → the API's own, where that is another word.
    """
    return _rename(value, (lambda key: names.get(key) or _snake(key)) if names else _snake, _FREE_MAPS | free)


def to_wire(value: Any, *, free: frozenset[str] = frozenset()) -> Any:
    """A value with its keys as Pulumi's wire has them; ``free`` as for :func:`to_api`."""
    return _rename(value, _camel, _FREE_MAPS | free)


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


@lru_cache(_KEPT)
def _snake(key: str) -> str:
    return re.sub(r"[A-Z]", lambda match: f"_{match[0].lower()}", key)


@lru_cache(_KEPT)
def _camel(key: str) -> str:
    return re.sub(r"_([a-z0-9])", lambda match: match[1].upper(), key)
