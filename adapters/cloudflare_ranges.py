"""Cloudflare's own word on its addresses: ``GET /client/v4/ips``, which needs no token.

https://developers.cloudflare.com/api/resources/ips/methods/list/
"""

from __future__ import annotations

import json
import urllib.error
import urllib.request

from core.errors import StoreError

API = "https://api.cloudflare.com/client/v4"
_SECONDS = 5.0
_MOST_BYTES = 1 << 20


def fetch(base: str = API, seconds: float = _SECONDS) -> tuple[str, ...]:
    """The networks, IPv4 before IPv6. Raises :class:`StoreError` where it does not answer or says something else."""
    try:
        with urllib.request.urlopen(f"{base}/ips", timeout=seconds) as answer:  # noqa: S310 - the scheme is ours
            found = json.loads(answer.read(_MOST_BYTES))
    except (OSError, ValueError) as error:
        reason = error.reason if isinstance(error, urllib.error.URLError) else error
        raise StoreError(f"{base}/ips does not answer: {reason}") from None
    try:
        result = found["result"]
        networks = (*result["ipv4_cidrs"], *result["ipv6_cidrs"])
    except (KeyError, TypeError):
        raise StoreError(f"{base}/ips answers with something else than a list of networks") from None
    if not all(isinstance(network, str) for network in networks):
        raise StoreError(f"{base}/ips answers with something else than a list of networks")
    return networks
