"""What must hold between the sections about load balancing, Access and monitoring, and the rest of a stack."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from core.settings.access import Access, beyond, protected_paths
from core.settings.dns import Dns
from core.settings.finding import Finding
from core.settings.hosts import Fleet
from core.settings.load_balancer import LoadBalancer
from core.settings.monitoring import OF_POOLS, Monitoring
from core.settings.names import full_name
from core.settings.platform import Platform
from core.settings.yaml_tree import Place
from core.settings.zone import Zone


def check_edge(
    zone: Zone,
    platform: Platform,
    dns: Dns,
    balancer: LoadBalancer,
    access: Access,
    monitoring: Monitoring,
    fleet: Fleet,
) -> list[Finding]:
    """Everything that is wrong between these sections."""
    return [
        *_load_balancer(zone, dns, balancer, fleet),
        *_access(zone, platform, dns, access),
        *_monitoring(zone, platform, dns, balancer, access, monitoring),
    ]


def _load_balancer(zone: Zone, dns: Dns, balancer: LoadBalancer, fleet: Fleet) -> Iterator[Finding]:
    yield from _not_web(("load_balancer", "names"), balancer.names, dns)
    for index, record in enumerate(dns.records):
        if record.name in balancer.names and record.type in ("A", "AAAA", "CNAME"):
            reason = (
                f"{record.name} has a load balancer, which Cloudflare answers with in place of this record: keep one"
            )
            yield Finding(("dns", "records", index), reason)
    for place, reason in balancer.beyond(zone.plan, len(fleet.hosts)):
        yield Finding(("load_balancer", *place), reason)


def _access(zone: Zone, platform: Platform, dns: Dns, access: Access) -> Iterator[Finding]:
    yield from _not_web(("access", "names"), access.names, dns)
    if access.on:
        for name in access.names or dns.web:
            for reason in beyond(protected_paths(platform.admin), full_name(name, zone.name)):
                yield Finding(("platform", "admin"), reason)


def _monitoring(
    zone: Zone, platform: Platform, dns: Dns, balancer: LoadBalancer, access: Access, monitoring: Monitoring
) -> Iterator[Finding]:
    for index, check in enumerate(monitoring.checks):
        yield from _not_web(("monitoring", "checks", index, "at"), [check.at], dns, single=True)
        if check.asked_path(platform) is None:
            reason = f"check {check.name}: no path of platform.{check.of} can be asked for as it is: give path"
            yield Finding(("monitoring", "checks", index), reason)
    for index, alert in enumerate(monitoring.alerts):
        place = ("monitoring", "alerts", index, "type")
        if alert.type in OF_POOLS and not balancer.names:
            yield Finding(place, f"alert {alert.name}: {alert.type} needs launch-ready:load_balancer")
        if alert.type == "expiring_service_token_alert" and not access.service_tokens:
            yield Finding(place, f"alert {alert.name}: there are no service_tokens in launch-ready:access")
    for where, reason in monitoring.beyond(zone.plan):
        yield Finding(("monitoring", *where), reason)


def _not_web(place: Place, names: Iterable[str], dns: Dns, *, single: bool = False) -> Iterator[Finding]:
    for index, name in enumerate(names):
        if name not in dns.web:
            reason = f"{name} is not in dns.web, which are the names that lead to the hosts: {', '.join(dns.web)}"
            yield Finding(place if single else (*place, index), reason)
