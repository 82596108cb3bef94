"""What the lab's DNS answers for what the Cloudflare API holds."""

from __future__ import annotations

import ipaddress
from typing import Any

import dns.name
import dns.rdatatype
import dns.zone
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import LabError
from lab.cloudflare.snapshot import Record, Snapshot, Zone
from lab.dns.render import render, strings_of

EDGE = "127.77.0.3"
SERVERS = ["ada.ns.lab.test", "bob.ns.lab.test"]


def record(kind: str, name: str, content: str, **more: Any) -> Record:
    return Record(**{"id": "r", "type": kind, "name": name, "content": content, "ttl": 1, **more})


def zone(*records: Record, name: str = "community.test", **more: Any) -> Zone:
    given_ = {"id": "z", "status": "active", "plan": "free", "settings": {}, "rulesets": [], "name_servers": SERVERS}
    return Zone(**{**given_, "name": name, "dns_records": list(records), **more})


def snapshot(*zones: Zone) -> Snapshot:
    return Snapshot(revision=7, accounts=[], zones=list(zones), secrets_stores=[])


def answers(one: Zone, name: str, kind: str, *others: Zone) -> tuple[int, list[str]] | None:
    """The ttl and the sorted data that the rendered zone ``one`` has for ``name``; None if there is none."""
    rendered = render(one, snapshot(one, *others), EDGE)
    found = rendered.get_rdataset(dns.name.from_text(name), kind)
    return None if found is None else (found.ttl, sorted(rdata.to_text() for rdata in found))


@pytest.mark.parametrize(
    ("given_", "kind", "expected"),
    [
        (record("A", "www.community.test", "192.0.2.1", ttl=120), "A", (120, ["192.0.2.1"])),
        (record("A", "www.community.test", "192.0.2.1"), "A", (300, ["192.0.2.1"])),
        (record("A", "www.community.test", "192.0.2.1", proxied=True), "A", (300, [EDGE])),
        (record("AAAA", "www.community.test", "2001:db8::1", proxied=True), "A", (300, [EDGE])),
        (record("AAAA", "www.community.test", "2001:db8::1", proxied=True), "AAAA", None),
        (record("CNAME", "www.community.test", "example.org", proxied=True), "A", (300, [EDGE])),
        (record("CNAME", "www.community.test", "example.org", proxied=True), "CNAME", None),
        (record("CNAME", "www.community.test", "example.org"), "CNAME", (300, ["example.org."])),
        (record("MX", "www.community.test", "mx.example.org", priority=10), "MX", (300, ["10 mx.example.org."])),
        (record("MX", "www.community.test", ".", priority=0), "MX", (300, ["0 ."])),
        (record("NS", "www.community.test", "ns.example.org"), "NS", (300, ["ns.example.org."])),
        (record("CAA", "www.community.test", '0 issue "ca.test"'), "CAA", (300, ['0 issue "ca.test"'])),
        (record("SRV", "www.community.test", "1 5 443 host.test"), "SRV", (300, ["1 5 443 host.test."])),
        (
            record("HTTPS", "www.community.test", '1 . alpn="h2"'),
            "HTTPS",
            (300, ['1 . alpn="h2"']),
        ),
    ],
    ids=lambda value: f"{value.type}{'-proxied' if value.proxied else ''}" if isinstance(value, Record) else None,
)
def test_a_record_is_answered_as_cloudflare_answers_it(
    given_: Record, kind: str, expected: tuple[int, list[str]] | None
) -> None:
    assert answers(zone(given_), "www.community.test", kind) == expected


def test_soa_and_ns_are_made_and_the_serial_is_the_revision() -> None:
    one = zone()
    assert answers(one, "community.test", "NS") == (86400, ["ada.ns.lab.test.", "bob.ns.lab.test."])
    assert answers(one, "community.test", "SOA") == (
        1800,
        ["ada.ns.lab.test. dns.cloudflare.com. 7 10000 2400 604800 1800"],
    )


def test_two_proxied_addresses_are_the_edges_one() -> None:
    one = zone(
        record("A", "app.community.test", "192.0.2.1", proxied=True),
        record("A", "app.community.test", "192.0.2.2", proxied=True),
    )
    assert answers(one, "app.community.test", "A") == (300, [EDGE])


def test_a_paused_zone_answers_with_its_own_addresses() -> None:
    one = zone(record("A", "app.community.test", "192.0.2.1", proxied=True), paused=True)
    assert answers(one, "app.community.test", "A") == (300, ["192.0.2.1"])


@pytest.mark.parametrize(
    ("more", "expected"), [({}, [EDGE]), ({"enabled": False}, ["192.0.2.1"]), ({"proxied": False}, ["192.0.2.1"])]
)
def test_a_load_balancer_answers_before_the_records_of_its_name(more: dict[str, Any], expected: list[str]) -> None:
    balancer = {"name": "app.community.test", "enabled": True, "proxied": True, **more}
    texts = record("TXT", "app.community.test", '"kept"')
    one = zone(record("A", "app.community.test", "192.0.2.1"), texts, load_balancers=[balancer])
    assert answers(one, "app.community.test", "A") == (300, expected)
    assert answers(one, "app.community.test", "TXT") == (300, ['"kept"'])


def test_a_cname_at_the_apex_is_flattened_through_other_zones() -> None:
    one = zone(record("CNAME", "community.test", "www.other.test", ttl=60))
    other = zone(
        record("CNAME", "www.other.test", "host.other.test"),
        record("A", "host.other.test", "192.0.2.9"),
        record("AAAA", "host.other.test", "2001:db8::9"),
        name="other.test",
    )
    assert answers(one, "community.test", "A", other) == (60, ["192.0.2.9"])
    assert answers(one, "community.test", "AAAA", other) == (60, ["2001:db8::9"])
    assert answers(one, "community.test", "CNAME", other) is None


def test_a_cname_at_the_apex_to_a_proxied_name_leads_to_the_edge() -> None:
    one = zone(
        record("CNAME", "community.test", "www.community.test"),
        record("A", "www.community.test", "192.0.2.1", proxied=True),
    )
    assert answers(one, "community.test", "A") == (300, [EDGE])


@pytest.mark.parametrize("target", ["elsewhere.example", "community.test"], ids=["unknown", "itself"])
def test_a_cname_at_the_apex_that_leads_nowhere_has_no_answer_and_a_log_line(
    target: str, caplog: pytest.LogCaptureFixture
) -> None:
    one = zone(record("CNAME", "community.test", target))
    assert answers(one, "community.test", "A") is None
    assert target in caplog.text


@pytest.mark.parametrize(
    ("bad", "says"),
    [
        (zone(record("A", "www.community.test", "not an address")), "A record of www.community.test"),
        (zone(record("A", "www.elsewhere.test", "192.0.2.1")), "www.elsewhere.test. is not inside"),
        (zone(record("NOTATYPE", "www.community.test", "x")), "NOTATYPE record of www.community.test"),
        (zone(record("A", f"{'a' * 64}.community.test", "192.0.2.1")), "cannot be served"),
        (zone(record("TXT", "www.community.test", '"open')), "TXT record of www.community.test"),
        (zone(name="../../etc"), "no name that can be served"),
        (zone(name='a"\nserver:'), "no name that can be served"),
        (zone(name_servers=[]), "has no name servers"),
        (
            zone(record("CNAME", "www.community.test", "a.test"), record("TXT", "www.community.test", '"x"')),
            "nothing beside it",
        ),
        (
            zone(record("TXT", "www.community.test", '"x"'), record("CNAME", "www.community.test", "a.test")),
            "nothing beside it",
        ),
    ],
)
def test_a_zone_that_cannot_be_served_names_what_is_wrong(bad: Zone, says: str) -> None:
    with pytest.raises(LabError) as caught:
        render(bad, snapshot(bad), EDGE)
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("content", "strings"),
    [
        ("v=spf1 -all", [b"v=spf1 -all"]),
        ('"v=spf1 -all"', [b"v=spf1 -all"]),
        ('"one" "two"', [b"one", b"two"]),
        ('"a \\"quoted\\" word; and more"', [b'a "quoted" word; and more']),
        ('"\\195\\169"', "é".encode()),
        ("é", ["é".encode()]),
        ('""', [b""]),
        ("a" * 600, [b"a" * 255, b"a" * 255, b"a" * 90]),
        (f'"{"a" * 300}" "b"', [b"a" * 255, b"a" * 45, b"b"]),
    ],
)
def test_a_txt_record_becomes_strings_of_at_most_255_bytes(content: str, strings: Any) -> None:
    assert strings_of(content) == (strings if isinstance(strings, list) else [strings])


LABEL = st.from_regex(r"[a-z0-9]([a-z0-9-]{0,10}[a-z0-9])?", fullmatch=True)
NAME = st.lists(LABEL, min_size=1, max_size=3).map(lambda labels: ".".join([*labels, "community.test"]))
TTL = st.integers(60, 86400)
ADDRESS = st.builds(record, st.just("A"), NAME, st.ip_addresses(v=4).map(str), ttl=TTL)
ADDRESS6 = st.builds(record, st.just("AAAA"), NAME, st.ip_addresses(v=6).map(str), ttl=TTL)
MX = st.builds(record, st.just("MX"), NAME, NAME, ttl=TTL, priority=st.integers(0, 65535))
TEXT = st.builds(record, st.just("TXT"), NAME, st.text(st.characters(exclude_categories=["Cs"]), min_size=1), ttl=TTL)


def _bare(one: Record) -> bool:
    return not (one.type == "TXT" and one.content.startswith('"'))


def _plain(one: Record) -> tuple[str, str, object]:
    """A record as the zone file should give it back."""
    if one.type == "TXT":
        return one.name, one.type, one.content.encode()
    if one.type == "MX":
        return one.name, one.type, (one.priority, one.content)
    return one.name, one.type, ipaddress.ip_address(one.content)


def _parsed(name: str, kind: str, rdata: Any) -> tuple[str, str, object]:
    if kind == "TXT":
        return name, kind, b"".join(rdata.strings)
    if kind == "MX":
        return name, kind, (rdata.preference, rdata.exchange.to_text(omit_final_dot=True))
    return name, kind, ipaddress.ip_address(rdata.address)


@given(st.lists(st.one_of(ADDRESS, ADDRESS6, MX, TEXT).filter(_bare), max_size=8))
def test_a_zone_file_parses_back_to_the_same_records(records: list[Record]) -> None:
    one = zone(*records)
    text = str(render(one, snapshot(one), EDGE).to_text(sorted=True, relativize=False))
    again = dns.zone.from_text(text, origin="community.test.", relativize=False)
    parsed = {
        _parsed(name.to_text(omit_final_dot=True), dns.rdatatype.to_text(rdata.rdtype), rdata)
        for name, _ttl, rdata in again.iterate_rdatas()
        if dns.rdatatype.to_text(rdata.rdtype) not in {"SOA", "NS"}
    }
    assert parsed == {_plain(each) for each in records}
