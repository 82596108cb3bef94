"""New values, from the operating system's random numbers."""

from __future__ import annotations

import base64
import secrets
import string

from core.secret import Secret
from core.settings.secrets import Generator

_LETTERS = string.ascii_letters + string.digits


def generate(how: Generator) -> Secret:
    """A value as ``how`` says. ASCII, no newline at its end, an RSA key (PEM) apart."""
    amount = how.amount
    match how.kind:
        case "base64":
            return Secret(base64.b64encode(secrets.token_bytes(amount)).decode())
        case "base64url":
            return Secret(base64.urlsafe_b64encode(secrets.token_bytes(amount)).rstrip(b"=").decode())
        case "hex":
            return Secret(secrets.token_hex(amount))
        case "password":
            return Secret("".join(secrets.choice(_LETTERS) for _ in range(amount)))
        case "rsa":
            return rsa(amount)[0]


def rsa(bits: int) -> tuple[Secret, str]:
    """An RSA key: the private half (PKCS #8, PEM, not encrypted), the public one (SubjectPublicKeyInfo, base64)."""
    # OpenSSL's first use takes a while: only where such a key is made.
    from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

    key = generate_private_key(public_exponent=65537, key_size=bits)
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    public = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return Secret(private), base64.b64encode(public).decode()
