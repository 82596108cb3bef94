"""The lab's border: 127.0.0.0/8 and nothing else."""

from __future__ import annotations

import ipaddress
import re

from core.errors import LabError

_URL = re.compile(r"https?://(?P<host>[^\s\\/?#@:]+)(?::[0-9]{1,5})?(?:[/?#][^\s\\]*)?")


def require_loopback(address: str) -> str:
    """Return ``address`` if it is a literal of 127.0.0.0/8, else raise :class:`LabError`.

    Names are refused, ``localhost`` too: what a name resolves to can change after it was checked.
    """
    try:
        parsed = ipaddress.IPv4Address(address)
    except ValueError:
        raise LabError(f"the lab talks to addresses of 127.0.0.0/8 only, and {address!r} is not one") from None
    if not parsed.is_loopback:
        raise LabError(f"the lab talks to addresses of 127.0.0.0/8 only, and {address} is outside of it")
    return address


def require_loopback_url(url: str) -> str:
    """Return ``url`` if its host is a literal of 127.0.0.0/8, else raise :class:`LabError`.

    A user, a backslash or a space is refused, for clients do not agree on where the host ends then.
    """
    parts = _URL.fullmatch(url)
    if not parts:
        raise LabError(f"the lab talks to http://127.X.Y.Z:PORT/PATH only, and {url!r} is not in that form")
    require_loopback(parts["host"])
    return url
