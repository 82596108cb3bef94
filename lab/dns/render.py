"""A zone of Cloudflare's as a DNS zone: what its name servers would answer with."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator

import dns.exception
import dns.name
import dns.rdata
import dns.rdataclass
import dns.rdatatype
import dns.tokenizer
import dns.zone
from dns.rdtypes.ANY.TXT import TXT

from core.errors import LabError
from core.terminal import clean
from lab.cloudflare.snapshot import Record, Snapshot, Zone

AUTOMATIC_TTL = 300
"""Seconds that Cloudflare serves for ttl 1 and for every proxied record."""
_NS_TTL = 86400
_MAX_CHAIN = 8
_STRING = 255
"""Bytes in one string of a TXT record (RFC 1035, section 3.3)."""
_PROXIABLE = {"A", "AAAA", "CNAME"}
_ZONE_NAME = re.compile(r"[a-z0-9_-]+(\.[a-z0-9_-]+)*")
_IN = dns.rdataclass.IN

_log = logging.getLogger(__name__)


def render(zone: Zone, snapshot: Snapshot, edge: str) -> dns.zone.Zone:
    """``zone`` with absolute names, its SOA and NS made; the serial is the snapshot's revision.

    Proxied names have the one address ``edge``, as Cloudflare's anycast addresses stand before an origin. Raises
    :class:`LabError` that names the zone and the record which cannot be served.
    """
    origin = origin_of(zone)
    rendered = dns.zone.Zone(origin, relativize=False)
    for name, ttl, rdata in _served(zone, snapshot, edge):
        if not name.is_subdomain(origin):
            raise LabError(f"zone {zone.name}: {clean(str(name))} is not inside of it")
        _refuse_cname_beside_others(rendered, name, rdata)
        rendered.find_rdataset(name, rdata.rdtype, rdata.covers(), create=True).add(rdata, ttl)
    return rendered


def origin_of(zone: Zone) -> dns.name.Name:
    """The zone's name. Raises :class:`LabError` unless it is plain enough to be a file's name too."""
    if not _ZONE_NAME.fullmatch(zone.name):
        raise LabError(f"zone {clean(zone.name)}: this is no name that can be served")
    try:
        return dns.name.from_text(zone.name)
    except dns.exception.DNSException as error:
        raise LabError(f"zone {zone.name}: {error}") from None


Served = tuple[dns.name.Name, int, dns.rdata.Rdata]


def _served(zone: Zone, snapshot: Snapshot, edge: str) -> Iterator[Served]:
    origin = origin_of(zone)
    balanced = {name.to_text(omit_final_dot=True) for name, _, _ in _balanced(zone, edge)}
    yield from _authority(zone, origin, snapshot.revision)
    yield from _balanced(zone, edge)
    for record in zone.dns_records:
        if record.type in _PROXIABLE and record.name in balanced:
            continue
        try:
            name = dns.name.from_text(record.name)
            ttl = AUTOMATIC_TTL if record.ttl == 1 or _proxied(record, zone) else record.ttl
            for kind, text in _answers(record, zone, snapshot, edge):
                yield name, ttl, _rdata(kind, text)
        except (dns.exception.DNSException, ValueError) as error:
            raise LabError(
                f"zone {zone.name}: the {record.type} record of {clean(record.name)} cannot be served: {error}"
            ) from None


def _balanced(zone: Zone, edge: str) -> Iterator[Served]:
    """The names of load balancers, which answer for what is proxied before any record does."""
    for balancer in zone.load_balancers:
        if balancer["enabled"] and balancer["proxied"]:
            yield dns.name.from_text(balancer["name"]), AUTOMATIC_TTL, _rdata("A", edge)


def _authority(zone: Zone, origin: dns.name.Name, revision: int) -> Iterator[Served]:
    """The SOA (its times are Cloudflare's own) and the NS records that Cloudflare adds by itself."""
    if not zone.name_servers:
        raise LabError(f"zone {zone.name} has no name servers")
    serial = revision % 2**32
    soa = f"{zone.name_servers[0]}. dns.cloudflare.com. {serial} 10000 2400 604800 1800"
    yield origin, 1800, _rdata("SOA", soa)
    for server in zone.name_servers:
        yield origin, _NS_TTL, _rdata("NS", server)


def _answers(record: Record, zone: Zone, snapshot: Snapshot, edge: str) -> Iterator[tuple[str, str]]:
    """The type and text of what is answered for ``record``."""
    if _proxied(record, zone):
        yield "A", edge
    elif record.type == "CNAME" and record.name == zone.name:
        # No CNAME may stand beside SOA and NS (RFC 1034, section 3.6.2): Cloudflare gives its target's addresses.
        addresses = list(_addresses(record.content, snapshot, edge, _MAX_CHAIN))
        if not addresses:
            _log.warning(
                "zone %s: its apex leads to %s, which the lab does not serve", zone.name, clean(record.content)
            )
        yield from addresses
    else:
        yield record.type, record.rdata


def _addresses(name: str, snapshot: Snapshot, edge: str, steps: int) -> Iterator[tuple[str, str]]:
    """The addresses that ``name`` leads to inside of the lab's zones, over at most ``steps`` CNAMEs."""
    wanted = name.rstrip(".").lower()
    zone = snapshot.zone_of(wanted)
    for record in zone.dns_records if zone else ():
        if record.name != wanted or zone is None:
            continue
        if _proxied(record, zone):
            yield "A", edge
        elif record.type in {"A", "AAAA"}:
            yield record.type, record.content
        elif record.type == "CNAME" and steps:
            yield from _addresses(record.content, snapshot, edge, steps - 1)


def _proxied(record: Record, zone: Zone) -> bool:
    return record.proxied and not zone.paused and record.type in _PROXIABLE


def _rdata(kind: str, text: str) -> dns.rdata.Rdata:
    if kind == "TXT":
        return TXT(_IN, dns.rdatatype.TXT, strings_of(text))
    # Names in the API's content are whole, with or without a last dot.
    return dns.rdata.from_text(_IN, kind, text, origin=dns.name.root, relativize=False)


def strings_of(content: str) -> list[bytes]:
    """The strings of a TXT record whose ``content`` is quoted strings or one bare text, none longer than 255 bytes."""
    strings = _unquoted(content) if content.startswith('"') else [content.encode()]
    return [string[begin : begin + _STRING] for string in strings for begin in range(0, max(len(string), 1), _STRING)]


def _unquoted(content: str) -> list[bytes]:
    tokens = dns.tokenizer.Tokenizer(content)
    strings = []
    while not (token := tokens.get()).is_eol_or_eof():
        strings.append(token.unescape_to_bytes().value)
    return strings


def _refuse_cname_beside_others(zone: dns.zone.Zone, name: dns.name.Name, rdata: dns.rdata.Rdata) -> None:
    """Raise :class:`LabError` where dnspython would let the newer of the two push the other out."""
    others = {rdataset.rdtype for rdataset in zone.nodes[name]} if name in zone.nodes else set()
    alias = dns.rdatatype.CNAME
    if (rdata.rdtype == alias and others) or alias in others:
        raise LabError(f"zone {zone.origin}: {clean(str(name))} has a CNAME, and may have nothing beside it")
