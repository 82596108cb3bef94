"""Cloudflare's addresses: read, and refused where they would open a host to more than Cloudflare."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable

from core.errors import SettingsError

# The widest that Cloudflare has are /12 and /29; one that is much wider is no list of theirs.
_WIDEST = {4: 10, 6: 24}


def ranges(found: Iterable[str], source: str) -> tuple[str, ...]:
    """The networks in ``found`` as they are written; comments and empty lines are passed over.

    Raises :class:`SettingsError` that names ``source``: for what is no network, for one that is far too wide, and for a
    list that lacks IPv4 or IPv6.
    """
    kept: list[str] = []
    versions: set[int] = set()
    for line in found:
        text = line.partition("#")[0].strip()
        if not text:
            continue
        try:
            network = ipaddress.ip_network(text)
        except ValueError:
            raise SettingsError(f"{source}: {text!r} is no network such as 192.0.2.0/24") from None
        if network.prefixlen < _WIDEST[network.version]:
            raise SettingsError(f"{source}: {text} is wider than any range of Cloudflare's: is it their list?")
        kept.append(text)
        versions.add(network.version)
    if versions != {4, 6}:
        raise SettingsError(f"{source} lacks IPv4 or IPv6: the firewall needs both")
    return tuple(kept)
