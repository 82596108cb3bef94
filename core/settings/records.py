"""The records of section ``launch-ready:dns``, a model a type."""

from __future__ import annotations

import hashlib
import ipaddress
import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from core.settings.names import ROOT, RelativeName, ServiceTarget, Target
from core.settings.section import Section, matching

AUTOMATIC = 1
"""The TTL by which Cloudflare means "automatic": the only one that a proxied record can have."""

_LONGEST_IN_NAME = 40

# Cloudflare keeps the reason as the record's comment, and a comment has at most 100 characters on the Free plan.
Reason = Annotated[str, Field(min_length=8, max_length=100)]
TimeToLive = Annotated[int, Field(ge=60, le=86400)]
Number = Annotated[int, Field(ge=0, le=65535)]


def _ipv4(text: str) -> str:
    try:
        return str(ipaddress.IPv4Address(text))
    except ValueError:
        raise ValueError("it must be an IPv4 address") from None


def _ipv6(text: str) -> str:
    try:
        return str(ipaddress.IPv6Address(text))
    except ValueError:
        raise ValueError("it must be an IPv6 address") from None


class Proxiable(Section):
    """What every record that the edge can stand before has in common."""

    name: RelativeName
    """Relative to the zone; `@` is the zone itself."""
    proxied: bool = True
    """Whether traffic goes through the edge. Where it does not, no WAF, rate limit or certificate of ours helps."""
    reason: Reason | None = None
    """Why the record is not proxied; needed where it is not. Kept as the record's comment."""
    comment: Annotated[str, Field(max_length=500)] | None = None
    """The record's comment at Cloudflare, where it is not the reason; empty for none."""
    ttl: TimeToLive | None = None
    """Seconds that resolvers may keep the answer; for a record that is not proxied. Without it, Cloudflare chooses."""

    @model_validator(mode="after")
    def _exposure_is_meant(self) -> Proxiable:
        if self.proxied and self.ttl is not None:
            raise ValueError("a proxied record has no ttl of its own: take ttl out")
        if self.proxied and self.reason is not None:
            raise ValueError("reason says why a record is not proxied, and this one is: take it out")
        if not self.proxied and self.reason is None:
            raise ValueError("a record that is not proxied shows where it leads to anyone: proxy it or give a reason")
        return self


class IPv4Record(Proxiable):
    """A name that leads to an IPv4 address which is not one of the stack's hosts."""

    type: Literal["A"]
    """`A`: an IPv4 address."""
    content: Annotated[str, AfterValidator(_ipv4)]
    """The address."""
    shows_origin: bool = False
    """Whether the address of one of the stack's hosts may be shown: anyone can then go round the edge."""


class IPv6Record(Proxiable):
    """A name that leads to an IPv6 address which is not one of the stack's hosts."""

    type: Literal["AAAA"]
    """`AAAA`: an IPv6 address."""
    content: Annotated[str, AfterValidator(_ipv6)]
    """The address."""
    shows_origin: bool = False
    """Whether the address of one of the stack's hosts may be shown: anyone can then go round the edge."""


class AliasRecord(Proxiable):
    """Another name for a name."""

    type: Literal["CNAME"]
    """`CNAME`: another name."""
    content: Target
    """The other name: one label under the zone, or a full name."""
    shows_origin: bool = False
    """Whether it may lead to the address of one of the stack's hosts."""


class TextRecord(Section):
    """A text, such as a proof of ownership. SPF, DKIM and DMARC stand in `launch-ready:email`."""

    type: Literal["TXT"]
    """`TXT`: a text."""
    name: RelativeName
    """Relative to the zone; `@` is the zone itself."""
    content: Annotated[str, matching(r"[\x20-\x7e]{1,2048}", "1 to 2048 printable ASCII characters")]
    """The text without quotes around it; over 255 characters it is split as DNS needs it."""
    ttl: TimeToLive | None = None
    """Seconds that resolvers may keep the answer. Without it, Cloudflare chooses."""
    shows_origin: bool = False
    """Whether the address of one of the stack's hosts may stand in it."""


class AuthorityRecord(Section):
    """Who may sign certificates for the name (RFC 8659)."""

    type: Literal["CAA"]
    """`CAA`: a certificate authority."""
    name: RelativeName
    """Relative to the zone; `@` is the zone itself."""
    tag: Literal["issue", "issuewild", "iodef"]
    """What the value is about: names, wildcards, or where to report a refusal."""
    value: Annotated[
        str,
        matching(r"[\x21\x23-\x7e][\x20\x21\x23-\x7e]{0,254}", "1 to 255 printable ASCII characters, no quote"),
    ]
    """The authority's domain (`;` for none), or for `iodef` a `mailto:` or `https:` address."""
    flags: Literal[0, 128] = 0
    """128 tells an authority that does not know the tag to sign nothing."""


class ServiceRecord(Section):
    """Where a service is (RFC 2782)."""

    type: Literal["SRV"]
    """`SRV`: a service's machine and port."""
    name: Annotated[
        RelativeName,
        matching(
            r"_[a-z0-9-]+\._[a-z0-9-]+(\..+)?", "_service._protocol, such as _sip._tcp, with a name after it or none"
        ),
    ]
    """`_service._protocol`, and after a dot the name that has the service if that is not the zone itself."""
    target: ServiceTarget
    """The machine: one label under the zone, a full name, or `.`, which says that there is no such service."""
    port: Number
    """Its port."""
    priority: Number = 0
    """The lowest is tried first."""
    weight: Number = 0
    """Of one priority, how often this one is taken against the others."""
    ttl: TimeToLive | None = None
    """Seconds that resolvers may keep the answer. Without it, Cloudflare chooses."""
    shows_origin: bool = False
    """Whether it may lead to the address of one of the stack's hosts."""


class HttpsRecord(Section):
    """How browsers best reach a name that is not proxied (RFC 9460); for proxied ones, the edge says it by itself."""

    type: Literal["HTTPS"]
    """`HTTPS`: a service binding."""
    name: RelativeName
    """Relative to the zone; `@` is the zone itself."""
    priority: Number
    """0 makes the name another name for the target, at the zone itself too; else the lowest is tried first."""
    target: ServiceTarget = ROOT
    """One label under the zone, a full name, or `.` for the name itself."""
    alpn: tuple[Literal["http/1.1", "h2", "h3"], ...] = ()
    """The protocols that are spoken there."""
    port: Annotated[int, Field(ge=1, le=65535)] | None = None
    """The port, if it is not 443."""
    ipv4_hints: tuple[Annotated[str, AfterValidator(_ipv4)], ...] = ()
    """Addresses to begin with while the target is looked up."""
    ipv6_hints: tuple[Annotated[str, AfterValidator(_ipv6)], ...] = ()
    """As `ipv4_hints`."""
    ttl: TimeToLive | None = None
    """Seconds that resolvers may keep the answer. Without it, Cloudflare chooses."""
    shows_origin: bool = False
    """Whether it may lead to the address of one of the stack's hosts."""

    @model_validator(mode="after")
    def _an_alias_has_a_target_alone(self) -> HttpsRecord:
        if self.priority == 0 and (self.parameters or self.target == ROOT):
            raise ValueError("priority 0 is an alias: it has a target and nothing else (RFC 9460 §2.4.2)")
        return self

    @property
    def parameters(self) -> str:
        """The SvcParams in their order and in presentation format (RFC 9460 §2.1, §7)."""
        values = {
            "alpn": self.alpn,
            "port": () if self.port is None else (str(self.port),),
            "ipv4hint": self.ipv4_hints,
            "ipv6hint": self.ipv6_hints,
        }
        return " ".join(f'{key}="{",".join(value)}"' for key, value in values.items() if value)


AddressRecord = IPv4Record | IPv6Record
Record = Annotated[
    IPv4Record | IPv6Record | AliasRecord | TextRecord | ServiceRecord | HttpsRecord | AuthorityRecord,
    Field(discriminator="type"),
]


def record_key(record: Record) -> str:
    """What tells a record from the others, and names it in Pulumi: name, type, and the value where it may have more.

    A name has one CNAME at most, so its target is no part of the key: another target is an update in place.
    """
    if isinstance(record, AliasRecord):
        return f"{record.name}/CNAME"
    if isinstance(record, AuthorityRecord):
        return f"{record.name}/CAA/{record.tag}/{_short(record.value)}"
    if isinstance(record, TextRecord):
        return f"{record.name}/TXT/{_short(record.content)}"
    if isinstance(record, ServiceRecord):
        return f"{record.name}/SRV/{record.target}:{record.port}"
    if isinstance(record, HttpsRecord):
        return f"{record.name}/HTTPS/{record.target}"
    return f"{record.name}/{record.type}/{record.content}"


def _short(text: str) -> str:
    """A text as part of a name: itself where it is short and plain, else its beginning and a digest of all of it."""
    plain = re.sub(r"[^A-Za-z0-9._=-]+", "-", text)[:_LONGEST_IN_NAME]
    return plain if plain == text else f"{plain}~{hashlib.sha256(text.encode()).hexdigest()[:8]}"
