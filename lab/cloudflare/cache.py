"""The cache's purge, recorded for the edge to obey, and page rules, of which there are none: rules replaced them."""

from __future__ import annotations

from aiohttp import web

from lab.cloudflare.context import ZONE, changing, json_object, state_of, zone_in
from lab.cloudflare.envelope import success
from lab.cloudflare.errors import ApiError
from lab.cloudflare.store import Json, new_id, now

routes = web.RouteTableDef()

_KINDS = ("files", "tags", "hosts", "prefixes")
_MAX_ITEMS = 100
# The edge polls several times a second, so it has long obeyed what falls off the list.
_KEPT = 100


@routes.post(f"{ZONE}/purge_cache")
async def purge_cache(request: web.Request) -> web.Response:
    """Purge everything, or what one of files, tags, hosts and prefixes names."""
    purge = {"id": new_id(), "purged_on": now(), **_wanted(await json_object(request))}
    with changing(request) as state:
        zone = zone_in(state, request)
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
    if not isinstance(items, list) or not 1 <= len(items) <= _MAX_ITEMS:
        raise ApiError(400, 1094, f"{kind} must have from 1 to {_MAX_ITEMS} items")
    urls = [item.get("url") if isinstance(item, dict) else item for item in items]
    if not all(isinstance(url, str) and url for url in urls):
        raise ApiError(400, 1012, f"{kind} must be a list of strings")
    return {"everything": False, kind: urls}
