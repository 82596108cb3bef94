"""DNSSEC of a zone: ``/zones/{zone_id}/dnssec``. Its key is the one that the lab's DNS signs the zone with.

Nobody delegates the lab's zones: one that is on stays ``pending``, as Cloudflare's are until the registrar has the DS.
Source: https://developers.cloudflare.com/api/resources/dns/subresources/dnssec/
"""

from __future__ import annotations

import base64

import dns.dnssec
import dns.name
from aiohttp import web
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from dns.dnssectypes import Algorithm
from dns.rdtypes.dnskeybase import Flag

from lab.cloudflare.context import ZONE, changing, json_object, state_of, zone_in
from lab.cloudflare.envelope import success
from lab.cloudflare.errors import bad_body
from lab.cloudflare.store import Json, now

routes = web.RouteTableDef()

_DNSSEC = f"{ZONE}/dnssec"
_FLAGS = ("dnssec_multi_signer", "dnssec_presigned", "dnssec_use_nsec3")
_STATUS = {"active": "pending", "disabled": "disabled"}
_TTL = 3600


@routes.get(_DNSSEC)
async def get_dnssec(request: web.Request) -> web.Response:
    """The status, and what the registrar needs."""
    zone = zone_in(state_of(request), request)
    return success(_view(zone))


@routes.patch(_DNSSEC)
async def edit_dnssec(request: web.Request) -> web.Response:
    """Turn it on (``active``) or off (``disabled``), or change one of its flags."""
    body = await json_object(request)
    if not body.keys() <= {"status", *_FLAGS} or body.get("status", "active") not in _STATUS:
        raise bad_body("Request body is invalid: status must be active or disabled.")
    if not all(isinstance(body.get(flag, False), bool) for flag in _FLAGS):
        raise bad_body("Request body is invalid: the flags must be true or false.")
    with changing(request) as state:
        zone = zone_in(state, request)
        kept = zone.setdefault("dnssec", {"status": "disabled"})
        if body.get("status") == "active" and "key" not in kept:
            kept["key"] = _new_key()
        kept |= {flag: body[flag] for flag in _FLAGS if flag in body}
        kept |= {"status": _STATUS[body["status"]]} if "status" in body else {}
        kept["modified_on"] = now()
    return success(_view(zone))


@routes.delete(_DNSSEC)
async def delete_dnssec(request: web.Request) -> web.Response:
    """Forget the zone's keys."""
    with changing(request) as state:
        zone_in(state, request).pop("dnssec", None)
    return success("")


def _new_key() -> str:
    """A private key in PEM, for ECDSA with P-256 and SHA-256 (algorithm 13, RFC 6605), as Cloudflare's are."""
    key = ec.generate_private_key(ec.SECP256R1())
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return key.private_bytes(*form).decode()


def _view(zone: Json) -> Json:
    kept = zone.get("dnssec", {"status": "disabled"})
    flags = {flag: kept.get(flag, False) for flag in _FLAGS}
    seen = {"status": kept["status"], "modified_on": kept.get("modified_on"), **flags}
    return seen | (_ds(zone["name"], kept["key"]) if kept["status"] != "disabled" else {})


def _ds(zone: str, pem: str) -> Json:
    """RFC 4034 §5: the digest (SHA-256) of the key that signs the zone."""
    key = serialization.load_pem_private_key(pem.encode(), None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise TypeError("the lab made a key of another kind than it makes")
    dnskey = dns.dnssec.make_dnskey(key.public_key(), Algorithm.ECDSAP256SHA256, Flag.SEP | Flag.ZONE)
    ds = dns.dnssec.make_ds(dns.name.from_text(zone), dnskey, "SHA256")
    digest = ds.digest.hex().upper()
    return {
        "algorithm": str(int(ds.algorithm)),
        "digest": digest,
        "digest_algorithm": "SHA256",
        "digest_type": str(int(ds.digest_type)),
        "ds": f"{zone}. {_TTL} IN DS {ds.key_tag} {int(ds.algorithm)} {int(ds.digest_type)} {digest}",
        "flags": int(dnskey.flags),
        "key_tag": ds.key_tag,
        "key_type": "ECDSAP256SHA256",
        "public_key": base64.b64encode(dnskey.key).decode(),
    }
