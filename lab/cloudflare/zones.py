"""Zones: ``/zones``. In the lab a zone is active as soon as it is made, for nobody has to delegate it.

Source: https://developers.cloudflare.com/api/resources/zones/
"""

from __future__ import annotations

from collections.abc import Mapping

from aiohttp import web

from lab.cloudflare.context import ZONE, changing, check_account, json_object, state_of, zone_in
from lab.cloudflare.envelope import page, success
from lab.cloudflare.errors import ApiError, bad_body
from lab.cloudflare.names import normal_name
from lab.cloudflare.plans import DEFAULT, PLANS, find_plan, plan_named
from lab.cloudflare.setting import initial_settings
from lab.cloudflare.store import Json, new_id, now

routes = web.RouteTableDef()

NAME_SERVERS = ("ada.ns.cloudflare.test", "bob.ns.cloudflare.test")
_PER_PAGE = 20
_MAX_PER_PAGE = 50


@routes.get("/zones")
async def list_zones(request: web.Request) -> web.Response:
    """Zones, filtered by ``name``, ``status`` and ``account.id``."""
    state = state_of(request)
    zones = [view(state, zone) for zone in state["zones"]]
    return page(request.query, [zone for zone in zones if _wanted(zone, request.query)], _PER_PAGE, _MAX_PER_PAGE)


@routes.post("/zones")
async def create_zone(request: web.Request) -> web.Response:
    """Make a zone; ``plan.id`` may name another plan than Enterprise."""
    body = await json_object(request)
    with changing(request) as state:
        zone = _new_zone(state, body)
        state["zones"].append(zone)
    return success(view(state, zone))


@routes.get(ZONE)
async def get_zone(request: web.Request) -> web.Response:
    """One zone."""
    state = state_of(request)
    return success(view(state, zone_in(state, request)))


@routes.patch(ZONE)
async def edit_zone(request: web.Request) -> web.Response:
    """Change ``paused`` or ``plan``, one at a time as Cloudflare wants it."""
    body = await json_object(request)
    with changing(request) as state:
        zone = zone_in(state, request)
        _edit(zone, body)
        zone["modified_on"] = now()
    return success(view(state, zone))


@routes.delete(ZONE)
async def delete_zone(request: web.Request) -> web.Response:
    """Remove a zone with all that is in it."""
    with changing(request) as state:
        zone = zone_in(state, request)
        state["zones"].remove(zone)
    return success({"id": zone["id"]})


@routes.get(f"{ZONE}/available_plans")
async def available_plans(request: web.Request) -> web.Response:
    """The plans that a zone can have."""
    zone = zone_in(state_of(request), request)
    return success([plan.view(subscribed=plan.name == zone["plan"]) for plan in PLANS])


def view(state: Json, zone: Json) -> Json:
    """A zone as the API gives it: what the state holds without its settings, records and rules, and what is fixed."""
    account = state["accounts"][0]
    kept = ("id", "name", "status", "paused", "type", "name_servers", "created_on", "modified_on", "activated_on")
    return {
        **{key: zone[key] for key in kept},
        "development_mode": 0,
        "original_name_servers": None,
        "original_registrar": None,
        "original_dnshost": None,
        "meta": {
            "step": 2,
            "custom_certificate_quota": 0,
            "page_rule_quota": 3,
            "phishing_detected": False,
            "cdn_only": False,
            "dns_only": False,
            "foundation_dns": False,
        },
        "owner": {"id": None, "type": "user", "name": None},
        "account": {"id": account["id"], "name": account["name"]},
        "tenant": {"id": None, "name": None},
        "tenant_unit": {"id": None},
        "permissions": ["#dns_records:edit", "#dns_records:read", "#zone:edit", "#zone:read"],
        "plan": plan_named(zone["plan"]).view(subscribed=True),
    }


def _wanted(zone: Json, query: Mapping[str, str]) -> bool:
    fields = {"name": zone["name"], "status": zone["status"], "account.id": zone["account"]["id"]}
    return all(query.get(field, value).lower() == value for field, value in fields.items())


def _new_zone(state: Json, body: Json) -> Json:
    account = body.get("account") or {}
    if not isinstance(account, dict):
        raise bad_body("Request body is invalid: account must be an object.")
    if "id" in account:
        check_account(state, account["id"])
    name = _name(body)
    if any(zone["name"] == name for zone in state["zones"]):
        raise ApiError(400, 1061, f"{name} already exists")
    if body.get("type", "full") != "full":
        raise bad_body("Request body is invalid: the lab has zones of type full only.")
    stamp = now()
    return {
        "id": new_id(),
        "name": name,
        "status": "active",
        "paused": False,
        "type": "full",
        "plan": _plan(body["plan"]) if "plan" in body else DEFAULT,
        "name_servers": list(NAME_SERVERS),
        "created_on": stamp,
        "modified_on": stamp,
        "activated_on": stamp,
        "settings": initial_settings(),
        "settings_modified": {},
        "dns_records": [],
        "rulesets": [],
        "purges": [],
    }


def _name(body: Json) -> str:
    text = body.get("name")
    name = normal_name(text) if isinstance(text, str) else None
    if name is None or "." not in name:
        raise ApiError(400, 1099, "Please ensure you are providing the root domain and not any subdomains")
    return name


def _plan(value: object) -> str:
    plan = find_plan(value.get("id") if isinstance(value, dict) else None)
    if plan is None:
        raise bad_body("Request body is invalid: plan.id must be one that available_plans lists.")
    return plan.name


def _edit(zone: Json, body: Json) -> None:
    if len(body) != 1 or not body.keys() <= {"paused", "plan"}:
        raise bad_body("Request body is invalid: give one of paused and plan.")
    if "plan" in body:
        zone["plan"] = _plan(body["plan"])
    elif isinstance(body["paused"], bool):
        zone["paused"] = body["paused"]
    else:
        raise bad_body("Request body is invalid: paused must be true or false.")
