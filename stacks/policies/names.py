"""DNS: who sees an origin's address, who may sign certificates, and whether answers can be trusted."""

from __future__ import annotations

from collections.abc import Iterator

from core.resources import Resource, is_open
from core.settings.names import full_name
from stacks.policies.rule import Facts, Rule, Said, judged, ok, undecided, violated

_WEB = ("A", "AAAA", "CNAME")


def _records(facts: Facts, *types: str) -> Iterator[Resource]:
    for one in facts.environment.of("DnsRecord"):
        if one.properties.get("type") in types:
            yield one


def _proxied(facts: Facts) -> Iterator[Said]:
    """Every name that the stack calls a web name."""
    for label in facts.stack.dns.web:
        for one in facts.environment.records(full_name(label, facts.zone), *_WEB):
            value = one.properties.get("proxied", False)
            yield judged(one.name, value, value is True, "traffic goes round the edge", one)


def _hidden(facts: Facts) -> Iterator[Said]:
    """Addresses of the hosts, in records that show them."""
    hosts = {host.address for host in facts.stack.fleet.hosts}
    for one in _records(facts, "A", "AAAA"):
        address, proxied = one.properties.get("content"), one.properties.get("proxied", False)
        if is_open(address) or is_open(proxied):
            yield undecided(one.name, "its address, or whether it is proxied, is not known", one)
        elif proxied is not True:
            shown = address in hosts
            yield judged(one.name, address, not shown, "it shows a host's address to anyone who asks", one)


def _signed(facts: Facts) -> Iterator[Said]:
    zones = facts.environment.of("Zone")
    keys = facts.environment.of("ZoneDnssec")
    for zone in zones:
        name = str(zone.properties.get("name", zone.name))
        found = [one for one in keys if facts.environment.zone_of(one) in (name, "")]
        if not found:
            yield violated(name, "DNSSEC is not declared", zone)
        for one in found:
            status = one.properties.get("status", "active")
            yield judged(name, status, status in ("active", "pending"), f"it is {status}", one)


def _authorities(facts: Facts) -> Iterator[Said]:
    """RFC 8659 §3: a name without CAA of its own asks its parents, so the zone's covers all below it."""
    for zone in facts.environment.of("Zone"):
        name = str(zone.properties.get("name", zone.name))
        found = [one for one in facts.environment.records(name, "CAA") if _tag(one) in ("issue", "issuewild")]
        yield ok(name) if found else violated(name, "any authority may sign certificates for it", zone)


def _tag(record: Resource) -> str:
    data = record.properties.get("data")
    return str(data.get("tag", "")) if isinstance(data, dict) else ""


RULES = (
    Rule(
        "dns.proxied",
        "Before a web name that is not proxied stands no WAF, rate limit or certificate of the edge",
        "proxy the record, or take the name out of dns.web",
        _proxied,
    ),
    Rule(
        "dns.origin-hidden",
        "Who knows the address of a host goes round the edge",
        "proxy the record, or give the service another address",
        _hidden,
    ),
    Rule(
        "dns.dnssec", "Without DNSSEC, a resolver can be lied to about the zone (RFC 9364)", "set zone.dnssec", _signed
    ),
    Rule(
        "dns.caa",
        "Without CAA, every authority in the world may sign certificates for the zone (RFC 8659)",
        "declare CAA records in launch-ready:dns",
        _authorities,
    ),
)
