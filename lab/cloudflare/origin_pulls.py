"""Zone-level authenticated origin pulls: ``/zones/{zone_id}/origin_tls_client_auth``.

The private key stays in the state, from which the lab's edge takes it to show the certificate to origins; no answer has
it. Source: https://developers.cloudflare.com/api/resources/origin_tls_client_auth/
"""

from __future__ import annotations

from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import serialization

from lab.cloudflare.context import ID, ZONE, changing, found, json_object, state_of, zone_in
from lab.cloudflare.envelope import page, success
from lab.cloudflare.errors import ApiError, bad_body
from lab.cloudflare.store import Json, new_id, now

routes = web.RouteTableDef()

_PULLS = f"{ZONE}/origin_tls_client_auth"
_SETTINGS = f"{_PULLS}/settings"
_CERTIFICATE = f"{_PULLS}/{{certificate_id:{ID}}}"
_PER_PAGE = 20
_MAX_PER_PAGE = 50


@routes.get(_SETTINGS)
async def get_settings(request: web.Request) -> web.Response:
    """Whether the edge shows a certificate to origins."""
    return success({"enabled": _kept(zone_in(state_of(request), request))["enabled"]})


@routes.put(_SETTINGS)
async def put_settings(request: web.Request) -> web.Response:
    """Turn it on or off, whether there is a certificate yet or not."""
    body = await json_object(request)
    if body.keys() != {"enabled"} or not isinstance(body["enabled"], bool):
        raise bad_body("Request body is invalid: enabled must be true or false.")
    with changing(request) as state:
        zone = zone_in(state, request)
        zone["origin_pulls"] = {**_kept(zone), "enabled": body["enabled"]}
    return success(body)


@routes.get(_PULLS)
async def list_certificates(request: web.Request) -> web.Response:
    """The certificates that were uploaded, latest first."""
    kept = _kept(zone_in(state_of(request), request))
    return page(request.query, [_view(kept, one) for one in reversed(kept["certificates"])], _PER_PAGE, _MAX_PER_PAGE)


@routes.post(_PULLS)
async def upload_certificate(request: web.Request) -> web.Response:
    """Take a certificate with its key; the latest is the one that the edge shows."""
    body = await json_object(request)
    made = _checked(body)
    with changing(request) as state:
        zone = zone_in(state, request)
        kept = _kept(zone)
        if any(one["certificate"].strip() == made["certificate"].strip() for one in kept["certificates"]):
            raise ApiError(400, 1406, "Certificate already exists for this zone.")
        zone["origin_pulls"] = {**kept, "certificates": [*kept["certificates"], made]}
    return success(_view(kept, made))


@routes.get(_CERTIFICATE)
async def get_certificate(request: web.Request) -> web.Response:
    """One certificate, without its key."""
    kept = _kept(zone_in(state_of(request), request))
    return success(_view(kept, _certificate(kept, request)))


@routes.delete(_CERTIFICATE)
async def delete_certificate(request: web.Request) -> web.Response:
    """Remove a certificate."""
    with changing(request) as state:
        kept = _kept(zone_in(state, request))
        gone = _certificate(kept, request)
        kept["certificates"].remove(gone)
    return success({**_view(kept, gone), "status": "deleted"})


def _kept(zone: Json) -> Json:
    kept: Json = zone.get("origin_pulls", {"enabled": False, "certificates": []})
    return kept


def _certificate(kept: Json, request: web.Request) -> Json:
    missing = ApiError(404, 1401, "Certificate not found.")
    return found(kept["certificates"], request.match_info["certificate_id"], missing)


def _view(kept: Json, certificate: Json) -> Json:
    shown = {key: value for key, value in certificate.items() if key != "private_key"}
    return {**shown, "enabled": kept["enabled"]}


def _checked(body: Json) -> Json:
    texts = {name: body.get(name) for name in ("certificate", "private_key")}
    if body.keys() != texts.keys() or not all(isinstance(text, str) for text in texts.values()):
        raise bad_body("Request body is invalid: it must have certificate and private_key, each in PEM.")
    try:
        certificate = x509.load_pem_x509_certificate(str(texts["certificate"]).encode())
        key = serialization.load_pem_private_key(str(texts["private_key"]).encode(), None)
    except (ValueError, TypeError):
        raise ApiError(400, 1412, "The certificate or its private key cannot be read.") from None
    if key.public_key() != certificate.public_key():
        raise ApiError(400, 1413, "The private key does not belong to the certificate.")
    algorithm = certificate.signature_hash_algorithm
    return {
        "id": new_id(),
        **texts,
        "issuer": certificate.issuer.rfc4514_string(),
        "serial_number": str(certificate.serial_number),
        "signature": algorithm.name if algorithm else "",
        "status": "active",
        "expires_on": certificate.not_valid_after_utc.isoformat().replace("+00:00", "Z"),
        "uploaded_on": now(),
    }
