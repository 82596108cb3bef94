"""Certificates on both sides of the edge: what can be had, who may sign it, and the files that it takes."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from core.settings.certificates import read_certificates
from core.settings.tls import Tls

from .conftest import ROOT, StackFile

NAME = x509.Name([])
NEEDS = "needs that: add one with tag {tag} and value {issuer}, or take them out"


def _caa(*records: tuple[str, str, str], **pack: Any) -> Any:
    def change(config: dict[str, Any]) -> None:
        for name, tag, value in records:
            config["dns"]["records"].append({"name": name, "type": "CAA", "tag": tag, "value": value})
        config["tls"]["certificate_pack"] = pack or None

    return change


BOTH = (("@", "issue", "letsencrypt.org"), ("@", "issue", "pki.goog; cansignhttpexchanges=yes"))


@pytest.mark.parametrize(
    ("records", "pack"),
    [
        ([], {"authority": "ssl_com"}),
        (BOTH, {"authority": "google"}),
        ([*BOTH, ("@", "issue", "ssl.com")], {"authority": "ssl_com"}),
        ([("@", "iodef", "mailto:a@b.test")], {}),
        ([("app", "issue", ";")], {}),
        ([*BOTH, ("dev", "issue", "ssl.com")], {"authority": "ssl_com", "hosts": ["@", "*.dev"]}),
    ],
)
def test_authorities_that_may_sign_what_is_needed_pass(stack_file: StackFile, records: Any, pack: Any) -> None:
    reasons: list[str] = []
    if pack.get("hosts"):
        # The zone itself is one of the names, and its own records do not let SSL.com sign it.
        reasons = stack_file.reasons(_caa(*records, **pack))
        assert [reason.partition("keep ")[2].partition(" from")[0] for reason in reasons] == ["ssl.com"]
        return
    assert stack_file.read(_caa(*records, **pack)).tls.min_version == "1.2"


@pytest.mark.parametrize(
    ("records", "pack", "reason"),
    [
        (
            BOTH[:1],
            {},
            "keep pki.goog from signing @, and Cloudflare's Universal SSL "
            + NEEDS.format(tag="issue", issuer="pki.goog"),
        ),
        (
            BOTH,
            {"authority": "ssl_com"},
            "keep ssl.com from signing @, and tls.certificate_pack " + NEEDS.format(tag="issue", issuer="ssl.com"),
        ),
        (
            [*BOTH, ("@", "issuewild", "letsencrypt.org")],
            {},
            "keep pki.goog from signing *, and Cloudflare's Universal SSL "
            + NEEDS.format(tag="issuewild", issuer="pki.goog"),
        ),
        (
            [BOTH[0], ("@", "issue", "pki.goog; accounturi=https://pki.goog/1")],
            {},
            "keep pki.goog from signing @, and Cloudflare's Universal SSL "
            + NEEDS.format(tag="issue", issuer="pki.goog"),
        ),
        (
            [*BOTH, ("dev", "issue", "pki.goog")],
            {"authority": "lets_encrypt", "hosts": ["@", "a.dev"]},
            "keep letsencrypt.org from signing a.dev, and tls.certificate_pack "
            + NEEDS.format(tag="issue", issuer="letsencrypt.org"),
        ),
    ],
)
def test_authorities_that_are_kept_from_it_are_named(
    stack_file: StackFile, records: Any, pack: Any, reason: str
) -> None:
    (found,) = stack_file.reasons(_caa(*records, **pack))
    assert found.startswith("config.launch-ready:dns.records[")
    assert found.endswith(reason)


@pytest.mark.parametrize(
    ("tls", "reason"),
    [
        ({"certificate_pack": {"hosts": ["www"]}}, "one of hosts must be @"),
        ({"certificate_pack": {"hosts": ["@", "@"]}}, "one of hosts stands twice"),
        ({"certificate_pack": {"validation": "http"}}, "a wildcard cannot be validated by http"),
        ({"certificate_pack": {"validity_days": 30}}, "validity_days of lets_encrypt can be 90, and this is 30"),
        (
            {"certificate_pack": {"authority": "google", "validity_days": 365}},
            "validity_days of google can be 14, 30, 90, and this is 365",
        ),
        ({"hsts": {"preload": True}, "always_https": False}, "hsts.preload needs always_https"),
        ({"hsts": {"preload": True, "include_subdomains": False}}, "preload needs include_subdomains"),
        ({"origin_certificates": [{"csr_file": "../x.csr"}]}, "a path relative to the project's folder"),
        ({"origin_certificates": [{"csr_file": "/etc/passwd"}]}, "a path relative to the project's folder"),
        ({"origin_certificates": [{"csr_file": "stacks/lab/origin.csr"}] * 2}, "have the same csr_file"),
        ({"origin_certificates": [{"csr_file": "none.csr"}]}, "none.csr cannot be read: No such file or directory"),
        ({"origin_certificates": [{"csr_file": "stacks"}]}, "stacks cannot be read: Is a directory"),
        (
            {"origin_certificates": [{"csr_file": "stacks/lab/origin-pulls.pem"}]},
            "origin_certificates[0].csr_file: the file is not a certificate request in PEM",
        ),
    ],
)
def test_what_cannot_be_had_is_told_with_its_place(stack_file: StackFile, tls: dict[str, Any], reason: str) -> None:
    (found,) = stack_file.reasons(lambda config: (config.update(tls=tls), config.pop("origin-pulls-key")))
    assert found.startswith("config.launch-ready:tls")
    assert reason in found


def _csr(key: Any, algorithm: Any = hashes.SHA256()) -> bytes:  # noqa: B008 (a value that never changes)
    request = x509.CertificateSigningRequestBuilder().subject_name(NAME).sign(key, algorithm)
    return request.public_bytes(serialization.Encoding.PEM)


def _read(folder: Path, data: bytes) -> tuple[str, list[str]]:
    (folder / "origin.csr").write_bytes(data)
    tls = Tls.model_validate({"origin_certificates": [{"csr_file": "origin.csr"}]}, strict=False)
    certificates, findings = read_certificates(tls, folder)
    return "".join(one.type for one in certificates.requests), [finding.reason for finding in findings]


def test_the_type_of_a_request_is_that_of_its_key(tmp_path: Path) -> None:
    assert _read(tmp_path, _csr(ec.generate_private_key(ec.SECP256R1()))) == ("origin-ecc", [])
    assert _read(tmp_path, _csr(rsa.generate_private_key(65537, 2048))) == ("origin-rsa", [])


def test_a_request_with_a_weak_or_another_key_is_refused(tmp_path: Path) -> None:
    weak = "the request's key must be an ECDSA one, or RSA of 2048 bits or more"
    assert _read(tmp_path, _csr(rsa.generate_private_key(65537, 1024))) == ("", [weak])
    assert _read(tmp_path, _csr(ed25519.Ed25519PrivateKey.generate(), None)) == ("", [weak])


def test_a_private_key_in_the_repository_is_told_and_not_shown(tmp_path: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    _, (reason,) = _read(tmp_path, _csr(key) + key.private_bytes(*form))
    assert reason == "origin.csr holds a private key: take it out of the repository, and make a new one"


@pytest.mark.parametrize("data", [b"", b"\xff\xfe", b"-----BEGIN CERTIFICATE REQUEST-----\n", b"A" * 70_000])
def test_a_file_that_is_no_request_is_refused(tmp_path: Path, data: bytes) -> None:
    assert len(_read(tmp_path, data)[1]) == 1


def test_a_certificate_for_the_hosts_that_has_expired_is_refused(tmp_path: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    past = datetime.now(UTC) - timedelta(days=9)
    builder = x509.CertificateBuilder().subject_name(NAME).issuer_name(NAME).public_key(key.public_key())
    builder = builder.serial_number(7).not_valid_before(past).not_valid_after(past + timedelta(days=1))
    made = builder.sign(key, hashes.SHA256())
    (tmp_path / "pulls.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    tls = Tls.model_validate({"origin_pulls": {"certificate_file": "pulls.pem", "config_secret": "key"}})
    _, (finding,) = read_certificates(tls, tmp_path)
    assert finding.reason.startswith("the certificate has expired on ")
    shutil.copy(ROOT / "stacks" / "lab" / "origin-pulls.pem", tmp_path / "pulls.pem")
    assert read_certificates(tls, tmp_path)[1] == []
