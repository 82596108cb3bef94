"""The platform's names."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import pulumi

from core.settings.dns import Dns
from core.settings.hosts import Fleet
from core.settings.names import full_name, target_name
from core.settings.records import (
    AUTOMATIC,
    AddressRecord,
    AuthorityRecord,
    HttpsRecord,
    Record,
    ServiceRecord,
    TextRecord,
    record_key,
)
from core.settings.section import Section
from stacks.records import Declared, RecordsComponent, quoted


class DnsComponent(RecordsComponent):
    """The web names, and the records beside them."""

    def __init__(
        self,
        name: str,
        records: Iterable[Declared],
        zone_id: pulumi.Input[str],
        *,
        after: Sequence[pulumi.Resource],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Declare ``records`` (:func:`dns_records`), the proxied ones once the resources in ``after`` are there."""
        super().__init__("Dns", name, records, zone_id, after=after, opts=opts)


def dns_records(
    dns: Dns, fleet: Fleet, zone: str, more: Sequence[str] = (), *, without: Sequence[str] = ()
) -> Iterator[Declared]:
    """Everything that ``launch-ready:dns`` says, and ``more`` names that lead to the hosts.

    The web names in ``without`` are answered for by something else.
    """
    yield from _web_records([*(name for name in dns.web if name not in without), *more], fleet, zone)
    for record in dns.records:
        yield _declared(record, zone)


def _web_records(names: Sequence[str], fleet: Fleet, zone: str) -> Iterator[Declared]:
    """Each name at each host, proxied. Keyed by the host's name: a host that moves is an update in place."""
    for name in names:
        for host in fleet.hosts:
            type_ = "A" if ipaddress.ip_address(host.address).version == 4 else "AAAA"
            yield Declared(
                key=f"{name}/{type_}/{host.name}",
                name=full_name(name, zone),
                type=type_,
                content=host.address,
                proxied=True,
            )


def _declared(record: Record, zone: str) -> Declared:
    key, name = record_key(record), full_name(record.name, zone)
    if isinstance(record, AuthorityRecord):
        return Declared(key=key, name=name, type="CAA", data=_parts(record, ("flags", "tag", "value")))
    ttl = record.ttl or AUTOMATIC
    if isinstance(record, TextRecord):
        return Declared(key=key, name=name, type="TXT", content=quoted(record.content), ttl=ttl)
    if isinstance(record, ServiceRecord | HttpsRecord):
        return Declared(key=key, name=name, type=record.type, data=_service(record, zone), ttl=ttl)
    content = record.content if isinstance(record, AddressRecord) else target_name(record.content, zone)
    return Declared(
        key=key,
        name=name,
        type=record.type,
        content=content,
        ttl=ttl,
        proxied=record.proxied,
        comment=record.reason if record.comment is None else record.comment or None,
    )


def _service(record: ServiceRecord | HttpsRecord, zone: str) -> dict[str, Any]:
    common = {"priority": record.priority, "target": target_name(record.target, zone)}
    if isinstance(record, ServiceRecord):
        return {**common, "weight": record.weight, "port": record.port}
    return {**common, "value": record.parameters}


def _parts(record: Section, names: tuple[str, ...]) -> dict[str, Any]:
    return {name: getattr(record, name) for name in names}
