"""DNSSEC, certificate packs, the Origin CA and authenticated origin pulls, by the official client."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta
from typing import Any

import dns.name
import dns.rdata
import pytest
from cloudflare import BadRequestError, NotFoundError
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from dns.dnssec import make_ds

from tests.lab.cloudflare.process import Api

NAME = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "community.test")])


def _pem(key: ec.EllipticCurvePrivateKey) -> str:
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return key.private_bytes(*form).decode()


def _request(key: ec.EllipticCurvePrivateKey) -> str:
    request = x509.CertificateSigningRequestBuilder().subject_name(NAME).sign(key, hashes.SHA256())
    return request.public_bytes(serialization.Encoding.PEM).decode()


def _certificate(key: ec.EllipticCurvePrivateKey) -> str:
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder().subject_name(NAME).issuer_name(NAME).public_key(key.public_key())
    builder = builder.serial_number(7).not_valid_before(now).not_valid_after(now + timedelta(days=9))
    return builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM).decode()


def test_dnssec_is_pending_until_somebody_delegates_and_its_ds_is_of_its_key(client: Any, zone: str) -> None:
    assert client.dns.dnssec.get(zone_id=zone).status == "disabled"
    on = client.dns.dnssec.edit(zone_id=zone, status="active")
    assert (on.status, on.algorithm) == ("pending", "13")
    assert client.dns.dnssec.edit(zone_id=zone, status="active").public_key == on.public_key
    key = dns.rdata.from_text("IN", "DNSKEY", f"{int(on.flags)} 3 {on.algorithm} {on.public_key}")
    ds = make_ds(dns.name.from_text("community.test"), key, "SHA256")
    assert on.ds == f"community.test. 3600 IN DS {ds.to_text().upper()}"
    assert len(base64.b64decode(on.public_key)) == 64
    assert client.dns.dnssec.edit(zone_id=zone, status="disabled").status == "disabled"
    client.dns.dnssec.delete(zone_id=zone)
    assert client.dns.dnssec.get(zone_id=zone).public_key is None


def test_a_certificate_pack_is_ordered_found_and_given_up(client: Any, zone: str) -> None:
    packs = client.ssl.certificate_packs
    order = {
        "zone_id": zone,
        "type": "advanced",
        "hosts": ["community.test", "*.community.test"],
        "certificate_authority": "lets_encrypt",
        "validation_method": "txt",
        "validity_days": 90,
    }
    made = packs.create(**order)
    assert (made.status, made.hosts, made.validity_days) == ("active", order["hosts"], 90)
    assert packs.get(made.id, zone_id=zone).id == made.id
    assert [one.id for one in packs.list(zone_id=zone)] == [made.id]
    for wrong in ({"validity_days": 14}, {"hosts": ["www.community.test"]}, {"validation_method": "http"}):
        with pytest.raises(BadRequestError):
            packs.create(**{**order, **wrong})
    assert packs.delete(made.id, zone_id=zone).id == made.id
    with pytest.raises(NotFoundError):
        packs.get(made.id, zone_id=zone)


def test_the_origin_ca_signs_a_request_for_names_of_a_zone_and_revokes(client: Any, zone: str) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    ask = {
        "csr": _request(key),
        "request_type": "origin-ecc",
        "hostnames": ["*.community.test"],
        "requested_validity": 90,
    }
    authority = client.origin_ca_certificates
    made = authority.create(**ask)
    certificate = x509.load_pem_x509_certificate(made.certificate.encode())
    assert certificate.public_key() == key.public_key()
    assert 89 <= (certificate.not_valid_after_utc - datetime.now(UTC)).days <= 90
    assert str(certificate.serial_number) == made.id == authority.get(made.id).id
    assert [one.id for one in authority.list(zone_id=zone)] == [made.id]
    for wrong in ({"hostnames": ["other.test"]}, {"request_type": "origin-rsa"}, {"csr": "none"}):
        with pytest.raises(BadRequestError):
            authority.create(**{**ask, **wrong})
    assert authority.delete(made.id).id == made.id
    with pytest.raises(NotFoundError):
        authority.get(made.id)


def test_the_certificate_for_origins_is_taken_with_its_key_which_no_answer_has(
    api: Api, client: Any, zone: str
) -> None:
    key, other = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    pulls = client.origin_tls_client_auth
    assert pulls.settings.get(zone_id=zone).enabled is False
    made = pulls.zone_certificates.create(zone_id=zone, certificate=_certificate(key), private_key=_pem(key))
    assert (made.status, made.private_key, made.enabled) == ("active", None, False)
    assert pulls.settings.update(zone_id=zone, enabled=True).enabled is True
    assert pulls.zone_certificates.get(made.id, zone_id=zone).enabled is True
    assert [one.id for one in pulls.zone_certificates.list(zone_id=zone)] == [made.id]
    with pytest.raises(BadRequestError):
        pulls.zone_certificates.create(zone_id=zone, certificate=_certificate(other), private_key=_pem(key))
    assert "PRIVATE KEY" not in api.http("GET", f"/zones/{zone}/origin_tls_client_auth").text
    assert pulls.zone_certificates.delete(made.id, zone_id=zone).id == made.id
    assert list(pulls.zone_certificates.list(zone_id=zone)) == []


def test_services_and_bindings_are_kept_by_their_parts(client: Any, zone: str) -> None:
    parts = {"priority": 10, "weight": 5, "port": 5061, "target": "pbx.community.test"}
    service = client.dns.records.create(zone_id=zone, type="SRV", name="_sip._tcp", ttl=1, data=parts)
    assert (service.content, service.data.target) == ("10 5 5061 pbx.community.test", "pbx.community.test")
    value = 'alpn="h2,h3" ipv4hint="192.0.2.7"'
    binding = client.dns.records.create(
        zone_id=zone, type="HTTPS", name="files", ttl=1, data={"priority": 1, "target": ".", "value": value}
    )
    assert (binding.data.target, binding.data.value) == (".", value)
