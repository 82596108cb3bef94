"""The Origin CA: ``/certificates``. What it signs is what the lab's edge trusts origins by.

Source: https://developers.cloudflare.com/api/resources/origin_ca_certificates/
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from lab.cloudflare.context import PKI, changing, found, json_object, state_of
from lab.cloudflare.envelope import page, success
from lab.cloudflare.errors import ApiError, bad_body
from lab.cloudflare.names import normal_name
from lab.cloudflare.store import Json, now
from lab.pki import Authority

routes = web.RouteTableDef()

_CERTIFICATES = "/certificates"
# An identifier here is the certificate's serial number, in decimal.
_CERTIFICATE = f"{_CERTIFICATES}/{{certificate_id:[0-9]{{1,49}}}}"
_DAYS = (7, 30, 90, 365, 730, 1095, 5475)
_KEYS = {"origin-rsa": rsa.RSAPublicKey, "origin-ecc": ec.EllipticCurvePublicKey}
_FIELDS = {"csr", "hostnames", "request_type", "requested_validity"}
_MAX_HOSTNAMES = 100
_PER_PAGE = 20
_MAX_PER_PAGE = 50


@routes.get(_CERTIFICATES)
async def list_certificates(request: web.Request) -> web.Response:
    """The certificates for names of the zone ``zone_id``."""
    state = state_of(request)
    zone = next((one for one in state["zones"] if one["id"] == request.query.get("zone_id")), None)
    if zone is None:
        raise ApiError(400, 1100, "zone_id must be one of the account's zones")
    chosen = [one for one in _kept(state) if any(_inside(name, zone["name"]) for name in one["hostnames"])]
    return page(request.query, chosen, _PER_PAGE, _MAX_PER_PAGE)


@routes.post(_CERTIFICATES)
async def create_certificate(request: web.Request) -> web.Response:
    """Sign a request for names of the account's zones."""
    body = await json_object(request)
    with changing(request) as state:
        made = _signed(state, body, request.app[PKI].authority("origin"))
        state["origin_certificates"] = [*_kept(state), made]
    return success(made)


@routes.get(_CERTIFICATE)
async def get_certificate(request: web.Request) -> web.Response:
    """One certificate."""
    return success(_certificate(state_of(request), request))


@routes.delete(_CERTIFICATE)
async def revoke_certificate(request: web.Request) -> web.Response:
    """Revoke one."""
    with changing(request) as state:
        gone = _certificate(state, request)
        state["origin_certificates"].remove(gone)
    return success({"id": gone["id"], "revoked_at": now()})


def _kept(state: Json) -> list[Json]:
    kept: list[Json] = state.get("origin_certificates", [])
    return kept


def _certificate(state: Json, request: web.Request) -> Json:
    return found(_kept(state), request.match_info["certificate_id"], ApiError(404, 1101, "Certificate not found"))


def _signed(state: Json, body: Json, authority: Authority) -> Json:
    days, kind = body.get("requested_validity", _DAYS[-1]), body.get("request_type")
    if not body.keys() <= _FIELDS or isinstance(days, bool) or days not in _DAYS or kind not in _KEYS:
        raise bad_body(
            "Request body is invalid: it needs csr, hostnames, request_type, and a known requested_validity."
        )
    request, hostnames = _request(body.get("csr"), str(kind)), _hostnames(state, body.get("hostnames"))
    begins = datetime.now(UTC)
    ends = begins + timedelta(days=int(days))
    certificate = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([]))
        .issuer_name(authority.certificate.subject)
        .public_key(request.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begins - timedelta(hours=1))
        .not_valid_after(ends)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name) for name in hostnames]), critical=True)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .sign(authority.key, hashes.SHA256())
    )
    return {
        "id": str(certificate.serial_number),
        "csr": body["csr"],
        "hostnames": hostnames,
        "request_type": kind,
        "requested_validity": int(days),
        "certificate": certificate.public_bytes(serialization.Encoding.PEM).decode(),
        "expires_on": f"{ends:%Y-%m-%d %H:%M:%S} +0000 UTC",
    }


def _request(text: object, kind: str) -> x509.CertificateSigningRequest:
    try:
        request = x509.load_pem_x509_csr(str(text).encode())
        key = request.public_key()
    except ValueError:
        raise ApiError(400, 1010, "Failed to parse the certificate signing request.") from None
    if not request.is_signature_valid or not isinstance(key, _KEYS[kind]):
        raise ApiError(400, 1010, "The certificate signing request is not of this request_type, or not signed.")
    return request


def _hostnames(state: Json, value: object) -> list[str]:
    if not isinstance(value, list) or not 1 <= len(value) <= _MAX_HOSTNAMES:
        raise bad_body(f"Request body is invalid: hostnames must be a list of 1 to {_MAX_HOSTNAMES} names.")
    names = [normal_name(name, wildcard=True) if isinstance(name, str) else None for name in value]
    zones = [zone["name"] for zone in state["zones"]]
    if not all(name and any(_inside(name, zone) for zone in zones) for name in names):
        raise ApiError(400, 1010, "This zone is either not part of your account, or you do not have access to it.")
    return [name for name in names if name]


def _inside(name: str, zone: str) -> bool:
    return name == zone or name.endswith(f".{zone}")
