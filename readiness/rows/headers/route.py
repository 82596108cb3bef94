"""Redirects followed by hand, a bounded number of them, loops noticed; and where one leads, as a browser reads it."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urljoin, urlsplit

from core.site import Reply, Visitor

MOST_HOPS = 8
_UNSEEN = str.maketrans("", "", "\t\r\n")


@dataclass(frozen=True)
class Route:
    """The addresses that were asked, the answers to them, and why it ended: "" where the last one led no further."""

    urls: tuple[str, ...]
    replies: tuple[Reply, ...]
    trouble: str = ""

    @property
    def end(self) -> Reply:
        """The last answer."""
        return self.replies[-1]


def followed(visitor: Visitor, url: str, own: frozenset[str]) -> Route:
    """Ask for ``url`` and go where answers lead. No host but ``own`` is asked: there the route ends."""
    urls, replies, trouble = [url], [visitor.ask("GET", url)], ""
    while (leads := leads_to(urls[-1], replies[-1])) and not trouble:
        if leads in urls:
            trouble = f"{leads} leads in a circle"
        elif len(urls) > MOST_HOPS:
            trouble = f"after {MOST_HOPS} hops it still leads on"
        else:
            urls.append(leads)
            if host_of(leads) not in own:
                trouble = f"{host_of(leads) or leads} is no name of this stack: it was not asked"
            else:
                replies.append(visitor.ask("GET", leads))
    return Route(tuple(urls), tuple(replies), trouble)


def leads_to(url: str, reply: Reply) -> str:
    """Where a browser goes from ``url`` after ``reply``; "" for nowhere (WHATWG URL: ``\\`` is ``/``, controls go)."""
    if not 300 <= reply.status < 400 or not (said := reply.header("Location")):
        return ""
    place = said.strip(" \t\r\n\f\0").translate(_UNSEEN)
    try:
        return urljoin(url, place.replace("\\", "/"))
    except ValueError:
        return place


def host_of(url: str) -> str:
    """The host's name; "" where it has none."""
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""
