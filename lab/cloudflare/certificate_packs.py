"""Certificate packs for the edge: ``/zones/{zone_id}/ssl/certificate_packs``. The lab's edge goes on with its own.

Source: https://developers.cloudflare.com/api/resources/ssl/subresources/certificate_packs/
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from aiohttp import web

from lab.cloudflare.context import ID, ZONE, changing, found, json_object, state_of, whole, zone_in
from lab.cloudflare.envelope import page, success
from lab.cloudflare.errors import ApiError, bad_body
from lab.cloudflare.names import normal_name
from lab.cloudflare.store import Json, new_id, now

routes = web.RouteTableDef()

_PACKS = f"{ZONE}/ssl/certificate_packs"
_PACK = f"{_PACKS}/{{pack_id:{ID}}}"
_ISSUERS = {"google": "GoogleTrustServices", "lets_encrypt": "LetsEncrypt", "ssl_com": "SSLCorporation"}
_METHODS = ("txt", "http", "email")
_DAYS = {"google": (14, 30, 90), "lets_encrypt": (90,), "ssl_com": (14, 30, 90, 365)}
_MAX_HOSTS = 50
_PER_PAGE = 20
_MAX_PER_PAGE = 50
_FIELDS = {
    "certificate_authority",
    "hosts",
    "type",
    "validation_method",
    "validity_days",
    "cloudflare_branding",
}


@routes.get(_PACKS)
async def list_packs(request: web.Request) -> web.Response:
    """The packs that were ordered."""
    return page(request.query, _packs(zone_in(state_of(request), request)), _PER_PAGE, _MAX_PER_PAGE)


@routes.get(f"{_PACKS}/quota")
async def quota(request: web.Request) -> web.Response:
    """How many packs there may be, and how many there are."""
    used = len(_packs(zone_in(state_of(request), request)))
    return success({"advanced": {"allocated": 100, "used": used}})


@routes.post(f"{_PACKS}/order")
async def order_pack(request: web.Request) -> web.Response:
    """Order an advanced certificate; in the lab it is there at once."""
    body = await json_object(request)
    with changing(request) as state:
        zone = zone_in(state, request)
        pack = _ordered(zone, body)
        zone["certificate_packs"] = [*_packs(zone), pack]
    return success(pack)


@routes.get(_PACK)
async def get_pack(request: web.Request) -> web.Response:
    """One pack."""
    return success(_pack(zone_in(state_of(request), request), request))


@routes.patch(_PACK)
async def edit_pack(request: web.Request) -> web.Response:
    """Restart the validation, or change ``cloudflare_branding``."""
    body = await json_object(request)
    if not body.keys() <= {"cloudflare_branding"} or not isinstance(body.get("cloudflare_branding", False), bool):
        raise bad_body("Request body is invalid: cloudflare_branding must be true or false.")
    with changing(request) as state:
        pack = _pack(zone_in(state, request), request)
        pack |= body
    return success(pack)


@routes.delete(_PACK)
async def delete_pack(request: web.Request) -> web.Response:
    """Give a pack up."""
    with changing(request) as state:
        zone = zone_in(state, request)
        pack = _pack(zone, request)
        zone["certificate_packs"].remove(pack)
    return success({"id": pack["id"]})


def _packs(zone: Json) -> list[Json]:
    packs: list[Json] = zone.get("certificate_packs", [])
    return packs


def _pack(zone: Json, request: web.Request) -> Json:
    return found(_packs(zone), request.match_info["pack_id"], ApiError(404, 1001, "Certificate pack not found."))


def _ordered(zone: Json, body: Json) -> Json:
    authority, days = body.get("certificate_authority"), whole(body.get("validity_days"))
    if not body.keys() <= _FIELDS or body.get("type") != "advanced":
        raise _wrong("type must be advanced, and no other field may stand there")
    if not isinstance(authority, str) or authority not in _ISSUERS:
        raise _wrong(f"certificate_authority must be one of {', '.join(_ISSUERS)}")
    if days not in _DAYS[authority]:
        raise _wrong(f"validity_days is not one that {authority} has")
    if body.get("validation_method") not in _METHODS:
        raise _wrong(f"validation_method must be one of {', '.join(_METHODS)}")
    if not isinstance(branding := body.get("cloudflare_branding", False), bool):
        raise _wrong("cloudflare_branding must be true or false")
    hosts = _hosts(zone["name"], body.get("hosts"), body["validation_method"])
    certificate = _certificate(zone, hosts, _ISSUERS[authority], days)
    return {
        "id": new_id(),
        "type": "advanced",
        "hosts": hosts,
        "certificate_authority": authority,
        "validation_method": body["validation_method"],
        "validity_days": days,
        "cloudflare_branding": branding,
        "status": "active",
        "certificates": [certificate],
        "primary_certificate": certificate["id"],
        "validation_errors": [],
        "validation_records": [],
        "dcv_delegation_records": [],
    }


def _certificate(zone: Json, hosts: list[str], issuer: str, days: int | None) -> Json:
    ends = datetime.now(UTC) + timedelta(days=days or 0)
    return {
        "id": new_id(),
        "hosts": hosts,
        "status": "active",
        "issuer": issuer,
        "signature": "ECDSAWithSHA256",
        "bundle_method": "ubiquitous",
        "expires_on": ends.isoformat(timespec="seconds").replace("+00:00", "Z"),
        "uploaded_on": now(),
        "modified_on": now(),
        "priority": 0,
        "zone_id": zone["id"],
        "geo_restrictions": None,
    }


def _hosts(zone: str, value: object, method: str) -> list[str]:
    names = [normal_name(host, wildcard=True) if isinstance(host, str) else None for host in _list(value)]
    if zone not in names or not all(name and (name == zone or name.endswith(f".{zone}")) for name in names):
        raise _wrong("hosts must be names of the zone, the zone itself among them")
    if method == "http" and any(name and name.startswith("*") for name in names):
        raise _wrong("a wildcard cannot be validated by http")
    return [name for name in names if name]


def _list(value: object) -> list[object]:
    if not isinstance(value, list) or not 1 <= len(value) <= _MAX_HOSTS:
        raise _wrong(f"hosts must be a list of 1 to {_MAX_HOSTS} names")
    return value


def _wrong(reason: str) -> ApiError:
    return bad_body(f"Request body is invalid: {reason}.")
