"""Where one request goes: to the addresses of its name's records, or where a load balancer sends it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

from aiohttp import web

from lab.edge import pages
from lab.edge.balancing import AFFINITY_COOKIE
from lab.edge.headers import Pairs
from lab.edge.origin import FAILS_OVER, OriginError, Outgoing
from lab.edge.sites import Balanced, Site


@contextmanager
def routed(request: web.BaseRequest, site: Site, outgoing: Outgoing) -> Iterator[tuple[Outgoing, Pairs]]:
    """``outgoing`` with its addresses, and header fields for the answer. It counts as in hand while the context lasts.

    Raises :class:`OriginError` if a load balancer has no pool that is on.
    """
    if site.balanced is None:
        yield replace(outgoing, addresses=site.origins()), []
        return
    client, cookie = request.remote or "", request.cookies.get(AFFINITY_COOKIE, "")
    choice = site.balanced.balancer.choose(client, cookie)
    if choice is None:
        raise OriginError(pages.NO_ORIGIN, f"no pool of {site.name} is on", pages.ORIGIN_DNS_ERROR)
    addresses = [origin.address for origin in choice.origins]
    with site.balanced.live.serving(choice.origins[0]):
        yield replace(outgoing, addresses=addresses, retried=FAILS_OVER), _affinity(site.balanced, choice.cookie)


def _affinity(balanced: Balanced, token: str) -> Pairs:
    if not token:
        return []
    ends = datetime.now(UTC) + timedelta(seconds=balanced.balancer.affinity_seconds)
    secure = " Secure;" if balanced.secure else ""
    expires = format_datetime(ends, usegmt=True)
    return [("Set-Cookie", f"{AFFINITY_COOKIE}={token}; SameSite=Lax;{secure} path=/; expires={expires}; HttpOnly")]
