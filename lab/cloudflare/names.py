"""Names as Cloudflare keeps them: full, in lower case, in Punycode, without the last dot."""

from __future__ import annotations

import re

import idna

_LABEL = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)")
_MAX_NAME = 253


def normal_name(text: str, *, wildcard: bool = False) -> str | None:
    """``text`` as a full name, or None if it is not one. ``wildcard`` lets the first label be ``*``."""
    name = _punycode(text.removesuffix("."))
    if name is None or not 1 <= len(name) <= _MAX_NAME:
        return None
    labels = name.split(".")
    if wildcard and labels[0] == "*":
        labels = labels[1:]
    return name if all(_LABEL.fullmatch(label) for label in labels) else None


def _punycode(text: str) -> str | None:
    if text.isascii():
        return text.lower()
    try:
        return idna.encode(text, uts46=True).decode()
    except idna.IDNAError:
        return None


def name_in_zone(text: str, zone: str) -> str | None:
    """The full name of a record: ``@`` is the zone, and what does not end in the zone is completed with it."""
    if text in ("@", ""):
        return zone if text else None
    name = normal_name(text, wildcard=True)
    if name is None or name == zone or name.endswith(f".{zone}"):
        return name
    return normal_name(f"{name}.{zone}", wildcard=True)
