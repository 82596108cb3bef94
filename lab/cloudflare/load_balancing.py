"""Load balancing: monitors and pools of the account, load balancers of a zone.

Source: https://developers.cloudflare.com/api/resources/load_balancers/
"""

from __future__ import annotations

import ipaddress
from typing import Annotated, Any, Literal

from aiohttp import web
from pydantic import Field

from lab.cloudflare.collection import Body, Collection, Context, refuse_twin
from lab.cloudflare.context import ACCOUNT, ID, check_account, found, state_of, watch_of
from lab.cloudflare.envelope import success
from lab.cloudflare.errors import ApiError
from lab.cloudflare.names import normal_name
from lab.cloudflare.store import Json

routes = web.RouteTableDef()

_INVALID = 1002
_PLAIN = r"^[A-Za-z0-9_-]{1,255}$"
_Headers = dict[str, list[str]]


class Monitor(Body):
    """https://developers.cloudflare.com/api/resources/load_balancers/subresources/monitors/methods/create/"""

    type: Literal["http", "https", "tcp", "udp_icmp", "icmp_ping", "smtp"] = "http"
    description: str = ""
    method: str = "GET"
    path: str = "/"
    port: Annotated[int, Field(ge=0, le=65535)] = 0
    expected_codes: str = ""
    expected_body: str = ""
    header: _Headers = Field(default_factory=dict)
    probe_zone: str = ""
    allow_insecure: bool = False
    follow_redirects: bool = False
    interval: Annotated[int, Field(ge=5, le=3600)] = 60
    timeout: Annotated[int, Field(ge=1, le=60)] = 5
    retries: Annotated[int, Field(ge=0, le=5)] = 2
    consecutive_up: Annotated[int, Field(ge=0)] = 0
    consecutive_down: Annotated[int, Field(ge=0)] = 0


class Origin(Body):
    """One of a pool."""

    name: Annotated[str, Field(min_length=1)]
    address: Annotated[str, Field(min_length=1)]
    enabled: bool = True
    weight: Annotated[float, Field(ge=0, le=1)] = 1
    port: Annotated[int, Field(ge=0, le=65535)] = 0
    header: _Headers | None = None


class OriginSteering(Body):
    """How one of a pool's origins is chosen."""

    policy: Literal["random", "hash", "least_outstanding_requests", "least_connections"] = "random"


class Pool(Body):
    """https://developers.cloudflare.com/api/resources/load_balancers/subresources/pools/methods/create/"""

    name: Annotated[str, Field(pattern=_PLAIN)]
    origins: Annotated[list[Origin], Field(min_length=1)]
    description: str = ""
    enabled: bool = True
    minimum_origins: Annotated[int, Field(ge=0)] = 1
    monitor: str | None = None
    check_regions: list[str] | None = None
    notification_email: str = ""
    origin_steering: OriginSteering | None = None
    load_shedding: dict[str, Any] | None = None


class LoadBalancer(Body):
    """https://developers.cloudflare.com/api/resources/load_balancers/methods/create/"""

    name: str
    default_pools: Annotated[list[str], Field(min_length=1)]
    fallback_pool: str
    description: str = ""
    enabled: bool = True
    proxied: bool = False
    ttl: Annotated[float, Field(ge=10)] | None = None
    steering_policy: Literal[
        "", "off", "geo", "random", "dynamic_latency", "proximity", "least_outstanding_requests", "least_connections"
    ] = ""
    session_affinity: Literal["", "none", "cookie", "ip_cookie", "header"] = "none"
    session_affinity_ttl: float | None = None
    session_affinity_attributes: dict[str, Any] | None = None
    adaptive_routing: dict[str, Any] | None = None
    location_strategy: dict[str, Any] | None = None
    random_steering: dict[str, Any] | None = None
    country_pools: dict[str, list[str]] = Field(default_factory=dict)
    pop_pools: dict[str, list[str]] = Field(default_factory=dict)
    region_pools: dict[str, list[str]] = Field(default_factory=dict)


def _check_pool(context: Context, item: Json, others: list[Json]) -> None:
    refuse_twin(_INVALID)(context, item, others)
    monitors = {monitor["id"] for monitor in context[1].get("monitors", [])}
    if item.get("monitor") and item["monitor"] not in monitors:
        raise ApiError(400, _INVALID, "monitor not found: validation failed")
    for origin in item["origins"]:
        _check_address(origin["address"])
    if item["minimum_origins"] > len(item["origins"]):
        raise ApiError(400, _INVALID, "minimum_origins is over the number of origins: validation failed")


def _check_address(text: str) -> None:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        if normal_name(text) is None:
            raise ApiError(400, _INVALID, f"address {text} is neither an address nor a name") from None


def _check_balancer(context: Context, item: Json, others: list[Json]) -> None:
    refuse_twin(_INVALID)(context, item, others)
    state, zone = context
    if not (item["name"] == zone["name"] or item["name"].endswith(f".{zone['name']}")):
        raise ApiError(400, _INVALID, f"{item['name']} is not in the zone {zone['name']}")
    pools = {pool["id"] for pool in state["accounts"][0].get("pools", [])}
    for pool in (*item["default_pools"], item["fallback_pool"]):
        if pool not in pools:
            raise ApiError(400, _INVALID, f"pool {pool} not found: validation failed")


def _used_monitor(context: Context, item: Json) -> None:
    if any(pool.get("monitor") == item["id"] for pool in context[1].get("pools", [])):
        raise ApiError(412, 1005, "resource is in use: the monitor is referenced by a pool")


def _used_pool(context: Context, item: Json) -> None:
    balancers = [balancer for zone in context[0]["zones"] for balancer in zone.get("load_balancers", [])]
    if any(item["id"] in (*each["default_pools"], each["fallback_pool"]) for each in balancers):
        raise ApiError(412, 1005, "resource is in use: the pool is referenced by a load balancer")


_NOT_FOUND = ApiError(404, 1001, "resource not found")
MONITORS = Collection(
    "/load_balancers/monitors", "monitors", Monitor, False, _NOT_FOUND, _INVALID, in_use=_used_monitor
)
POOLS = Collection(
    "/load_balancers/pools", "pools", Pool, False, _NOT_FOUND, _INVALID, check=_check_pool, in_use=_used_pool
)
BALANCERS = Collection(
    "/load_balancers",
    "load_balancers",
    LoadBalancer,
    True,
    _NOT_FOUND,
    _INVALID,
    check=_check_balancer,
    view=lambda context, item: {**item, "zone_name": context[1]["name"]},
)


@routes.get(f"{ACCOUNT}/load_balancers/pools/{{pool_id:{ID}}}/health")
async def pool_health(request: web.Request) -> web.Response:
    """How the origins of a pool are, where it has a monitor that the lab probes."""
    state = state_of(request)
    check_account(state, request.match_info["account_id"])
    pool = found(state["accounts"][0].get("pools", []), request.match_info["pool_id"], _NOT_FOUND)
    return success(watch_of(request).of_pool(pool))


for _each in (MONITORS, POOLS, BALANCERS):
    _each.add_to(routes)
