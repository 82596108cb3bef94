"""Secrets as Pulumi's passphrase provider writes them, in a stack's file and in its state.

A value is ``v1:<nonce>:<ciphertext>``, both base64: AES-256-GCM, 12-byte nonce, tag after the ciphertext, nothing
authenticated beside it. The key is PBKDF2-HMAC-SHA256 of the passphrase, 1,000,000 rounds, 32 bytes. A stack keeps
``encryptionsalt: v1:<salt>:<value>``, where the value is the word ``pulumi`` encrypted: it tells a wrong passphrase
from a damaged file. Source: ``sdk/go/common/resource/config/crypt.go`` and ``pkg/secrets/passphrase/manager.go`` of
pulumi/pulumi. In a stack's file a secret stands as ``{secure: <value>}`` around its plain text; in a state's JSON as
the secret's signature with ``ciphertext``: <value> around its JSON.
"""

from __future__ import annotations

import base64
import binascii
import os
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.pbkdf2 import PBKDF2HMAC

from core.errors import SettingsError
from core.secret import Secret

SIGNATURE_KEY = "4dabf18193072939515e22adb298388d"
SECRET_SIGNATURE = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105 - the mark of a secret, not one
_ROUNDS = 1_000_000
_PROOF = "pulumi"


class Crypter:
    """Encrypts and decrypts with one stack's key."""

    def __init__(self, key: bytes, state: str) -> None:
        """Take a 32-byte key and the ``encryptionsalt`` that it belongs to; see :func:`unlock` and :func:`create`."""
        self._cipher = AESGCM(key)
        self.state = state

    def __repr__(self) -> str:
        return f"Crypter({self.state.split(':')[1]})"

    def encrypt(self, plaintext: str) -> str:
        """``v1:<nonce>:<ciphertext>``; a new nonce each time, so equal texts do not look equal."""
        nonce = os.urandom(12)
        sealed = self._cipher.encrypt(nonce, plaintext.encode("utf-8"), None)
        return f"v1:{_encode(nonce)}:{_encode(sealed)}"

    def decrypt(self, value: str) -> Secret:
        """The plain text. Raises :class:`SettingsError` for a damaged value or one of another stack's key."""
        version, nonce, sealed = _parts(value, "a secret")
        if version != "v1" or len(nonce) != 12 or len(sealed) < 16:
            raise SettingsError("a secret is not in the form v1:<nonce>:<ciphertext>: set it again")
        try:
            return Secret(self._cipher.decrypt(nonce, sealed, None).decode("utf-8"))
        except (InvalidTag, UnicodeDecodeError):
            raise SettingsError("a secret does not fit this stack's encryptionsalt: set it again") from None


def unlock(passphrase: str, encryptionsalt: str) -> Crypter:
    """The crypter of a stack. Raises :class:`SettingsError` if the passphrase is not that of ``encryptionsalt``.

    Takes about half a second: the key's derivation is slow on purpose. It is remembered in this process.
    """
    version, _, rest = encryptionsalt.partition(":")
    salt_text, _, proof = rest.partition(":")
    salt = _decode(salt_text)
    if version != "v1" or not salt or not proof:
        raise SettingsError("encryptionsalt is not in the form v1:<salt>:v1:<nonce>:<ciphertext>: restore it")
    crypter = Crypter(_key(Secret(passphrase), salt), encryptionsalt)
    try:
        right = crypter.decrypt(proof).reveal() == _PROOF
    except SettingsError:
        right = False
    if not right:
        raise SettingsError("the passphrase is not this stack's: set PULUMI_CONFIG_PASSPHRASE to the right one")
    return crypter


def create(passphrase: str) -> Crypter:
    """A crypter with a new salt; keep its ``state`` as the stack's ``encryptionsalt``."""
    salt = os.urandom(8)
    key = _key(Secret(passphrase), salt)
    return Crypter(key, f"v1:{_encode(salt)}:{Crypter(key, '::').encrypt(_PROOF)}")


def passphrase_from(environment: Mapping[str, str]) -> Secret:
    """The passphrase as the Pulumi CLI finds it: ``PULUMI_CONFIG_PASSPHRASE``, or the file that ``…_FILE`` names."""
    if (phrase := environment.get("PULUMI_CONFIG_PASSPHRASE")) is not None:
        return Secret(phrase)
    if name := environment.get("PULUMI_CONFIG_PASSPHRASE_FILE"):
        try:
            return Secret(Path(name).read_text(encoding="utf-8").strip())
        except (OSError, UnicodeDecodeError) as error:
            raise SettingsError(f"PULUMI_CONFIG_PASSPHRASE_FILE names {name}, which cannot be read: {error}") from None
    raise SettingsError("the stack has secrets: set PULUMI_CONFIG_PASSPHRASE or PULUMI_CONFIG_PASSPHRASE_FILE")


def decrypt_config(value: Any, crypter: Crypter) -> tuple[Any, bool]:
    """A config value of a stack's file with each ``{secure: …}`` in it made plain, and whether there was one.

    The plain values are bare ``str``, for they go into JSON that a Pulumi program reads: mind where you keep them.
    """
    if isinstance(value, dict):
        if set(value) == {"secure"} and isinstance(value["secure"], str):
            return crypter.decrypt(value["secure"]).reveal(), True
        pairs = {key: decrypt_config(item, crypter) for key, item in value.items()}
        return {key: plain for key, (plain, _) in pairs.items()}, any(secret for _, secret in pairs.values())
    if isinstance(value, list):
        items = [decrypt_config(item, crypter) for item in value]
        return [plain for plain, _ in items], any(secret for _, secret in items)
    return value, False


@lru_cache(maxsize=8)
def _key(passphrase: Secret, salt: bytes) -> bytes:
    derivation = PBKDF2HMAC(algorithm=SHA256(), length=32, salt=salt, iterations=_ROUNDS)
    # An environment variable that is no UTF-8 arrives as surrogates; the CLI uses its bytes as they are.
    return derivation.derive(passphrase.reveal().encode("utf-8", "surrogateescape"))


def _parts(value: str, what: str) -> tuple[str, bytes, bytes]:
    parts = value.split(":")
    if len(parts) != 3:
        raise SettingsError(f"{what} is not in the form v1:<nonce>:<ciphertext>: set it again")
    return parts[0], _decode(parts[1]), _decode(parts[2])


def _encode(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def _decode(text: str) -> bytes:
    """The bytes of a base64 text, or none where it is not one: callers check the length that they need."""
    try:
        return base64.b64decode(text.encode("ascii"), validate=True)
    except (binascii.Error, UnicodeEncodeError):
        return b""
