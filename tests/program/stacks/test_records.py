"""Records as values: what DNS and mail become before Pulumi sees them."""

from __future__ import annotations

import re
from typing import Any

import dns.rdata
import pytest
from dns.rdtypes.ANY.TXT import TXT
from dns.rdtypes.IN.HTTPS import HTTPS
from hypothesis import given
from hypothesis import strategies as st

from core.mail import dmarc, spf, sts_record
from core.settings.dns import Dns
from core.settings.email import Email
from core.settings.hosts import Fleet, Host
from stacks.dns import dns_records
from stacks.email import mail_records
from stacks.records import Declared, quoted

ZONE = "community.example"
FLEET = Fleet((Host(name="web-1", address="192.0.2.11"), Host(name="web-2", address="2001:db8::12")), None)
REPORTS = {"reports": ["dmarc@community.example"]}
ED25519 = "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="  # the public key of RFC 8463 A.2


def _email(**section: Any) -> Email:
    return Email.model_validate({"dmarc": REPORTS, **section}, strict=False)


def test_a_web_name_has_a_record_of_the_hosts_own_family() -> None:
    records = {record.key: record for record in dns_records(Dns(web=("@", "app")), FLEET, ZONE)}
    assert set(records) == {"@/A/web-1", "@/AAAA/web-2", "app/A/web-1", "app/AAAA/web-2"}
    assert records["app/AAAA/web-2"] == Declared(
        key="app/AAAA/web-2", name="app.community.example", type="AAAA", content="2001:db8::12", proxied=True
    )


@pytest.mark.parametrize(
    ("record", "declared"),
    [
        (
            {"name": "docs", "type": "CNAME", "content": "www"},
            Declared(key="docs/CNAME", name=f"docs.{ZONE}", type="CNAME", content=f"www.{ZONE}", proxied=True),
        ),
        (
            {
                "name": "docs",
                "type": "CNAME",
                "content": "pages.example.net",
                "proxied": False,
                "reason": "not ready yet",
            },
            Declared(
                key="docs/CNAME",
                name=f"docs.{ZONE}",
                type="CNAME",
                content="pages.example.net",
                proxied=False,
                comment="not ready yet",
            ),
        ),
        (
            {"name": "@", "type": "TXT", "content": 'say "hi" \\o/', "ttl": 60},
            Declared(key="@/TXT/say-hi-o-~25bb6cf6", name=ZONE, type="TXT", content='"say \\"hi\\" \\\\o/"', ttl=60),
        ),
        (
            {"name": "@", "type": "CAA", "tag": "issue", "value": "letsencrypt.org", "flags": 128},
            Declared(
                key="@/CAA/issue/letsencrypt.org",
                name=ZONE,
                type="CAA",
                data={"flags": 128, "tag": "issue", "value": "letsencrypt.org"},
            ),
        ),
        (
            {"name": "_sip._tcp.voice", "type": "SRV", "target": "pbx", "port": 5061, "priority": 10, "weight": 5},
            Declared(
                key="_sip._tcp.voice/SRV/pbx:5061",
                name=f"_sip._tcp.voice.{ZONE}",
                type="SRV",
                data={"priority": 10, "weight": 5, "port": 5061, "target": f"pbx.{ZONE}"},
            ),
        ),
        (
            {"name": "_imap._tcp", "type": "SRV", "target": ".", "port": 0, "ttl": 600},
            Declared(
                key="_imap._tcp/SRV/.:0",
                name=f"_imap._tcp.{ZONE}",
                type="SRV",
                data={"priority": 0, "weight": 0, "port": 0, "target": "."},
                ttl=600,
            ),
        ),
        (
            {
                "name": "files",
                "type": "HTTPS",
                "priority": 1,
                "alpn": ["h2", "h3"],
                "port": 8443,
                "ipv4_hints": ["192.0.2.7", "192.0.2.8"],
                "ipv6_hints": ["2001:DB8::7"],
            },
            Declared(
                key="files/HTTPS/.",
                name=f"files.{ZONE}",
                type="HTTPS",
                data={
                    "priority": 1,
                    "target": ".",
                    "value": 'alpn="h2,h3" port="8443" ipv4hint="192.0.2.7,192.0.2.8" ipv6hint="2001:db8::7"',
                },
            ),
        ),
        (
            {"name": "@", "type": "HTTPS", "priority": 0, "target": "pages.example.net"},
            Declared(
                key="@/HTTPS/pages.example.net",
                name=ZONE,
                type="HTTPS",
                data={"priority": 0, "target": "pages.example.net", "value": ""},
            ),
        ),
        (
            {"name": "*.dev", "type": "AAAA", "content": "2001:DB8::0:1"},
            Declared(
                key="*.dev/AAAA/2001:db8::1", name=f"*.dev.{ZONE}", type="AAAA", content="2001:db8::1", proxied=True
            ),
        ),
    ],
)
def test_a_record_is_declared_with_its_full_name(record: dict[str, Any], declared: Declared) -> None:
    dns = Dns.model_validate({"web": ["app"], "records": [record]}, strict=False)
    assert list(dns_records(dns, FLEET, ZONE))[2:] == [declared]


@pytest.mark.parametrize(
    ("section", "record"),
    [
        ({}, "v=spf1 -all"),
        ({"others": "softfail"}, "v=spf1 ~all"),
        (
            {
                "mx": [{"host": "mail"}],
                "dkim": [{"selector": "s", "public_key": ED25519}],
                "senders": [
                    {"name": "1", "mx": True},
                    {"name": "2", "include": "spf.example.net"},
                    {"name": "3", "network": "192.0.2.1/32"},
                    {"name": "4", "network": "2001:db8::/32"},
                    {"name": "5", "a": "mail"},
                    {"name": "6", "a": "out.example.net"},
                ],
            },
            "v=spf1 mx include:spf.example.net ip4:192.0.2.1 ip6:2001:db8::/32 a:mail.community.example "
            "a:out.example.net -all",
        ),
    ],
)
def test_the_senders_become_one_spf_record(section: dict[str, Any], record: str) -> None:
    assert spf(_email(**section), ZONE) == record


def test_dmarc_is_strict_and_has_no_tag_that_rfc_9989_took_out() -> None:
    record = dmarc(_email(dmarc={"policy": "reject", "reports": ["a@x.test", "b@x.test"]}).dmarc)
    assert record == "v=DMARC1; p=reject; sp=reject; np=reject; adkim=s; aspf=s; rua=mailto:a@x.test,mailto:b@x.test"
    assert not re.search(r"\b(pct|rf|ri)=", record)


def test_a_zone_with_no_mail_says_so() -> None:
    records = {record.key: record for record in mail_records(_email(), ZONE)}
    assert set(records) == {"@/TXT/spf", "_dmarc/TXT", "@/MX/null", "*._domainkey/TXT"}
    null = records["@/MX/null"]
    assert (null.name, null.content, null.priority) == (ZONE, ".", 0)
    assert records["*._domainkey/TXT"].content == '"v=DKIM1; p="'


def test_mail_over_tls_is_asked_for_and_reported_on() -> None:
    section = _email(mx=[{"host": "mail"}], mta_sts={}, tls_reports=["tls@x.test"], reports_from=["other.example"])
    records = {record.name: record.content for record in mail_records(section, ZONE)}
    assert records[f"_mta-sts.{ZONE}"] == f'"{sts_record(section, ZONE)}"'
    assert records[f"_smtp._tls.{ZONE}"] == '"v=TLSRPTv1; rua=mailto:tls@x.test"'
    assert records[f"other.example._report._dmarc.{ZONE}"] == '"v=DMARC1;"'
    hosts = list(dns_records(Dns(web=("app",)), FLEET, ZONE, ("mta-sts",)))[2:]
    assert [(record.name, record.type, record.proxied) for record in hosts] == [
        (f"mta-sts.{ZONE}", "A", True),
        (f"mta-sts.{ZONE}", "AAAA", True),
    ]


def test_a_dkim_key_is_here_or_with_its_sender() -> None:
    keys = [{"selector": "ours", "public_key": ED25519}, {"selector": "theirs", "cname": "key.example.net"}]
    records = {record.key: record for record in mail_records(_email(mx=[{"host": "mail"}], dkim=keys), ZONE)}
    assert records["ours._domainkey/TXT"].content == f'"v=DKIM1; k=ed25519; p={ED25519}"'
    alias = records["theirs._domainkey/CNAME"]
    assert (alias.name, alias.content, alias.proxied) == (f"theirs._domainkey.{ZONE}", "key.example.net", False)


@given(st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), min_size=1, max_size=2048))
def test_a_text_comes_out_of_a_dns_message_as_it_went_into_the_file(text: str) -> None:
    rdata = dns.rdata.from_text("IN", "TXT", quoted(text))
    wire = rdata.to_wire()
    assert wire is not None
    read = dns.rdata.from_wire("IN", "TXT", wire, 0, len(wire))
    assert isinstance(read, TXT)
    strings: list[bytes] = list(read.strings)
    assert b"".join(strings).decode("ascii") == text
    # No string but the last is short: another way to split would be another record to a strict comparison.
    assert all(len(string) == 255 for string in strings[:-1])


@given(st.data())
def test_any_service_binding_that_is_allowed_is_one_to_dnspython(data: st.DataObject) -> None:
    record = {
        "name": "files",
        "type": "HTTPS",
        "priority": data.draw(st.integers(1, 65535)),
        "alpn": data.draw(st.lists(st.sampled_from(["http/1.1", "h2", "h3"]), unique=True)),
        "port": data.draw(st.none() | st.integers(1, 65535)),
        "ipv4_hints": data.draw(st.lists(st.ip_addresses(v=4).map(str), max_size=2)),
        "ipv6_hints": data.draw(st.lists(st.ip_addresses(v=6).map(str), max_size=2)),
    }
    section = Dns.model_validate({"web": ["app"], "records": [record]}, strict=False)
    (declared,) = list(dns_records(section, FLEET, ZONE))[2:]
    assert declared.data is not None
    rdata = dns.rdata.from_text("IN", "HTTPS", "{priority} {target} {value}".format(**declared.data))
    assert isinstance(rdata, HTTPS)
    asked = {key for key in ("alpn", "port", "ipv4_hints", "ipv6_hints") if record[key]}
    assert {key.name.lower() for key in rdata.params} == {key.replace("_hints", "hint") for key in asked}
