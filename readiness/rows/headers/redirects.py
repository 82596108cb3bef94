"""From http to https to the last place, a hop each; and that nobody else says where a redirect leads."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import quote, urlencode

from core.site import Reply
from readiness.check import Result, Table, held, unknown
from readiness.exchange import exchange, kept_out
from readiness.rows.headers import checks, page
from readiness.rows.headers.names import Name, own_names, web_names
from readiness.rows.headers.route import Route, followed, host_of, leads_to
from readiness.target import Target

_EVIL = "evil.example"
# What a redirect of an old path could not know: it must come along.
_PATH = "/launch-ready-check?kept=yes"
_LASTING = (301, 308)
_WORDS = (
    *("next", "url", "redirect", "redirect_uri", "redirect_url", "return", "return_to", "returnTo", "continue"),
    *("dest", "destination", "goto", "target", "r", "u", "from", "ref", "callback", "to", "out", "view", "back"),
)
# Ways to name a host in a path or a parameter that some program takes for a path of its own.
_PATHS = (
    *("//{evil}/", "///{evil}/", "/%2F{evil}/", "/%5C{evil}/", "//{evil}/%2e%2e", "/https://{evil}/", "/.{evil}/"),
    *("/%09/{evil}/", "/static/..%2f..%2f{evil}", "/;@{evil}/", "//{evil}%2f.."),
)
_WAYS = ("https://", "http://", "//")
_VALUES = ("https://{evil}/", "//{evil}/", "/\\{evil}/", "https:{evil}", "javascript:alert(1)")


def hops(target: Target) -> Iterator[Result]:
    """Each name by http, with a path and a query."""
    visitor, own = target.visitor(), own_names(target.settings)
    routes = {name: followed(visitor, f"http://{name.name}{_PATH}", own) for name in web_names(target.settings)}
    table = _routes(routes)
    secure = [said for name, route in routes.items() if (said := _first_hop(name, route))]
    count = f"{len(routes)} names, each http → https on the same host"
    yield held(checks.HTTPS, secure, f"{count}, path and query kept", table)
    last = [said for name, route in routes.items() if (said := _last_hop(name, route))]
    yield held(checks.CANONICAL, last, f"{count} → the last place, a hop each and two at most", table)


def _first_hop(name: Name, route: Route) -> str:
    first = route.replies[0]
    if not first.status:
        # Nobody answers by http: nothing goes in the clear.
        return "" if "refused" in first.reason else f"{name.name} by http: {first.reason}"
    wanted = f"https://{name.name}{_PATH}"
    if len(route.urls) < 2:
        return f"{name.name} answers {first.status} by http and leads nowhere"
    if route.urls[1] != wanted:
        return f"{name.name} leads by http to {route.urls[1]}, not to {wanted}"
    return "" if first.status in _LASTING else f"{name.name} answers {first.status}, which browsers do not remember"


def _last_hop(name: Name, route: Route) -> str:
    if route.trouble:
        return f"{name.name}: {route.trouble}"
    if not route.end.status:
        return f"{route.urls[-1]} does not answer: {route.end.reason}"
    wanted = f"https://{name.ends_at}{_PATH}"
    if route.urls[-1] != wanted:
        return f"{name.name} ends at {route.urls[-1]}, not at {wanted}"
    most = 2 if name.serves else 3
    return "" if len(route.urls) <= most else f"{name.name} takes {len(route.urls) - 1} hops: {' → '.join(route.urls)}"


def _routes(routes: dict[Name, Route]) -> Table:
    rows = tuple(
        (name.name, " → ".join(route.urls), " ".join(str(reply.status) for reply in route.replies), route.trouble)
        for name, route in routes.items()
    )
    return Table("Where each name leads", ("Name", "Way", "Statuses", "Trouble"), rows)


def open_redirects(target: Target) -> Iterator[Result]:
    """Addresses that name another host in their path, their query or their headers."""
    visitor, own = target.visitor(), own_names(target.settings)
    asked: list[tuple[str, Reply, str]] = []
    for url, headers in _tries(target):
        reply = visitor.ask("GET", url, headers=headers)
        asked.append(
            (url + "".join(f"\n{key}: {value}" for key, value in headers.items()), reply, leads_to(url, reply))
        )
    away = [(line, reply, leads) for line, reply, leads in asked if _away(leads, own) or _refreshes(reply)]
    wrong = [f"{line.splitlines()[0]} leads to {leads or 'where its markup says'}" for line, _, leads in away]
    shown = [exchange(f"GET {line}", reply) for line, reply, _ in away[:3]]
    if not wrong and (why := kept_out([reply for _, reply, _ in asked])):
        yield unknown(checks.OPEN_REDIRECT, f"{why}: run this again when it answers")
        return
    summary = f"{len(asked)} addresses that name {_EVIL}: none leads there"
    yield held(checks.OPEN_REDIRECT, wrong, summary, *shown)


def _tries(target: Target) -> Iterator[tuple[str, dict[str, str]]]:
    site = target.origin.removeprefix("https://")
    for scheme in ("http", "https"):
        for way in _PATHS:
            yield f"{scheme}://{site}{way.format(evil=_EVIL)}", {}
    for path in target.settings.readiness.pages:
        for value in _VALUES:
            text = value.format(evil=_EVIL)
            joined = "&" if "?" in path else "?"
            yield target.url(path + joined + urlencode(dict.fromkeys(_WORDS, text), quote_via=quote)), {}
        for name in ("X-Forwarded-Host", "X-Host", "Forwarded", "X-Original-URL", "X-Rewrite-URL"):
            yield target.url(path), {name: f"host={_EVIL}" if name == "Forwarded" else _EVIL}


def _away(leads: str, own: frozenset[str]) -> bool:
    if not leads:
        return False
    return not leads.startswith(("http://", "https://")) or host_of(leads) not in own


def _refreshes(reply: Reply) -> bool:
    """Whether the answer leads away without a status that says so."""
    refresh = [reply.header("Refresh"), *page.read(reply.text).equivalent("refresh")]
    return any(_EVIL in said for said in refresh) or any(f'="{way}{_EVIL}' in reply.text for way in _WAYS)
