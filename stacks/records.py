"""DNS records as values, and the component that declares them.

A record's key names its Pulumi resource: ``<name>/<type>``, with the host or the value where there may be several.
It holds no position, so re-ordering a list in the settings changes no URN.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_cloudflare as cloudflare

from core.settings.records import AUTOMATIC
from stacks.component import Component

_LONGEST_STRING = 255


@dataclass(frozen=True, kw_only=True)
class Declared:
    """One record for the API. ``name`` and the names in ``content`` are full; ``ttl`` is seconds, 1 for automatic.

    ``data`` holds the parts of a CAA, SRV or HTTPS record, which the API takes in place of ``content``.
    """

    key: str
    name: str
    type: str
    content: str | None = None
    ttl: int = AUTOMATIC
    proxied: bool | None = None
    priority: int | None = None
    comment: str | None = None
    data: Mapping[str, Any] | None = None


def quoted(text: str) -> str:
    """A TXT's content: strings of at most 255 characters, in quotes (RFC 1035 §3.3.14, §5.1)."""
    pieces = [text[start : start + _LONGEST_STRING] for start in range(0, len(text), _LONGEST_STRING)]
    return " ".join('"' + piece.replace("\\", "\\\\").replace('"', '\\"') + '"' for piece in pieces)


class RecordsComponent(Component):
    """A ``DnsRecord`` for each record that is declared."""

    def __init__(
        self,
        concern: str,
        name: str,
        records: Iterable[Declared],
        zone_id: pulumi.Input[str],
        *,
        after: Sequence[pulumi.Resource] = (),
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Declare ``records``; none that leads through the edge is made before the resources in ``after`` are."""
        super().__init__(concern, name, opts)
        for record in records:
            declare(record, zone_id, self.child(after=after if record.proxied else ()))
        self.register_outputs({})


def declare(record: Declared, zone_id: pulumi.Input[str], opts: pulumi.ResourceOptions) -> cloudflare.DnsRecord:
    """The record as a resource, named by its key."""
    return cloudflare.DnsRecord(
        record.key,
        zone_id=zone_id,
        name=record.name,
        type=record.type,
        content=record.content,
        data=None if record.data is None else cloudflare.DnsRecordDataArgs(**record.data),
        ttl=record.ttl,
        proxied=record.proxied,
        priority=record.priority,
        comment=record.comment,
        opts=opts,
    )
