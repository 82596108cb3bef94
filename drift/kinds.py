"""The types that are compared: where each lives in Cloudflare's API, what tells one from another, how they are named.

Paths and import ids: https://developers.cloudflare.com/api/ and the documentation of ``pulumi_cloudflare``.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from core.property_names import to_api
from core.resources import has_open

Body = Mapping[str, Any]
Key = tuple[Any, ...]

_PLURALS = {
    "includes": "include",
    "excludes": "exclude",
    "requires": "require",
    "emails": "email",
    "pagerduties": "pagerduty",
    "healthCheckIds": "health_check_id",
    "statuses": "status",
    "poolIds": "pool_id",
}


def _by(*keys: str) -> Callable[[Body], Key]:
    return lambda body: tuple(body.get(key) for key in keys)


_BY_NAME = _by("name")


def _set(values: Any) -> tuple[str, ...]:
    return tuple(sorted(map(str, values or ())))


@dataclass(frozen=True)
class Kind:
    """A type. ``path`` and ``import_id`` may name ``{zone}``, ``{account}``, ``{store}`` and ``{id}``.

    ``key`` tells one from the others by what the API answers. ``single``: there is one at ``path``. ``ours``: whether
    one that nobody declared is this zone's, and so worth telling of. ``unseen``: what the API never shows.
    ``unordered``: lists whose order means nothing. ``free``: maps whose keys are data.
    """

    path: str
    import_id: str
    key: Callable[[Body], Key] = _BY_NAME
    single: bool = False
    ours: bool = False
    unseen: frozenset[str] = frozenset()
    unordered: frozenset[str] = frozenset()
    free: frozenset[str] = frozenset()


def _of_account(path: str, **more: Any) -> Kind:
    return Kind(f"/accounts/{{account}}/{path}", "{account}/{id}", **more)


def _of_zone(path: str, **more: Any) -> Kind:
    return Kind(f"/zones/{{zone}}/{path}", "{zone}/{id}", **more)


def _of_access(path: str, **more: Any) -> Kind:
    return Kind(f"/accounts/{{account}}/access/{path}", "accounts/{account}/{id}", **more)


_HEADERS = frozenset({"header"})
KINDS: Mapping[str, Kind] = {
    "Zone": Kind("/zones", "{id}"),
    "DnsRecord": _of_zone("dns_records", ours=True),
    "ZoneSetting": Kind("/zones/{zone}/settings", "{zone}/{id}", key=_by("id"), ours=True, unseen=frozenset({"id"})),
    "Ruleset": Kind("/zones/{zone}/rulesets", "zones/{zone}/{id}", key=_by("phase"), ours=True),
    "LeakedCredentialCheck": Kind("/zones/{zone}/leaked-credential-checks", "{zone}", single=True),
    "ZoneDnssec": Kind("/zones/{zone}/dnssec", "{zone}", single=True),
    "CertificatePack": _of_zone(
        "ssl/certificate_packs",
        key=lambda body: (body.get("certificate_authority"), _set(body.get("hosts"))),
        unseen=frozenset({"cloudflare_branding"}),
        unordered=frozenset({"hosts"}),
    ),
    "OriginCaCertificate": Kind(
        "/certificates?zone_id={zone}",
        "{id}",
        key=lambda body: (_set(body.get("hostnames")),),
        # Cloudflare answers without the request, and with the days that are left.
        unseen=frozenset({"csr", "requested_validity"}),
        unordered=frozenset({"hostnames"}),
    ),
    "AuthenticatedOriginPullsCertificate": _of_zone(
        "origin_tls_client_auth",
        key=lambda body: (str(body.get("certificate")).strip(),),
        unseen=frozenset({"certificate", "private_key"}),
    ),
    "AuthenticatedOriginPullsSettings": Kind("/zones/{zone}/origin_tls_client_auth/settings", "{zone}", single=True),
    "LoadBalancer": _of_zone("load_balancers", ours=True),
    "Healthcheck": _of_zone("healthchecks", ours=True, free=_HEADERS),
    "LoadBalancerMonitor": _of_account("load_balancers/monitors", key=_by("description"), free=_HEADERS),
    "LoadBalancerPool": _of_account("load_balancers/pools", free=_HEADERS),
    # Its import id has no level, though those of its applications and tokens do.
    "ZeroTrustAccessPolicy": _of_account("access/policies", unordered=frozenset({"include", "exclude", "require"})),
    "ZeroTrustAccessApplication": _of_access("apps", key=_by("domain"), ours=True),
    "ZeroTrustAccessServiceToken": _of_access("service_tokens"),
    "NotificationPolicy": _of_account(
        "alerting/v3/policies",
        unordered=frozenset({"email", "webhooks", "pagerduty", "health_check_id", "status", "zones", "pool_id"}),
    ),
    "NotificationPolicyWebhooks": _of_account("alerting/v3/destinations/webhooks", unseen=frozenset({"secret"})),
    "SecretsStore": _of_account("secrets_store/stores"),
    "SecretsStoreSecret": Kind(
        "/accounts/{account}/secrets_store/stores/{store}/secrets",
        "{account}/{store}/{id}",
        unseen=frozenset({"value"}),
        unordered=frozenset({"scopes"}),
    ),
}
SCOPE = frozenset({"zone_id", "account_id", "store_id"})


def wanted_of(kind: Kind, properties: Body) -> dict[str, Any]:
    """Declared properties as the API's body would have them, without scope and what the API never shows."""
    body = to_api(properties, free=kind.free, names=_PLURALS)
    if "setting_id" in body:
        body["id"] = body.pop("setting_id")
    return {key: value for key, value in body.items() if key not in SCOPE}


def in_one_order(values: list[Any]) -> list[Any]:
    """A list whose order means nothing, sorted, unless something in it is not known."""
    return (
        values if has_open(values) else sorted(values, key=lambda value: json.dumps(value, sort_keys=True, default=str))
    )
