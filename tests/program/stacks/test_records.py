"""Records as values: what DNS and mail become before Pulumi sees them."""

from __future__ import annotations

import re
from typing import Any

import pytest
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
                key="@/CAA/issue/letsencrypt.org", name=ZONE, type="CAA", authority=(128, "issue", "letsencrypt.org")
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
def test_a_text_is_split_into_strings_that_join_to_it(text: str) -> None:
    content = quoted(text)
    strings = re.findall(r'"((?:[^"\\]|\\.)*)"', content)
    plain = [re.sub(r"\\(.)", r"\1", string) for string in strings]
    assert "".join(plain) == text
    assert all(len(piece) <= 255 for piece in plain)
    assert content == " ".join(f'"{string}"' for string in strings)
