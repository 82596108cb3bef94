"""octoDNS's own Cloudflare provider: it reads, plans and applies against the API, and then finds nothing to do."""

from __future__ import annotations

from typing import Any

import pytest
from octodns.record import Record
from octodns.zone import Zone
from octodns_cloudflare import CloudflareAuthenticationError, CloudflareProvider

from lab.place import ACCOUNT_ID
from tests.lab.cloudflare.process import Api

Records = dict[str, list[dict[str, Any]]]

PROXIED = {"octodns": {"cloudflare": {"proxied": True}}}
RECORDS: Records = {
    "": [
        {"type": "A", "ttl": 300, "values": ["127.0.1.1", "127.0.1.2"], **PROXIED},
        {"type": "MX", "ttl": 300, "values": [{"preference": 10, "exchange": "mail.community.test."}]},
        {"type": "TXT", "ttl": 300, "values": ["v=spf1 -all", "a " + "long " * 80 + "text"]},
        {"type": "CAA", "ttl": 300, "values": [{"flags": 0, "tag": "issue", "value": "letsencrypt.org"}]},
    ],
    "www": [{"type": "CNAME", "ttl": 300, "value": "community.test.", **PROXIED}],
    "mail": [{"type": "A", "ttl": 300, "values": ["127.0.1.9"]}, {"type": "AAAA", "ttl": 300, "values": ["::9"]}],
    "_dmarc": [{"type": "TXT", "ttl": 3600, "values": ["v=DMARC1\\; p=quarantine\\; adkim=s\\; aspf=s"]}],
    "_sip._tcp": [
        {"type": "SRV", "ttl": 300, "values": [{"priority": 1, "weight": 2, "port": 5061, "target": "sip.example."}]}
    ],
    "sub": [{"type": "NS", "ttl": 3600, "values": ["ns1.example.", "ns2.example."]}],
    "svc": [
        {
            "type": "HTTPS",
            "ttl": 300,
            "values": [{"svcpriority": 1, "targetname": ".", "svcparams": {"alpn": ["h2", "h3"]}}],
        }
    ],
    "note": [{"type": "A", "ttl": 300, "value": "127.0.1.3", "octodns": {"cloudflare": {"comment": "kept for audit"}}}],
}
# Two values each of A, TXT and NS, and one of all others: the API has a record a value.
COUNT = 15


def desired(records: Records) -> Zone:
    zone = Zone("community.test.", [])
    for name, several in records.items():
        for data in several:
            zone.add_record(Record.new(zone, name, dict(data)))
    return zone


def provider(api: Api, **options: Any) -> CloudflareProvider:
    """A provider that has cached nothing."""
    settings = {"token": api.token, "account_id": ACCOUNT_ID, "api_url": api.url, "min_ttl": 60, "retry_count": 0}
    return CloudflareProvider("lab", **{**settings, **options})


def apply(api: Api, records: Records, **options: Any) -> set[str]:
    """Plan with one provider, apply with it; gives the kinds of the changes."""
    acting = provider(api, **options)
    plan = acting.plan(desired(records))
    assert plan is not None
    assert acting.apply(plan) == len(plan.changes)
    return {type(change).__name__ for change in plan.changes}


def test_a_second_plan_is_empty(api: Api) -> None:
    assert apply(api, RECORDS) == {"Create"}
    assert len(api.snapshot().zones[0].dns_records) == COUNT
    assert provider(api).plan(desired(RECORDS)) is None


def test_changes_are_applied(api: Api) -> None:
    apply(api, RECORDS)
    changed = {name: several for name, several in RECORDS.items() if name != "note"}
    changed["www"] = [{"type": "A", "ttl": 300, "value": "127.0.1.4"}]
    changed[""] = [{**RECORDS[""][0], "values": ["127.0.1.1", "127.0.1.5"]}, *RECORDS[""][1:]]
    assert apply(api, changed) == {"Create", "Update", "Delete"}
    assert provider(api).plan(desired(changed)) is None
    records = {(record.name, record.type, record.content) for record in api.snapshot().zones[0].dns_records}
    assert {("www.community.test", "A", "127.0.1.4"), ("community.test", "A", "127.0.1.5")} <= records
    assert "note.community.test" not in {name for name, _, _ in records}


def test_a_zone_moves_to_another_plan(api: Api) -> None:
    apply(api, RECORDS)
    apply(api, {**RECORDS, "more": [{"type": "A", "ttl": 300, "value": "127.0.1.6"}]}, plan_type="business")
    assert api.snapshot().zones[0].plan == "business"


def test_a_wrong_token_is_an_authentication_error(api: Api) -> None:
    with pytest.raises(CloudflareAuthenticationError, match="Invalid access token"):
        provider(api, token="wrong-token-of-the-right-form").plan(desired(RECORDS))
