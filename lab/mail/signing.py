"""What the relay signs with: the DKIM key whose private half the stack's file keeps (docs/email.md)."""

from __future__ import annotations

import logging
import re
import threading
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.utils import getaddresses
from pathlib import Path

import dkim
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from core.errors import LaunchReadyError, SettingsError
from core.pulumi_crypt import unlock
from core.settings.base import NAMESPACE, config_of
from core.settings.names import inside
from core.settings.yaml_tree import Tree, read_tree
from core.settings.zone_mail import mail_in
from lab.passphrase import LAB_PASSPHRASE

_log = logging.getLogger(__name__)
_BARE_NEWLINE = re.compile(rb"(?<!\r)\n")


@dataclass(frozen=True)
class Key:
    """A key as it signs: for the mail ``From`` the zone ``domain`` and the names under it."""

    domain: str
    selector: str
    private: bytes = field(repr=False)


class Signer:
    """Signs with the newest key of the stack's file that is ours; reads the file again when it was changed."""

    def __init__(self, stack: Path) -> None:
        self._stack = stack
        self._read_at: int | None = None
        self._key: Key | None = None
        self._lock = threading.Lock()

    def key(self) -> Key | None:
        """The key; None where there is none. A file that cannot be read is logged, and the last key stays."""
        with self._lock:
            try:
                changed = self._stack.stat().st_mtime_ns
                if changed != self._read_at:
                    self._read_at = changed
                    self._key = _key_of(self._stack)
                    _log.info(
                        "signing with %s", f"{self._key.selector} of {self._key.domain}" if self._key else "nothing"
                    )
            except (OSError, LaunchReadyError, ValueError) as error:
                _log.warning("no DKIM key could be read, so mail is signed as before: %s", error)
            return self._key

    def signed(self, content: bytes) -> bytes:
        """``content`` with a signature before it, if it is from the key's domain; as it is if not."""
        key = self.key()
        if key is None or not inside(author_domain(content), key.domain):
            return content
        try:
            header = dkim.sign(
                content, key.selector.encode(), key.domain.encode(), key.private, canonicalize=(b"relaxed", b"relaxed")
            )
        except dkim.DKIMException as error:
            _log.warning("a message cannot be signed, and goes out as it is: %s", error)
            return content
        return bytes(header) + content


def author_domain(content: bytes) -> str:
    """The domain of the first address of ``From``, lower-case; "" without one."""
    values = message_from_bytes(content, policy=policy.compat32).get_all("From", [])
    addresses = [address for _name, address in getaddresses([str(value) for value in values])]
    _local, at, domain = addresses[0].rpartition("@") if addresses else ("", "", "")
    return domain.lower() if at else ""


def whole_lines(content: bytes) -> bytes:
    """``content`` with CRLF at the end of each line and of itself, as it is signed and sent (RFC 5321 §2.3.8)."""
    lines = _BARE_NEWLINE.sub(b"\r\n", content)
    return lines if lines.endswith(b"\r\n") else lines + b"\r\n"


def _key_of(stack: Path) -> Key | None:
    tree = read_tree(stack)
    found = mail_in(tree)
    if found is None:
        return None
    email, zone = found
    ours = [each for each in email.dkim if each.config_secret and each.algorithm == "rsa"]
    if not ours:
        return None
    newest = max(ours, key=lambda each: each.published.toordinal() if each.published else 0)
    sealed = config_of(tree).get(f"{NAMESPACE}:{newest.config_secret}")
    if not isinstance(sealed, dict) or not isinstance(sealed.get("secure"), str):
        raise SettingsError(f"config.{NAMESPACE}:{newest.config_secret} is not there, or not encrypted")
    return Key(zone, newest.selector, _opened(tree, str(sealed["secure"])))


def _opened(tree: Tree, sealed: str) -> bytes:
    """The private key in the form that dkimpy reads: PKCS #1, PEM."""
    top = tree.value if isinstance(tree.value, dict) else {}
    crypter = unlock(LAB_PASSPHRASE, str(top.get("encryptionsalt", "")))
    private = load_pem_private_key(crypter.decrypt(sealed).reveal().encode(), None)
    if isinstance(private, Ed25519PrivateKey) or not isinstance(private, RSAPrivateKey):
        raise SettingsError("the relay signs with RSA keys alone")
    return private.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
