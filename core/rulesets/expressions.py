"""Pieces of expressions in Cloudflare's rules language, made from values that the settings have checked.

Operators and functions: https://developers.cloudflare.com/ruleset-engine/rules-language/
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

PATH = "lower(http.request.uri.path)"
METHOD = "http.request.method"
# Cloudflare takes a bare true as a whole expression.
EVERYTHING = "true"


def paths(values: Iterable[str]) -> str:
    """Whether the path is one of ``values`` (lower case), where ``*`` is any text. What another covers is left out."""
    given = list(dict.fromkeys(values))
    patterns = [one for one in given if not any(covers(other, one) for other in given if other != one)]
    starred = [pattern for pattern in patterns if "*" in pattern]
    exact = [path for path in patterns if "*" not in path]
    parts = [equals(PATH, exact)] if exact else []
    return either([*parts, *(f'{PATH} wildcard r"{pattern}"' for pattern in starred)])


def covers(pattern: str, path: str) -> bool:
    """Whether a pattern with one star, at its end, fits all that a path or another pattern fits."""
    return pattern.endswith("*") and pattern.count("*") == 1 and path.startswith(pattern[:-1])


def methods(values: Sequence[str]) -> str:
    """Whether the method is one of ``values``."""
    return equals(METHOD, values)


def addresses(values: Iterable[str]) -> str:
    """Whether the client's address is in one of the networks."""
    return "ip.src in {" + " ".join(values) + "}"


def equals(field: str, values: Sequence[str]) -> str:
    """Whether a string is one of ``values``."""
    return f'{field} eq "{values[0]}"' if len(values) == 1 else f"{field} in {{{quoted(values)}}}"


def quoted(values: Iterable[str]) -> str:
    """The inside of a set of strings."""
    return " ".join(f'"{value}"' for value in values)


def either(parts: Sequence[str]) -> str:
    """One of the parts; in brackets, so that it can stand beside an ``and``."""
    return parts[0] if len(parts) == 1 else f"({' or '.join(parts)})"


def every(parts: Iterable[str]) -> str:
    """All of the parts, each of which binds stronger than ``and``."""
    return " and ".join(parts)
