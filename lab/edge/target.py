"""Where a request goes: host and target, read strictly (RFC 9112 sections 3.2 and 7.2 of RFC 9110)."""

from __future__ import annotations

import re
from typing import Final

from multidict import CIMultiDictProxy

_ABSOLUTE: Final = re.compile(r"https?://(?P<authority>[^/?#]*)(?P<rest>.*)", re.IGNORECASE | re.DOTALL)
# A host name or an IPv4 address, with a port or without.
_HOST: Final = re.compile(r"(?P<name>[A-Za-z0-9_](?:[A-Za-z0-9._-]{0,252}))(?::[0-9]{1,5})?")


class BadTargetError(ValueError):
    """The request does not say, or says twice, what it is for."""


def host_and_target(raw_target: str, headers: CIMultiDictProxy[str]) -> tuple[str, str]:
    """The host name (lower case, no port, no last dot) and the target in origin form.

    Raises :class:`BadTargetError`: no Host or several, a host that is none, a target in another form, a fragment.
    """
    hosts = headers.getall("Host", [])
    if len(hosts) != 1:
        raise BadTargetError("a request has one Host")
    host, target = hosts[0], raw_target
    if absolute := _ABSOLUTE.fullmatch(raw_target):
        host = absolute["authority"]
        target = absolute["rest"] if absolute["rest"].startswith("/") else f"/{absolute['rest']}"
    found = _HOST.fullmatch(host)
    if not found:
        raise BadTargetError("the host is no host name")
    if not target.startswith("/") or "#" in target:
        raise BadTargetError("the target is no path")
    return found["name"].rstrip(".").lower(), target
