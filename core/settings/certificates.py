"""The files that ``launch-ready:tls`` names: a request for the hosts' certificate, and the edge's own certificate.

Both are public and stand in the repository. No private key does: one that is found in such a file is refused.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

from core.settings.finding import Finding
from core.settings.tls import Tls
from core.settings.yaml_tree import Place

_LARGEST = 64 * 1024
_SMALLEST_RSA = 2048


@dataclass(frozen=True)
class Request:
    """A certificate request (PEM); ``type`` is ``origin-rsa`` or ``origin-ecc``, by its key."""

    pem: str
    type: str


@dataclass(frozen=True)
class Certificates:
    """What is in the files: a request for each of ``origin_certificates``, and the certificate (PEM) of the pulls."""

    requests: tuple[Request, ...] = ()
    pulls: str | None = None


class _WrongError(Exception):
    """What is wrong with a file, for whoever wrote it."""


def read_certificates(tls: Tls, root: Path) -> tuple[Certificates, list[Finding]]:
    """Read and check the files, relative to ``root``. What is wrong comes as findings at the keys that name them."""
    findings: list[Finding] = []
    requests: list[Request] = []
    pulls = None
    for index, origin in enumerate(tls.origin_certificates):
        with _collecting(findings, ("tls", "origin_certificates", index, "csr_file")):
            pem = _text(root / origin.csr_file, origin.csr_file)
            requests.append(Request(pem, _request_type(pem)))
    if tls.origin_pulls:
        with _collecting(findings, ("tls", "origin_pulls", "certificate_file")):
            pulls = _text(root / tls.origin_pulls.certificate_file, tls.origin_pulls.certificate_file)
            _check_certificate(pulls, datetime.now(UTC))
    return Certificates(tuple(requests), pulls), findings


def is_key_of(certificate: str, key: str) -> bool:
    """Whether ``key``, a private key without a passphrase, is that of ``certificate``; both PEM."""
    try:
        private = load_pem_private_key(key.encode(), None)
        public = x509.load_pem_x509_certificate(certificate.encode()).public_key()
    except (ValueError, TypeError, UnsupportedAlgorithm):
        return False
    form = (Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return private.public_key().public_bytes(*form) == public.public_bytes(*form)


@contextmanager
def _collecting(findings: list[Finding], place: Place) -> Iterator[None]:
    try:
        yield
    except _WrongError as error:
        findings.append(Finding(place, str(error)))


def _text(path: Path, name: str) -> str:
    try:
        with path.open("rb") as file:
            data = file.read(_LARGEST + 1)
        text = data.decode("ascii")
    except OSError as error:
        raise _WrongError(f"{name} cannot be read: {error.strerror or error}") from None
    except UnicodeDecodeError:
        raise _WrongError(f"{name} is not PEM, which is ASCII text") from None
    if len(data) > _LARGEST:
        raise _WrongError(f"{name} is larger than {_LARGEST} bytes")
    if "PRIVATE KEY" in text:
        raise _WrongError(f"{name} holds a private key: take it out of the repository, and make a new one")
    return text


def _request_type(text: str) -> str:
    try:
        request = x509.load_pem_x509_csr(text.encode())
        valid, key = request.is_signature_valid, request.public_key()
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise _WrongError("the file is not a certificate request in PEM: docs/zones.md says how to make one") from None
    if not valid:
        raise _WrongError("the request is not signed by its own key: make it again")
    if isinstance(key, ec.EllipticCurvePublicKey):
        return "origin-ecc"
    if isinstance(key, rsa.RSAPublicKey) and key.key_size >= _SMALLEST_RSA:
        return "origin-rsa"
    raise _WrongError(f"the request's key must be an ECDSA one, or RSA of {_SMALLEST_RSA} bits or more")


def _check_certificate(text: str, now: datetime) -> None:
    try:
        certificates = x509.load_pem_x509_certificates(text.encode())
    except ValueError:
        raise _WrongError("the file is not a certificate in PEM: docs/zones.md says how to make one") from None
    ends = certificates[0].not_valid_after_utc
    if ends <= now:
        raise _WrongError(f"the certificate has expired on {ends:%Y-%m-%d}: make a new one")
