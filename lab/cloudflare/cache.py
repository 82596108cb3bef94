"""The cache's purge, recorded for the edge to follow, and page rules, of which there are none: rules replaced them."""

from __future__ import annotations

from urllib.parse import urlsplit

from aiohttp import web

from lab.cloudflare.context import ZONE, changing, json_object, state_of, zone_in
from lab.cloudflare.envelope import success
from lab.cloudflare.errors import ApiError
from lab.cloudflare.store import Json, new_id, now

routes = web.RouteTableDef()

_KINDS = ("files", "tags", "hosts", "prefixes")
_MAX_ITEMS = 100
_KEPT = 100


@routes.post(f"{ZONE}/purge_cache")
async def purge_cache(request: web.Request) -> web.Response:
    """Purge everything, or what one of files, tags, hosts and prefixes names."""
    purge = {"id": new_id(), "purged_on": now(), **_wanted(await json_object(request))}
    with changing(request) as state:
        zone = zone_in(state, request)
        _require_own(purge, zone["name"])
        zone["purges"] = [*zone["purges"], purge][-_KEPT:]
    return success({"id": zone["id"]})


@routes.get(f"{ZONE}/pagerules")
async def list_page_rules(request: web.Request) -> web.Response:
    """No page rules; octoDNS asks."""
    zone_in(state_of(request), request)
    return success([])


def _wanted(body: Json) -> Json:
    if body == {"purge_everything": True}:
        return {"everything": True}
    if len(body) != 1 or not body.keys() <= set(_KINDS):
        raise ApiError(400, 1012, f"Request must contain one of purge_everything, {', '.join(_KINDS)}")
    ((kind, items),) = body.items()
    if not isinstance(items, list):
        raise ApiError(400, 1014, '"files", "tags", "hosts" or "prefixes" must be an array')
    if not 1 <= len(items) <= _MAX_ITEMS:
        raise ApiError(400, 1094, f"{kind} must have from 1 to {_MAX_ITEMS} items")
    urls = [item.get("url") if isinstance(item, dict) else item for item in items]
    if not all(isinstance(url, str) and url for url in urls):
        raise ApiError(400, 1012, f"{kind} must be a list of strings")
    return {"everything": False, kind: urls}


def _require_own(purge: Json, zone: str) -> None:
    """Refuse what is no URL, or is another zone's: a zone's token reaches no further."""
    for url in purge.get("files", []):
        if not _inside(_host_of(url), zone):
            raise ApiError(400, 1016, f"Unable to purge {url}, which is an invalid URL.")
    for prefix in purge.get("prefixes", []):
        # A scheme or a query is no part of a prefix.
        if "://" in prefix or "?" in prefix or not _inside(prefix.partition("/")[0], zone):
            raise ApiError(400, 1016, f"Unable to purge {prefix}, which is an invalid prefix.")
    for host in purge.get("hosts", []):
        if not _inside(host, zone):
            raise ApiError(400, 1016, f"Unable to purge {host}, which is an invalid hostname.")


def _host_of(url: str) -> str | None:
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    return parts.hostname if parts.scheme in ("http", "https") else None


def _inside(host: str | None, zone: str) -> bool:
    return host is not None and (host == zone or host.endswith(f".{zone}"))
