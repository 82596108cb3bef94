"""Load balancing: monitors and pools of the account, load balancers of a zone."""

from __future__ import annotations

from lab.engine.providers.cloudflare.kinds.plurals import PluralKind

# Header names of a monitor are data.
_HEADERS = frozenset({"header"})
_STAMPS = ("createdOn", "modifiedOn")

MONITOR = PluralKind(
    type="cloudflare:index/loadBalancerMonitor:LoadBalancerMonitor",
    collection="/accounts/{accountId}/load_balancers/monitors",
    scope=("accountId",),
    settable=(
        *("allowInsecure", "consecutiveDown", "consecutiveUp", "description", "expectedBody", "expectedCodes"),
        *("followRedirects", "header", "interval", "method", "path", "port", "probeZone", "retries", "timeout", "type"),
    ),
    computed=_STAMPS,
    replaced_by=frozenset({"accountId"}),
    identity=("accountId", "description"),
    volatile=frozenset({"modifiedOn"}),
    free=_HEADERS,
)
POOL = PluralKind(
    type="cloudflare:index/loadBalancerPool:LoadBalancerPool",
    collection="/accounts/{accountId}/load_balancers/pools",
    scope=("accountId",),
    settable=(
        *("checkRegions", "description", "enabled", "latitude", "loadShedding", "longitude", "minimumOrigins"),
        *("monitor", "monitorGroup", "name", "notificationEmail", "notificationFilter", "originSteering", "origins"),
    ),
    computed=(*_STAMPS, "disabledAt", "networks"),
    replaced_by=frozenset({"accountId"}),
    identity=("accountId", "name"),
    volatile=frozenset({"modifiedOn"}),
    plurals={"hosts": "Host"},
    free=_HEADERS,
)
LOAD_BALANCER = PluralKind(
    type="cloudflare:index/loadBalancer:LoadBalancer",
    collection="/zones/{zoneId}/load_balancers",
    scope=("zoneId",),
    settable=(
        *("adaptiveRouting", "countryPools", "defaultPools", "description", "enabled", "fallbackPool"),
        *("locationStrategy", "name", "networks", "popPools", "proxied", "randomSteering", "regionPools", "rules"),
        *("sessionAffinity", "sessionAffinityAttributes", "sessionAffinityTtl", "steeringPolicy", "ttl"),
    ),
    computed=(*_STAMPS, "zoneName"),
    replaced_by=frozenset({"zoneId"}),
    identity=("zoneId", "name"),
    volatile=frozenset({"modifiedOn"}),
    free=frozenset({"countryPools", "popPools", "regionPools", "country_pools", "pop_pools", "region_pools"}),
)
KINDS = (MONITOR, POOL, LOAD_BALANCER)
