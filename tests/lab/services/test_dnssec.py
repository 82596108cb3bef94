"""Signatures in DNS: the API, Knot DNS behind it, and a validator that has the API's DS record alone."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dns.dnssec
import dns.exception
import dns.message
import dns.name
import dns.query
import dns.rdatatype
import dns.rrset
import pytest
from cloudflare import Cloudflare
from dns.node import Node
from dns.rdataset import Rdataset
from dns.rdtypes.ANY.DNSKEY import DNSKEY

from lab.hosts.tree import ensure_tree
from lab.place import ACCOUNT_ID, here
from lab.services import probes
from tests.lab.cloudflare.process import Api

ROOT = Path(__file__).resolve().parents[3]
ADDRESS, EDGE = here().address(9, 53), here().address(9, 3)
ZONE = "signed.test"
ORIGIN = dns.name.from_text(ZONE)
Keys = dict[dns.name.Name, Node | Rdataset]


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    made = Api(tmp_path_factory.mktemp("api"), fourth=207)
    try:
        made.start()
        yield made
    finally:
        made.stop()


@pytest.fixture(scope="module")
def client(api: Api) -> Any:
    return Cloudflare(api_token=api.token, base_url=api.url, max_retries=0)


def _serve(api: Api, folder: Path) -> subprocess.Popen[bytes]:
    tree = ensure_tree(here(), lambda _line: None)
    options = ("--state", str(api.state), "--tree", str(tree), "--folder", str(folder), "--edge", EDGE)
    server = subprocess.Popen([sys.executable, "-m", "lab.dns", "--listen", f"{ADDRESS}:53", *options], cwd=ROOT)
    deadline = time.monotonic() + 20
    while not probes.dns_answers(ADDRESS, 53)():
        assert server.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return server


@pytest.fixture(scope="module")
def zone_id(api: Api, client: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A zone with records of many kinds, not yet signed, that DNS serves; nobody stops its server but this."""
    zone_id = client.zones.create(account={"id": ACCOUNT_ID}, name=ZONE).id
    for record in (
        {"type": "A", "name": ZONE, "content": "192.0.2.1", "proxied": True, "ttl": 1},
        {"type": "A", "name": f"*.{ZONE}", "content": "192.0.2.2", "ttl": 60},
        {"type": "CNAME", "name": f"www.{ZONE}", "content": ZONE, "ttl": 60},
        {"type": "TXT", "name": ZONE, "content": f'"{"x" * 255}" "{"y" * 255}"', "ttl": 60},
        {"type": "MX", "name": ZONE, "content": f"mail.{ZONE}", "priority": 10, "ttl": 60},
    ):
        client.dns.records.create(zone_id=zone_id, **record)
    server = _serve(api, tmp_path_factory.mktemp("dns"))
    yield zone_id
    server.terminate()
    assert server.wait(10) == 0


def _ask(name: str, kind: str) -> dns.message.Message:
    answer = dns.query.tcp(dns.message.make_query(name, kind, want_dnssec=True), ADDRESS, timeout=2)
    assert isinstance(answer, dns.message.Message)
    return answer


def _pair(section: list[dns.rrset.RRset], kind: dns.rdatatype.RdataType) -> tuple[dns.rrset.RRset, dns.rrset.RRset]:
    """The records of ``kind`` and their signatures."""
    [records] = [each for each in section if each.rdtype == kind]
    [signatures] = [each for each in section if each.rdtype == dns.rdatatype.RRSIG and each.covers == kind]
    return records, signatures


def _anchored(ds: str) -> Keys:
    """The zone's keys, if the record that its parent would hold (RFC 4035 section 5.2) leads to them."""
    keys, signatures = _pair(_ask(ZONE, "DNSKEY").answer, dns.rdatatype.DNSKEY)
    trusted = [key for key in keys if isinstance(key, DNSKEY) and _ds_of(key) == ds.split()[-4:]]
    assert trusted, f"no key of {[_ds_of(key) for key in keys]} is that of {ds}"
    dns.dnssec.validate(keys, signatures, {ORIGIN: dns.rrset.from_rdata_list(ORIGIN, keys.ttl, trusted)})
    return {ORIGIN: keys}


def _ds_of(key: Any) -> list[str]:
    words = dns.dnssec.make_ds(ORIGIN, key, "SHA256").to_text().split()
    return [*words[:3], "".join(words[3:]).upper()]


def _until_signed(ds: str) -> Keys:
    deadline = time.monotonic() + 5
    while True:
        try:
            return _anchored(ds)
        except (AssertionError, ValueError):
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)


@pytest.fixture
def keys(client: Any, zone_id: str) -> Keys:
    """The keys of the zone, signed, as a validator with its DS record sees them."""
    return _until_signed(client.dns.dnssec.edit(zone_id=zone_id, status="active").ds)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        (ZONE, "SOA"),
        (ZONE, "NS"),
        (ZONE, "A"),
        (ZONE, "TXT"),
        (ZONE, "MX"),
        (f"anything.{ZONE}", "A"),
        (f"www.{ZONE}", "CNAME"),
        (ZONE, "CDS"),
        (ZONE, "CDNSKEY"),
    ],
)
def test_every_answer_validates_from_the_ds_record_that_the_api_gives(keys: Keys, name: str, kind: str) -> None:
    records, signatures = _pair(_ask(name, kind).answer, dns.rdatatype.from_text(kind))
    dns.dnssec.validate(records, signatures, keys)


def test_that_there_is_nothing_is_signed_too(keys: Keys) -> None:
    answer = _ask(ZONE, "SRV")
    assert answer.answer == []
    for kind in (dns.rdatatype.NSEC, dns.rdatatype.SOA):
        dns.dnssec.validate(*_pair(answer.authority, kind), keys)


def test_a_record_that_comes_later_is_signed(client: Any, zone_id: str, keys: Any) -> None:
    client.dns.records.create(zone_id=zone_id, type="TXT", name=f"later.{ZONE}", content='"later"', ttl=60)
    deadline = time.monotonic() + 5
    while not (answer := _ask(f"later.{ZONE}", "TXT").answer):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    dns.dnssec.validate(*_pair(answer, dns.rdatatype.TXT), keys)


def test_a_forged_answer_does_not_validate(keys: Keys) -> None:
    records, signatures = _pair(_ask(ZONE, "A").answer, dns.rdatatype.A)
    forged = dns.rrset.from_text(records.name, records.ttl, "IN", "A", "192.0.2.66")
    with pytest.raises(dns.exception.ValidationFailure):
        dns.dnssec.validate(forged, signatures, keys)


def test_keys_that_are_forgotten_sign_no_more_and_off_is_off(client: Any, zone_id: str, keys: Any) -> None:
    old = client.dns.dnssec.get(zone_id=zone_id)
    client.dns.dnssec.delete(zone_id=zone_id)
    new = client.dns.dnssec.edit(zone_id=zone_id, status="active")
    assert new.public_key != old.public_key
    _until_signed(new.ds)
    with pytest.raises(AssertionError, match="no key of"):
        _anchored(old.ds)
    client.dns.dnssec.edit(zone_id=zone_id, status="disabled")
    deadline = time.monotonic() + 5
    while _ask(ZONE, "DNSKEY").answer:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert {each.rdtype for each in _ask(ZONE, "A").answer} == {dns.rdatatype.A}
