"""A DKIM key as ``launch-ready:email`` has it (RFC 6376 with 8301 and 8463)."""

from __future__ import annotations

import base64
import binascii
from datetime import date
from typing import Annotated, Literal

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_der_public_key
from pydantic import AfterValidator, model_validator

from core.settings.base import Section, matching
from core.settings.names import HostName

_LABEL = "[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
_SMALLEST_RSA = 2048
_ED25519_BYTES = 32

SelectorName = Annotated[
    str, matching(rf"(?=.{{1,100}}$){_LABEL}(\.{_LABEL})*", "lower-case letters, digits, hyphens and dots")
]
"""The name of a key under ``_domainkey`` (RFC 6376 §3.1)."""


def _key(text: str) -> str:
    """A DKIM ``p=`` value: an RSA key's SubjectPublicKeyInfo, or the 32 bytes of an Ed25519 key (RFC 8463 §4)."""
    try:
        data = base64.b64decode("".join(text.split()), validate=True)
        if len(data) != _ED25519_BYTES and not _strong_rsa(data):
            raise ValueError(f"it must be an RSA key of {_SMALLEST_RSA} bits or more, or an Ed25519 one (RFC 8301)")
    except binascii.Error:
        raise ValueError("it must be a public key in base64, without the lines that begin with -----") from None
    return base64.b64encode(data).decode("ascii")


def _strong_rsa(data: bytes) -> bool:
    try:
        key = load_der_public_key(data)
    except (ValueError, UnsupportedAlgorithm):
        return False
    return isinstance(key, RSAPublicKey) and key.key_size >= _SMALLEST_RSA


class Selector(Section):
    """A DKIM key, under `<selector>._domainkey`. Several stand side by side while one takes over from another."""

    selector: SelectorName
    """Its name, as the sender puts it into `s=`."""
    public_key: Annotated[str, AfterValidator(_key)] | None = None
    """The public key in base64: RSA of 2048 bits or more, or Ed25519."""
    cname: HostName | None = None
    """Or the name under which the sender keeps the key, where it does."""
    revoked: bool = False
    """Or that the key is no longer good: an empty `p=` is published (RFC 6376 §3.6.1)."""
    config_secret: (
        Annotated[str, matching(r"[a-z][a-z0-9-]{0,62}", "lower-case letters, digits and hyphens, such as dkim-2026a")]
        | None
    ) = None
    """The config secret that holds the private key, where it is ours: `launch-ready:<config_secret>` in this file."""
    published: date | None = None
    """The day on which it was put here, in quotes: what it replaces is revoked a week later at the earliest."""

    @model_validator(mode="after")
    def _one_place(self) -> Selector:
        if sum((self.public_key is not None, self.cname is not None, self.revoked)) != 1:
            raise ValueError("give one of public_key, cname and revoked: true")
        if self.config_secret and self.public_key is None:
            raise ValueError("config_secret is the private half of a public_key, and there is none")
        return self

    @property
    def algorithm(self) -> Literal["rsa", "ed25519"]:
        """What ``k=`` says of the public key: 32 bytes are an Ed25519 key (RFC 8463 §4)."""
        return "ed25519" if len(base64.b64decode(self.public_key or "")) == _ED25519_BYTES else "rsa"

    @property
    def signs(self) -> bool:
        """Whether mail that was signed with it is believed."""
        return not self.revoked
