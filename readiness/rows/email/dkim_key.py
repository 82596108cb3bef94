"""A DKIM key record as it is published (RFC 6376 §3.6.1 with 8301 and 8463)."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator
from dataclasses import dataclass

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_der_public_key

_SMALLEST_RSA = 2048
_ED25519_BYTES = 32


@dataclass(frozen=True)
class KeyRecord:
    """The record's tags, by name; the key's kind and its bits, 0 for a key that is none or revoked."""

    tags: dict[str, str]
    bits: int

    @property
    def kind(self) -> str:
        """``rsa`` where the record does not say."""
        return self.tags.get("k", "rsa").lower()

    @property
    def revoked(self) -> bool:
        """An empty ``p=``: the key is no longer good."""
        return self.tags.get("p", "?") == ""

    @property
    def key(self) -> str:
        """The key's base64, without the spaces that it may have in DNS."""
        return "".join(self.tags.get("p", "").split())


def tags_of(text: str) -> dict[str, str]:
    """``tag=value`` pairs as DKIM, DMARC and the like have them; of a tag that is there twice, the first.

    Names lower-case. Raises :class:`ValueError` for what is no such list.
    """
    tags: dict[str, str] = {}
    for part in text.rstrip("; \t").split(";"):
        name, equals, value = part.partition("=")
        if not equals or not name.strip():
            raise ValueError(f"{part.strip()[:60]!r} is no tag=value")
        tags.setdefault(name.strip().lower(), value.strip())
    return tags


def parse(text: str) -> KeyRecord:
    """Raises :class:`ValueError` for a record that is no list of tags."""
    tags = tags_of(text)
    return KeyRecord(tags, _bits(tags))


def faults(record: KeyRecord) -> Iterator[str]:
    """What is wrong with a record whose key should be good, a half-sentence each."""
    if record.tags.get("v", "DKIM1") != "DKIM1" or ("v" in record.tags and next(iter(record.tags)) != "v"):
        yield "it does not begin with v=DKIM1"
    if "p" not in record.tags:
        yield "it has no p="
    elif record.revoked:
        yield "it is revoked (an empty p=)"
    elif not record.bits:
        yield f"its key cannot be read as {record.kind}"
    elif record.kind == "rsa" and record.bits < _SMALLEST_RSA:
        yield f"its RSA key has {record.bits} bits, and {_SMALLEST_RSA} are wanted"
    yield from _limits(record)


def _limits(record: KeyRecord) -> Iterator[str]:
    if record.kind not in ("rsa", "ed25519"):
        yield f"nobody knows k={record.kind}"
    if "y" in (flag.strip() for flag in record.tags.get("t", "").split(":")):
        yield "it is only a trial (t=y): receivers treat its mail as unsigned"
    if "h" in record.tags and "sha256" not in (hash_.strip() for hash_ in record.tags["h"].split(":")):
        yield f"it takes no sha256 (h={record.tags['h']})"
    if not {"*", "email"} & {service.strip() for service in record.tags.get("s", "*").split(":")}:
        yield f"it is not for mail (s={record.tags['s']})"


def _bits(tags: dict[str, str]) -> int:
    try:
        data = base64.b64decode("".join(tags.get("p", "").split()), validate=True)
        if tags.get("k", "rsa").lower() == "ed25519":
            return 256 if len(data) == _ED25519_BYTES else 0
        key = load_der_public_key(data)
    except (binascii.Error, ValueError, UnsupportedAlgorithm):
        return 0
    return key.key_size if isinstance(key, RSAPublicKey) else 0
