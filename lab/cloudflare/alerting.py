"""Notifications: what can be told of, notification policies, and the webhooks and PagerDuty services they go to.

Source: https://developers.cloudflare.com/api/resources/alerting/ and, for what comes with which plan,
https://developers.cloudflare.com/notifications/notification-available/.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any

from aiohttp import web
from pydantic import Field

from lab.cloudflare.collection import Body, Collection, Context, refuse_twin
from lab.cloudflare.context import ACCOUNT, check_account, state_of, watch_of
from lab.cloudflare.envelope import page, success
from lab.cloudflare.errors import ApiError
from lab.cloudflare.store import Json

routes = web.RouteTableDef()

_V3 = "/alerting/v3"
_INVALID = 17000
_PLANS = ("free", "pro", "business", "enterprise")
# Type → the product it is listed under, and the lowest plan of a zone of the account that brings it.
_TYPES = {
    "health_check_status_notification": ("Health Checks", "pro"),
    "load_balancing_health_alert": ("Load Balancing", "free"),
    "load_balancing_pool_enablement_alert": ("Load Balancing", "free"),
    "real_origin_monitoring": ("Traffic Monitoring", "free"),
    "http_alert_origin_error": ("Traffic Monitoring", "enterprise"),
    "http_alert_edge_error": ("Traffic Monitoring", "enterprise"),
    "advanced_http_alert_error": ("Traffic Monitoring", "enterprise"),
    "traffic_anomalies_alert": ("Traffic Monitoring", "enterprise"),
    "clickhouse_alert_fw_anomaly": ("Web Application Firewall", "business"),
    "clickhouse_alert_fw_ent_anomaly": ("Web Application Firewall", "enterprise"),
    "dos_attack_l7": ("DDoS Protection", "free"),
    "advanced_ddos_attack_l7_alert": ("DDoS Protection", "enterprise"),
    "universal_ssl_event_type": ("SSL/TLS", "free"),
    "dedicated_ssl_certificate_event_type": ("SSL/TLS", "free"),
    "zone_aop_custom_certificate_expiration_type": ("SSL/TLS", "free"),
    "hostname_aop_custom_certificate_expiration_type": ("SSL/TLS", "free"),
    "expiring_service_token_alert": ("Cloudflare Access", "free"),
    "incident_alert": ("Cloudflare Status", "free"),
    "maintenance_event_notification": ("Cloudflare Status", "free"),
}
# Where a webhook's address says whose it is; all others are generic.
_SERVICES = {
    "hooks.slack.com": "slack",
    "discord.com": "discord",
    "chat.googleapis.com": "gchat",
    "api.datadoghq.com": "datadog",
    "api.opsgenie.com": "opsgenie",
}


class Destination(Body):
    """Who is told: a mail address, or the id of a webhook or a PagerDuty service."""

    id: Annotated[str, Field(min_length=1)]


class Mechanisms(Body):
    """The ways to tell. An empty list is as good as none, and is answered as none."""

    email: list[Destination] | None = None
    webhooks: list[Destination] | None = None
    pagerduty: list[Destination] | None = None


class Policy(Body):
    """A notification policy."""

    name: Annotated[str, Field(min_length=1)]
    alert_type: str
    enabled: bool
    mechanisms: Mechanisms
    description: str = ""
    alert_interval: str | None = None
    filters: dict[str, list[str]] | None = None


class Webhook(Body):
    """A webhook; its secret is kept for the sender and answered to nobody."""

    name: Annotated[str, Field(min_length=1)]
    url: Annotated[str, Field(pattern=r"^https?://[^\s]+$")]
    secret: str | None = None


@routes.get(f"{ACCOUNT}{_V3}/available_alerts")
async def available_alerts(request: web.Request) -> web.Response:
    """What this account can be told of, by product."""
    found: dict[str, list[Json]] = {}
    for name, (product, _plan) in _of_plan(_account(request)[0]).items():
        title = name.replace("_", " ").capitalize()
        found.setdefault(product, []).append(
            {"type": name, "display_name": title, "description": title, "filter_options": []}
        )
    return success(found)


@routes.get(f"{ACCOUNT}{_V3}/destinations/eligible")
async def eligible(request: web.Request) -> web.Response:
    """Which mechanisms the account's plan brings."""
    plan = _highest(_account(request)[0])
    kinds = {"email": True, "webhooks": plan >= 1, "pagerduty": plan >= 2}
    types = {"webhooks": "webhook"}
    return success(
        {kind: [{"type": types.get(kind, kind), "eligible": has, "ready": True}] for kind, has in kinds.items()}
    )


@routes.get(f"{ACCOUNT}{_V3}/destinations/pagerduty")
async def pagerduty(request: web.Request) -> web.Response:
    """The PagerDuty services that the account is connected to."""
    return success(_account(request)[1].get("pagerduty", []))


@routes.get(f"{ACCOUNT}{_V3}/history")
async def history(request: web.Request) -> web.Response:
    """What was sent, the newest first; ``since`` and ``before`` are RFC 3339."""
    _account(request)
    since, before = _time(request, "since"), _time(request, "before")
    dispatch = watch_of(request).dispatch
    sent = [
        item
        for item in reversed(dispatch.history if dispatch else ())
        if (since is None or datetime.fromisoformat(item["sent"]) > since)
        and (before is None or datetime.fromisoformat(item["sent"]) < before)
    ]
    return page(request.query, sent, 25, 1000)


def _time(request: web.Request, name: str) -> datetime | None:
    text = request.query.get(name)
    if text is None:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise ApiError(400, _INVALID, f"{name}: not a time of RFC 3339") from None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _account(request: web.Request) -> Context:
    state = state_of(request)
    check_account(state, request.match_info["account_id"])
    return state, state["accounts"][0]


def _highest(state: Json) -> int:
    return max((_PLANS.index(zone["plan"]) for zone in state["zones"]), default=0)


def _of_plan(state: Json) -> dict[str, tuple[str, str]]:
    highest = _highest(state)
    return {name: kind for name, kind in _TYPES.items() if _PLANS.index(kind[1]) <= highest}


def _check_policy(context: Context, item: Json, _others: list[Json]) -> None:
    state, account = context
    if item["alert_type"] not in _of_plan(state):
        raise ApiError(400, 17103, f"alert type {item['alert_type']} is not available to this account")
    item["mechanisms"] = {kind: given for kind, given in item["mechanisms"].items() if given}
    if not item["mechanisms"]:
        raise ApiError(400, _INVALID, "at least one mechanism is required")
    known = {
        "webhooks": {webhook["id"] for webhook in account.get("alert_webhooks", [])},
        "pagerduty": {service["id"] for service in account.get("pagerduty", [])} | _any_service(item),
    }
    for kind, given in item["mechanisms"].items():
        for destination in given:
            if kind in known and destination["id"] not in known[kind]:
                raise ApiError(400, _INVALID, f"no {kind} destination {destination['id']}")
    if item["mechanisms"].get("pagerduty") and _highest(state) < 2:
        raise ApiError(400, _INVALID, "pagerduty is not available to this account")
    _check_filters(state, item.get("filters") or {})


def _any_service(item: Json) -> set[str]:
    # Services are connected in a browser, which the lab has no part of: whatever is named is taken to be connected.
    return {destination["id"] for destination in item["mechanisms"].get("pagerduty", [])}


def _check_filters(state: Json, filters: dict[str, Any]) -> None:
    account = state["accounts"][0]
    known = {
        "health_check_id": {check["id"] for zone in state["zones"] for check in zone.get("healthchecks", [])},
        "pool_id": {pool["id"] for pool in account.get("pools", [])},
        "zones": {zone["id"] for zone in state["zones"]},
    }
    for name, wanted in filters.items():
        for value in wanted:
            if name in known and value not in known[name]:
                raise ApiError(400, _INVALID, f"filter {name}: there is no {value}")


def _check_webhook(context: Context, item: Json, others: list[Json]) -> None:
    refuse_twin(_INVALID)(context, item, others)
    host = item["url"].split("/")[2].partition(":")[0]
    item["type"] = _SERVICES.get(host, "generic")


def _used_webhook(context: Context, item: Json) -> None:
    for policy in context[1].get("alert_policies", []):
        if item["id"] in [destination["id"] for destination in policy["mechanisms"].get("webhooks", [])]:
            raise ApiError(400, 17102, f"the webhook is used by the notification policy {policy['name']}")


POLICIES = Collection(
    f"{_V3}/policies",
    "alert_policies",
    Policy,
    False,
    ApiError(404, 17101, "notification policy not found"),
    _INVALID,
    stamps=("created", "modified"),
    check=_check_policy,
    answers_with_id=True,
)
WEBHOOKS = Collection(
    f"{_V3}/destinations/webhooks",
    "alert_webhooks",
    Webhook,
    False,
    ApiError(404, 17101, "webhook not found"),
    _INVALID,
    stamps=("created_at", "modified_at"),
    check=_check_webhook,
    view=lambda _context, item: {key: value for key, value in item.items() if key not in ("secret", "modified_at")},
    live=lambda request, item: watch_of(request).of_webhook(item),
    in_use=_used_webhook,
    answers_with_id=True,
)
for _each in (POLICIES, WEBHOOKS):
    _each.add_to(routes)
