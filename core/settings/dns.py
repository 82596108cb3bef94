"""Section ``launch-ready:dns``: the names of the platform. Those of mail stand in ``launch-ready:email``."""

from __future__ import annotations

import hashlib
import ipaddress
import re
from collections.abc import Iterable
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from core.settings.base import Section, matching
from core.settings.names import APEX, RelativeName, Target

AUTOMATIC = 1
"""The TTL by which Cloudflare means "automatic": the only one that a proxied record can have."""

_LONGEST_IN_NAME = 40

# Cloudflare keeps the reason as the record's comment, and a comment has at most 100 characters on the Free plan.
Reason = Annotated[str, Field(min_length=8, max_length=100)]
TimeToLive = Annotated[int, Field(ge=60, le=86400)]


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


class _Proxiable(Section):
    """What every record that the edge can stand before has in common."""

    name: RelativeName
    """Relative to the zone; `@` is the zone itself."""
    proxied: bool = True
    """Whether traffic goes through the edge. Where it does not, no WAF, rate limit or certificate of ours helps."""
    reason: Reason | None = None
    """Why the record is not proxied; needed where it is not. Kept as the record's comment."""
    ttl: TimeToLive | None = None
    """Seconds that resolvers may keep the answer; for a record that is not proxied. Without it, Cloudflare chooses."""

    @model_validator(mode="after")
    def _exposure_is_meant(self) -> _Proxiable:
        if self.proxied and self.ttl is not None:
            raise ValueError("a proxied record has no ttl of its own: take ttl out")
        if self.proxied and self.reason is not None:
            raise ValueError("reason says why a record is not proxied, and this one is: take it out")
        if not self.proxied and self.reason is None:
            raise ValueError("a record that is not proxied shows where it leads to anyone: proxy it or give a reason")
        return self


class IPv4Record(_Proxiable):
    """A name that leads to an IPv4 address which is not one of the stack's hosts."""

    type: Literal["A"]
    """`A`: an IPv4 address."""
    content: Annotated[str, AfterValidator(_ipv4)]
    """The address."""
    shows_origin: bool = False
    """Whether the address of one of the stack's hosts may be shown: anyone can then go round the edge."""


class IPv6Record(_Proxiable):
    """A name that leads to an IPv6 address which is not one of the stack's hosts."""

    type: Literal["AAAA"]
    """`AAAA`: an IPv6 address."""
    content: Annotated[str, AfterValidator(_ipv6)]
    """The address."""
    shows_origin: bool = False
    """Whether the address of one of the stack's hosts may be shown: anyone can then go round the edge."""


class AliasRecord(_Proxiable):
    """Another name for a name."""

    type: Literal["CNAME"]
    """`CNAME`: another name."""
    content: Target
    """The other name: one label under the zone, or a full name."""


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


AddressRecord = IPv4Record | IPv6Record
Record = Annotated[
    IPv4Record | IPv6Record | AliasRecord | TextRecord | AuthorityRecord,
    Field(discriminator="type"),
]


class Dns(Section):
    """The names that lead to the hosts, and what else the zone says."""

    web: Annotated[tuple[RelativeName, ...], Field(min_length=1)]
    """Names that lead to every host of `launch-ready:hosts`, through the edge."""
    records: tuple[Record, ...] = ()
    """Other records, in any order."""

    @model_validator(mode="after")
    def _each_once(self) -> Dns:
        _refuse_twins("web names", self.web)
        _refuse_twins("records", (record_key(record) for record in self.records))
        _refuse_crowded_aliases(self)
        return self


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
    return f"{record.name}/{record.type}/{record.content}"


def _short(text: str) -> str:
    """A text as part of a name: itself where it is short and plain, else its beginning and a digest of all of it."""
    plain = re.sub(r"[^A-Za-z0-9._=-]+", "-", text)[:_LONGEST_IN_NAME]
    return plain if plain == text else f"{plain}~{hashlib.sha256(text.encode()).hexdigest()[:8]}"


def _refuse_twins(what: str, values: Iterable[str]) -> None:
    seen: set[str] = set()
    for value in values:
        if value in seen:
            raise ValueError(f"two of the {what} are {value}: keep one")
        seen.add(value)


def _refuse_crowded_aliases(dns: Dns) -> None:
    """RFC 1034 §3.6.2: a CNAME stands alone. Cloudflare flattens one at the apex, beside texts but not addresses."""
    for alias in (record for record in dns.records if isinstance(record, AliasRecord)):
        others = [record for record in dns.records if record.name == alias.name and record is not alias]
        if alias.name == APEX:
            others = [record for record in others if isinstance(record, AddressRecord)]
        if others or alias.name in dns.web:
            raise ValueError(f"{alias.name} has a CNAME and something else: a CNAME stands alone (RFC 1034 §3.6.2)")
