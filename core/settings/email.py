"""Section ``launch-ready:email``: who receives the zone's mail, who may send it, and what becomes of a forgery.

SPF is RFC 7208, DKIM RFC 6376 with 8301 and 8463, DMARC RFC 9989, the null MX RFC 7505.
"""

from __future__ import annotations

import base64
import binascii
import ipaddress
from typing import Annotated, Literal

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_der_public_key
from pydantic import AfterValidator, Field, model_validator

from core.settings.base import Section, matching
from core.settings.names import HostName, Target

MOST_LOOKUPS = 10
"""DNS lookups that a receiver makes for one SPF record at most (RFC 7208 §4.6.4)."""
_LABEL = "[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
_SMALLEST_RSA = 2048
_ED25519_BYTES = 32


def _network(text: str) -> str:
    try:
        network = ipaddress.ip_network(text)
    except ValueError:
        raise ValueError("it must be an address or a network such as 192.0.2.0/24, with no bit set past it") from None
    return str(network.network_address) if network.prefixlen == network.max_prefixlen else str(network)


def _mailbox(text: str) -> str:
    local, _, domain = text.rpartition("@")
    if not local or "." not in domain or any(character in text for character in ' ,;!"<>'):
        raise ValueError("it must be a mail address such as dmarc@example.com")
    return text


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


class Exchanger(Section):
    """A machine that receives the zone's mail."""

    host: Target
    """One label under the zone (it needs an address record that is not proxied), or a full name elsewhere."""
    priority: Annotated[int, Field(ge=0, le=65535)] = 10
    """The lowest is tried first."""


class Sender(Section):
    """A service that may send mail as the zone: its name, and one of the SPF mechanisms that finds its addresses."""

    name: Annotated[str, Field(min_length=1, max_length=60)]
    """Who it is, for whoever reads this next year."""
    include: HostName | None = None
    """The service's own SPF record. One lookup, and those in it."""
    network: Annotated[str, AfterValidator(_network)] | None = None
    """An address or a network, IPv4 or IPv6. No lookup."""
    a: Target | None = None
    """The addresses of a name. One lookup."""
    mx: bool = False
    """Whether it is the machines that receive the zone's mail. One lookup."""

    @model_validator(mode="after")
    def _one_mechanism(self) -> Sender:
        given = [self.include, self.network, self.a, self.mx or None]
        if sum(item is not None for item in given) != 1:
            raise ValueError("give one of include, network, a and mx")
        return self

    @property
    def lookups(self) -> int:
        """DNS lookups that this mechanism itself takes; those in an included record come on top."""
        return 0 if self.network else 1


class Selector(Section):
    """A DKIM key, under `<selector>._domainkey`."""

    selector: Annotated[str, matching(rf"{_LABEL}(\.{_LABEL})*", "lower-case letters, digits, hyphens and dots")]
    """Its name, as the sender puts it into `s=`."""
    public_key: Annotated[str, AfterValidator(_key)] | None = None
    """The public key in base64: RSA of 2048 bits or more, or Ed25519."""
    cname: HostName | None = None
    """Or the name under which the sender keeps the key, where it does."""

    @model_validator(mode="after")
    def _one_place(self) -> Selector:
        if (self.public_key is None) == (self.cname is None):
            raise ValueError("give one of public_key and cname")
        return self

    @property
    def algorithm(self) -> Literal["rsa", "ed25519"]:
        """What ``k=`` says of the public key: 32 bytes are an Ed25519 key (RFC 8463 §4)."""
        return "ed25519" if len(base64.b64decode(self.public_key or "")) == _ED25519_BYTES else "rsa"


class Dmarc(Section):
    """What a receiver does with mail that only pretends to be from the zone. Alignment is strict, always."""

    policy: Literal["quarantine", "reject"] = "quarantine"
    """For the zone's own name. `none` asks for nothing, and is not allowed."""
    subdomains: Literal["quarantine", "reject"] = "reject"
    """For names under it (`sp`)."""
    nonexistent: Literal["quarantine", "reject"] = "reject"
    """For names under it that do not exist (`np`)."""
    reports: Annotated[tuple[Annotated[str, AfterValidator(_mailbox)], ...], Field(min_length=1)]
    """Where aggregate reports go (`rua`). Another domain must allow it: RFC 9990, `<zone>._report._dmarc.<domain>`."""


class Email(Section):
    """The zone's mail. With neither `mx` nor `senders`, the zone says that it has none (null MX, `-all`)."""

    mx: tuple[Exchanger, ...] = ()
    """The machines that receive mail."""
    senders: tuple[Sender, ...] = ()
    """The services that may send mail: they become the SPF record, in this order."""
    others: Literal["fail", "softfail"] = "fail"
    """What SPF says of everybody else: `fail` (`-all`) or `softfail` (`~all`)."""
    dkim: tuple[Selector, ...] = ()
    """The keys that sign the zone's mail."""
    dmarc: Dmarc
    """What becomes of a forgery."""

    @model_validator(mode="after")
    def _consistent(self) -> Email:
        lookups = sum(sender.lookups for sender in self.senders)
        if lookups > MOST_LOOKUPS:
            raise ValueError(f"the senders take {lookups} DNS lookups, and SPF allows {MOST_LOOKUPS}: use networks")
        if self.senders and not self.dkim:
            raise ValueError("there are senders and no dkim: unsigned mail fails DMARC as soon as it is forwarded")
        if any(sender.mx for sender in self.senders) and not self.mx:
            raise ValueError("a sender is mx, and there is no mx")
        _each_once("mx", [exchanger.host for exchanger in self.mx])
        _each_once("senders", [sender.name for sender in self.senders])
        _each_once("dkim", [selector.selector for selector in self.dkim])
        return self

    @property
    def silent(self) -> bool:
        """Whether the zone neither receives nor sends mail."""
        return not self.mx and not self.senders


def _each_once(what: str, names: list[str]) -> None:
    for name in names:
        if names.count(name) > 1:
            raise ValueError(f"two of {what} are {name}: keep one")
