"""Access: reusable policies, service tokens and self-hosted applications of the account.

Source: https://developers.cloudflare.com/api/resources/zero_trust/subresources/access/
"""

from __future__ import annotations

import hashlib
import re
import secrets
import uuid
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal

from aiohttp import web
from pydantic import Field

from lab.cloudflare.collection import Body, Collection, Context
from lab.cloudflare.context import ACCOUNT, changing, check_account, json_object
from lab.cloudflare.envelope import success
from lab.cloudflare.errors import ApiError
from lab.cloudflare.store import Json, new_id, now

routes = web.RouteTableDef()

_INVALID = 12130
_HASH = "secret_sha256"
_STAMPS = ("created_at", "updated_at")
_MOST_DOMAINS = 5
_UUID = "[0-9a-f-]{36}"
_HOURS = re.compile(r"([0-9]+)h|forever")
# Times as Go's time.ParseDuration takes them.
_Duration = Annotated[str, Field(pattern=r"^([0-9]+(ns|us|ms|s|m|h))+$")]
_Rules = list[dict[str, dict[str, Any]]]


class Policy(Body):
    """https://developers.cloudflare.com/api/resources/zero_trust/subresources/access/subresources/policies/"""

    name: Annotated[str, Field(min_length=1)]
    decision: Literal["allow", "deny", "non_identity", "bypass"]
    include: Annotated[_Rules, Field(min_length=1)]
    exclude: _Rules = Field(default_factory=list)
    require: _Rules = Field(default_factory=list)
    session_duration: _Duration = "24h"
    approval_required: bool = False
    approval_groups: list[dict[str, Any]] = Field(default_factory=list)
    isolation_required: bool = False
    purpose_justification_required: bool = False
    purpose_justification_prompt: str | None = None


class Destination(Body):
    """Where an application is."""

    type: Literal["public", "private"] = "public"
    uri: str | None = None


class Link(Body):
    """A reusable policy of an application."""

    id: str
    precedence: Annotated[int, Field(ge=1)] | None = None


class Application(Body):
    """https://developers.cloudflare.com/api/resources/zero_trust/subresources/access/subresources/applications/"""

    name: Annotated[str, Field(min_length=1, max_length=350)]
    type: Literal["self_hosted"]
    domain: str | None = None
    destinations: list[Destination] | None = None
    policies: list[Link | str] = Field(default_factory=list)
    session_duration: _Duration = "24h"
    app_launcher_visible: bool = True
    auto_redirect_to_identity: bool = False
    enable_binding_cookie: bool = False
    http_only_cookie_attribute: bool = True
    same_site_cookie_attribute: Literal["strict", "lax", "none"] | None = None
    options_preflight_bypass: bool = False
    skip_interstitial: bool = False
    allowed_idps: list[str] = Field(default_factory=list)
    tags: list[str] = Field(default_factory=list)


class ServiceToken(Body):
    """https://developers.cloudflare.com/api/resources/zero_trust/subresources/access/subresources/service_tokens/"""

    name: Annotated[str, Field(min_length=1, max_length=350)]
    duration: str = "8760h"


def _uuid() -> str:
    return str(uuid.uuid4())


def _check_policy(context: Context, item: Json, _others: list[Json]) -> None:
    tokens = {token["id"] for token in context[1].get("access_tokens", [])}
    for rule in (*item["include"], *item["exclude"], *item["require"]):
        if len(rule) != 1:
            raise ApiError(400, _INVALID, "access.api.error.invalid_request: a rule has exactly one selector")
        if (token := rule.get("service_token")) and token.get("token_id") not in tokens:
            raise ApiError(400, _INVALID, f"access.api.error.invalid_request: no service token {token.get('token_id')}")


def _policy_view(context: Context, item: Json) -> Json:
    using = [app for app in context[1].get("access_apps", []) if item["id"] in [link["id"] for link in app["policies"]]]
    return {**item, "reusable": True, "app_count": len(using)}


def _used_policy(context: Context, item: Json) -> None:
    if _policy_view(context, item)["app_count"]:
        raise ApiError(400, 12132, "access.api.error.policy_in_use: take it out of its applications first")


def _check_application(context: Context, item: Json, others: list[Json]) -> None:
    state, account = context
    zones = [zone["name"] for zone in state["zones"]]
    item["destinations"] = item.get("destinations") or [{"type": "public", "uri": item.get("domain")}]
    uris = [destination.get("uri") for destination in item["destinations"]]
    item["domain"] = item.get("domain") or uris[0]
    if len(uris) > _MOST_DOMAINS:
        raise ApiError(400, _INVALID, "access.api.error.invalid_request: too many domains")
    taken = {destination.get("uri") for other in others for destination in other["destinations"]}
    for uri in (item["domain"], *uris):
        host = str(uri).partition("/")[0]
        if not any(host == zone or host.endswith(f".{zone}") for zone in zones):
            raise ApiError(400, 12130, f"access.api.error.invalid_request: domain {uri} does not belong to zone")
        if uri in taken:
            raise ApiError(409, 12125, "access.api.error.application_already_exists")
    item["self_hosted_domains"] = uris
    item["policies"] = _links(account, item["policies"])


def _links(account: Json, wanted: list[Any]) -> list[Json]:
    known = {policy["id"] for policy in account.get("access_policies", [])}
    links = []
    for position, link in enumerate(wanted, 1):
        found = {"id": link} if isinstance(link, str) else dict(link)
        if found["id"] not in known:
            raise ApiError(400, _INVALID, f"access.api.error.invalid_request: no policy {found['id']}")
        links.append({"id": found["id"], "precedence": found.get("precedence", position)})
    if len({link["precedence"] for link in links}) != len(links):
        raise ApiError(400, _INVALID, "access.api.error.invalid_request: precedence must be unique")
    return sorted(links, key=lambda link: link["precedence"])


def _application_view(context: Context, item: Json) -> Json:
    """As Cloudflare does, with each policy in full."""
    policies = {policy["id"]: policy for policy in context[1].get("access_policies", [])}
    full = [{**policies[link["id"]], **link, "reusable": True} for link in item["policies"]]
    return {**item, "policies": full}


def _expires(duration: str) -> str:
    hours = _HOURS.fullmatch(duration)
    if hours is None:
        raise ApiError(400, _INVALID, "access.api.error.invalid_request: duration must be in hours, such as 8760h")
    ends = datetime.now(UTC) + timedelta(hours=int(hours[1] or 24 * 365 * 1000))
    return ends.isoformat(timespec="seconds").replace("+00:00", "Z")


def _token_view(_context: Context, item: Json) -> Json:
    return {key: value for key, value in item.items() if key != _HASH}


def _token_facts(_context: Context, item: Json) -> Json:
    return {"client_id": f"{new_id()}.access", "expires_at": _expires(item["duration"]), "enabled": True}


def _used_token(context: Context, item: Json) -> None:
    for policy in context[1].get("access_policies", []):
        if {"service_token": {"token_id": item["id"]}} in policy["include"]:
            raise ApiError(400, 12133, "access.api.error.service_token_in_use")


def _missing(what: str) -> ApiError:
    return ApiError(404, 12131, f"access.api.error.unknown_{what}")


POLICIES = Collection(
    "/access/policies",
    "access_policies",
    Policy,
    False,
    _missing("policy"),
    _INVALID,
    stamps=_STAMPS,
    check=_check_policy,
    view=_policy_view,
    in_use=_used_policy,
    new_id=_uuid,
    paged=True,
    id_form=_UUID,
)
APPLICATIONS = Collection(
    "/access/apps",
    "access_apps",
    Application,
    False,
    _missing("application"),
    _INVALID,
    stamps=_STAMPS,
    check=_check_application,
    computed=lambda _context, _item: {"aud": secrets.token_hex(32)},
    view=_application_view,
    new_id=_uuid,
    paged=True,
    id_form=_UUID,
)
TOKENS = Collection(
    "/access/service_tokens",
    "access_tokens",
    ServiceToken,
    False,
    _missing("service_token"),
    _INVALID,
    stamps=_STAMPS,
    computed=_token_facts,
    check=lambda _context, item, _others: item.update(expires_at=_expires(item["duration"])),
    view=_token_view,
    in_use=_used_token,
    new_id=_uuid,
    paged=True,
    id_form=_UUID,
)


@routes.post(f"{ACCOUNT}/access/service_tokens")
async def create_token(request: web.Request) -> web.Response:
    """Make a service token: its secret is in this answer and never again; the state has its hash, for the edge."""
    body = await json_object(request)
    secret = secrets.token_hex(32)
    with changing(request) as state:
        check_account(state, request.match_info["account_id"])
        account, stamp = state["accounts"][0], now()
        item = {"id": _uuid(), **dict.fromkeys(_STAMPS, stamp), **TOKENS.valid(body)}
        item |= _token_facts((state, account), item) | {_HASH: hashlib.sha256(secret.encode()).hexdigest()}
        account.setdefault("access_tokens", []).append(item)
    return success({**_token_view((state, account), item), "client_secret": secret})


for _each in (POLICIES, APPLICATIONS, TOKENS):
    _each.add_to(routes)
