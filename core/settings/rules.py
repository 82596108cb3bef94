"""What the rules of several sections have in common."""

from __future__ import annotations

import ipaddress
from typing import Annotated, Literal

from pydantic import AfterValidator

from core.settings.section import matching

RuleName = Annotated[
    str, matching(r"[a-z0-9][a-z0-9-]{0,49}", "1 to 50 lower-case letters, digits and hyphens, such as admin-pages")
]
"""A rule's name. It is the rule's ``ref`` too, so a rule keeps its identity when others come or go."""

Action = Literal["block", "managed_challenge", "js_challenge", "challenge", "log"]
Method = Literal["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]
Identifier = Annotated[str, matching(r"[0-9a-f]{32}", "32 hexadecimal digits, in lower case")]


def _network(text: str) -> str:
    try:
        return str(ipaddress.ip_network(text))
    except ValueError:
        raise ValueError(
            "it must be an address or a network such as 203.0.113.0/24, with no bits set after it"
        ) from None


Network = Annotated[str, AfterValidator(_network)]
"""An address or a network of IPv4 or IPv6, in its shortest form with the length of its prefix."""


# Shorter prefixes hold more addresses than anybody has: a /8 is what one registry's largest members were given.
SHORTEST_PREFIX = {4: 8, 6: 16}


def _some(text: str) -> str:
    network = ipaddress.ip_network(text)
    if network.prefixlen < SHORTEST_PREFIX[network.version]:
        raise ValueError(f"it must be somebody's own network: a /{network.prefixlen} is nearly everybody's")
    return text


OwnNetwork = Annotated[Network, AfterValidator(_some)]
"""The same, of somebody: no network that holds a large part of the internet."""


def refuse_twin_rules(names: list[str]) -> None:
    """Raise :class:`ValueError` if a name stands twice."""
    for name in names:
        if names.count(name) > 1:
            raise ValueError(f"two rules have the name {name}: each must have its own")
