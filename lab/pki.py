"""The lab's two certificate authorities: one that clients of the edge trust, one that the edge trusts origins by. And
the key of its team, which signs the tokens of Access.

They stand for Cloudflare's public edge certificates and for its Origin CA. EC P-256; made on first use below one
folder, keys 0600. Certificates that are there and still good are given again, so that asking costs nothing and two
processes that ask at once agree.
"""

from __future__ import annotations

import fcntl
import ipaddress
import os
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from core.errors import LabError

LEAF_DAYS = 30
CA_DAYS = 365
_RENEW_BEFORE = timedelta(days=2)
# Certificates begin a little in the past, so that a client whose clock is behind takes them.
_SKEW = timedelta(hours=1)
_FILE_NAME = re.compile(r"[a-z0-9_]([a-z0-9._-]{0,251}[a-z0-9])?")


@dataclass(frozen=True)
class Authority:
    """A CA held in memory."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    def issue(
        self, hostnames: Sequence[str], begins: datetime, ends: datetime
    ) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
        """A server certificate (RFC 5280) for DNS names and IP addresses, and its new key."""
        key = ec.generate_private_key(ec.SECP256R1())
        builder = (
            _builder(_name(hostnames[0]), self.certificate.subject, key.public_key(), begins, ends)
            .add_extension(x509.SubjectAlternativeName([_general_name(text) for text in hostnames]), critical=False)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_usage(digital_signature=True), critical=True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
            .add_extension(_key_identifier(self.certificate), critical=False)
        )
        return builder.sign(self.key, hashes.SHA256()), key

    def signed(self, certificate: x509.Certificate) -> bool:
        """Whether ``certificate`` is one of this authority's own."""
        try:
            certificate.verify_directly_issued_by(self.certificate)
        except (ValueError, TypeError, InvalidSignature):
            return False
        return True


@dataclass(frozen=True)
class Pki:
    """Both authorities and what they signed, as PEM files below ``folder``."""

    folder: Path

    @property
    def edge_ca_file(self) -> Path:
        """What a client of the edge has to trust."""
        return self._authority_file("edge", "Launch Ready lab edge CA")

    @property
    def origin_ca_file(self) -> Path:
        """What the edge trusts an origin's certificate by."""
        return self._authority_file("origin", "Launch Ready lab origin CA")

    def edge_certificate(self, zone: str) -> tuple[Path, Path]:
        """Files of the certificate and key that the edge answers with for ``zone`` and the names one level below it."""
        return self._leaf("edge", self.edge_ca_file, zone, [zone, f"*.{zone}"])

    def origin_certificate(self, name: str, hostnames: Sequence[str]) -> tuple[Path, Path]:
        """Files of the certificate and key of the origin ``name``, which serves ``hostnames``."""
        return self._leaf("origin", self.origin_ca_file, name, hostnames)

    @property
    def team_key_file(self) -> Path:
        """The private key (RSA, PEM) that Access signs tokens with."""
        file = self.folder / "access-team.key"
        with _locked(self.folder):
            if not file.exists():
                made = rsa.generate_private_key(65537, 2048)
                _put(file, _private(made), 0o600)
        return file

    def authority(self, kind: str) -> Authority:
        """The ``edge`` or ``origin`` authority itself, for a certificate that is wrong on purpose (expired, say)."""
        certificate = self.edge_ca_file if kind == "edge" else self.origin_ca_file
        return Authority(*_read(certificate, certificate.with_suffix(".key")))

    def _authority_file(self, kind: str, common_name: str) -> Path:
        certificate = self.folder / f"{kind}-ca.pem"
        self._once(certificate, lambda found: found.not_valid_after_utc > _now(), lambda: _new_authority(common_name))
        return certificate

    def _leaf(self, kind: str, authority: Path, name: str, hostnames: Sequence[str]) -> tuple[Path, Path]:
        if not _FILE_NAME.fullmatch(name) or not hostnames:
            raise LabError(f"a certificate needs a lower-case host name and the names it is for, not {name!r}")
        signer = Authority(*_read(authority, authority.with_suffix(".key")))
        certificate = self.folder / kind / f"{name}.pem"
        self._once(
            certificate,
            lambda found: _good(found, signer, hostnames),
            lambda: signer.issue(hostnames, _now() - _SKEW, _now() + timedelta(days=LEAF_DAYS)),
        )
        return certificate, certificate.with_suffix(".key")

    def _once(
        self,
        certificate: Path,
        good: Callable[[x509.Certificate], bool],
        make: Callable[[], tuple[x509.Certificate, ec.EllipticCurvePrivateKey]],
    ) -> None:
        """Write the pair unless a good one is there; of two processes one makes it and the other finds it."""
        with _locked(self.folder):
            if not (pair := _pair(certificate)) or not good(pair):
                write(certificate, *make())


def _pair(certificate: Path) -> x509.Certificate | None:
    """The certificate if it is there whole, with the key that belongs to it."""
    try:
        found, key = _read(certificate, certificate.with_suffix(".key"))
    except (FileNotFoundError, ValueError):
        return None
    return found if found.public_key() == key.public_key() else None


def _good(found: x509.Certificate, signer: Authority, hostnames: Sequence[str]) -> bool:
    names = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return (
        list(names) == [_general_name(text) for text in hostnames]
        and found.not_valid_after_utc - _RENEW_BEFORE > _now()
        and signer.signed(found)
    )


def _new_authority(common_name: str) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = _name(common_name)
    builder = (
        _builder(name, name, key.public_key(), _now() - _SKEW, _now() + timedelta(days=CA_DAYS))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(key_cert_sign=True, crl_sign=True), critical=True)
    )
    return builder.sign(key, hashes.SHA256()), key


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, begins: datetime, ends: datetime
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(begins)
        .not_valid_after(ends)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )


def _name(text: str) -> x509.Name:
    # RFC 5280 allows a common name 64 characters; what counts is the subject alternative name.
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text[:64])])


def _general_name(text: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(text))
    except ValueError:
        return x509.DNSName(text)


def _usage(*, digital_signature: bool = False, key_cert_sign: bool = False, crl_sign: bool = False) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=digital_signature,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=key_cert_sign,
        crl_sign=crl_sign,
        encipher_only=False,
        decipher_only=False,
    )


def _key_identifier(authority: x509.Certificate) -> x509.AuthorityKeyIdentifier:
    subject = authority.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    return x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(subject)


def _read(certificate: Path, key: Path) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
    private = serialization.load_pem_private_key(key.read_bytes(), password=None)
    if not isinstance(private, ec.EllipticCurvePrivateKey):
        raise ValueError(f"{key} is not an EC key")  # noqa: TRY004  (as cryptography does for what it cannot take)
    return x509.load_pem_x509_certificate(certificate.read_bytes()), private


def write(certificate: Path, made: x509.Certificate, key: ec.EllipticCurvePrivateKey) -> None:
    """Write a certificate to its file and its key beside it, as ``.key``: the key first, so that a pair is whole."""
    certificate.parent.mkdir(parents=True, exist_ok=True)
    _put(certificate.with_suffix(".key"), _private(key), 0o600)
    _put(certificate, made.public_bytes(serialization.Encoding.PEM), 0o644)


def _private(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> bytes:
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return key.private_bytes(*form)


def _put(path: Path, content: bytes, mode: int) -> None:
    """Write aside and rename: a reader sees the old file or the new one, and a key is never open to others."""
    aside = path.with_name(f".{path.name}.new")
    aside.unlink(missing_ok=True)
    with open(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:  # noqa: PTH123  (mode)
        file.write(content)
    aside.replace(path)


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _now() -> datetime:
    return datetime.now(UTC)
