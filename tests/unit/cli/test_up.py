"""What ``invoke up`` asks before it applies anything, beside the request cases."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from cli import stack
from core.errors import SettingsError
from core.settings.certificates import is_key_of

ROOT = Path(__file__).resolve().parents[3]


def pair() -> tuple[str, str]:
    """A certificate of its own and its key, PEM."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "pulls")])
    builder = x509.CertificateBuilder(name, name, key.public_key(), 1, now, now + timedelta(days=30))
    certificate = builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
    plain = serialization.NoEncryption()
    secret = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    return certificate.decode(), secret.decode()


def test_a_key_fits_its_own_certificate_alone() -> None:
    (certificate, key), (other, _) = pair(), pair()
    assert is_key_of(certificate, key)
    assert not is_key_of(other, key)
    assert not is_key_of(certificate, "not a key")
    assert not is_key_of("not a certificate", key)


def test_an_edge_that_every_origin_would_refuse_is_not_applied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(ROOT / "stacks", tmp_path / "stacks")
    monkeypatch.setattr(stack, "ROOT", tmp_path)
    stack._require_key("lab")
    (tmp_path / "stacks" / "lab" / "origin-pulls.pem").write_text(pair()[0])
    with pytest.raises(SettingsError, match=r"origin-pulls-key is not the key of stacks/lab/origin-pulls\.pem"):
        stack._require_key("lab")
